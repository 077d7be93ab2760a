import {expect, it} from 'vitest';

import {chooseMoves, type CrowdedReplica} from '../../../../../src/core/engine/router/choose-moves.js';

function replica(workPerSecondMs: number, guests: Record<string, number>): CrowdedReplica<string> {
	return {
		workPerSecondMs,
		guests: Object.entries(guests).map(([session, work]) => ({session, workPerSecondMs: work})),
	};
}

it.each<[string, CrowdedReplica<string>[], number, string[]]>([
	['no one where there are no guests', [replica(500, {})], 0, []],
	['half of those that came', [replica(400, {a: 100, b: 100, c: 100, d: 100})], 0, ['a', 'b']],
	['no one where that only turned the crowd round', [replica(100, {a: 100})], 50, []],
	['the last one, where nothing else is left', [replica(200, {a: 100})], 0, ['a']],
	['a lighter one where the heaviest is too much', [replica(150, {a: 100, b: 20})], 20, ['b']],
	[
		'those of the most crowded first',
		[replica(300, {a: 100}), replica(500, {b: 100, c: 100})],
		0,
		['b', 'c'],
	],
	['no one to a replica that is full already', [replica(300, {a: 100})], 290, []],
])('moves %s', (_title, crowded, freshWork, moves) => {
	expect(chooseMoves(crowded, freshWork)).toEqual(moves);
});
