import {describe, expect, it} from 'vitest';

import {gpuMemory} from '../../../../../../src/core/engine/router/placement/gpu-memory.js';
import {leastLoaded} from '../../../../../../src/core/engine/router/placement/least-loaded.js';
import {PLACEMENTS} from '../../../../../../src/core/engine/router/placement/placements.js';
import type {ReplicaLoad} from '../../../../../../src/core/engine/router/placement/replica-load.js';
import {roundRobin} from '../../../../../../src/core/engine/router/placement/round-robin.js';

function load(index: number, known: Partial<ReplicaLoad> = {}): ReplicaLoad {
	return {index, sessions: 0, workPerSecondMs: 0, freeDeviceBytes: 0, ...known};
}

describe('leastLoaded', () => {
	it.each<[string, ReplicaLoad[], number]>([
		['the only one', [load(2, {workPerSecondMs: 900})], 2],
		[
			'less work, though more sessions',
			[load(0, {sessions: 1, workPerSecondMs: 80}), load(1, {sessions: 5, workPerSecondMs: 60})],
			1,
		],
		[
			'fewer sessions among equals',
			[load(0, {sessions: 2, workPerSecondMs: 50}), load(1, {sessions: 1, workPerSecondMs: 50})],
			1,
		],
		['the first among equals', [load(1), load(3)], 1],
	])('chooses %s', (_title, loads, index) => {
		expect(leastLoaded(loads).index).toBe(index);
	});
});

describe('roundRobin', () => {
	it.each<[string, number[], number, number]>([
		['the first of all', [0, 1, 2], -1, 0],
		['the next', [0, 1, 2], 0, 1],
		['the first after the last', [0, 1, 2], 2, 0],
		['the next that has room', [0, 3], 1, 3],
		['the first with room where none follows', [1, 2], 2, 1],
		['the same where there is no other', [2], 2, 2],
	])('chooses %s', (_title, indexes, last, index) => {
		expect(
			roundRobin(
				indexes.map(each => load(each)),
				last,
			).index,
		).toBe(index);
	});
});

describe('gpuMemory', () => {
	const gigabyte = 2 ** 30;
	it.each<[string, ReplicaLoad[], number]>([
		[
			'the most memory, though more sessions',
			[
				load(0, {sessions: 0, freeDeviceBytes: 4 * gigabyte}),
				load(1, {sessions: 9, freeDeviceBytes: 8 * gigabyte}),
			],
			1,
		],
		[
			'fewer sessions where memory is almost the same',
			[
				load(0, {sessions: 2, freeDeviceBytes: 8 * gigabyte}),
				load(1, {sessions: 1, freeDeviceBytes: 7.9 * gigabyte}),
			],
			1,
		],
		['fewer sessions where nothing is known', [load(0, {sessions: 1}), load(1)], 1],
		['the first among equals', [load(0), load(1)], 0],
	])('chooses %s', (_title, loads, index) => {
		expect(gpuMemory(loads).index).toBe(index);
	});
});

describe('every placement', () => {
	it.each(Object.entries(PLACEMENTS))(
		'%s leaves the loads as they are, and chooses one of them',
		(_name, place) => {
			const loads = Object.freeze([load(0, {sessions: 3}), load(1, {workPerSecondMs: 7})]);
			for (const last of [-1, 0, 1]) expect(loads).toContain(place(loads, last));
		},
	);
});
