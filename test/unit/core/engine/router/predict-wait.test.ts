import {expect, it} from 'vitest';

import {predictWait, type RunningSessions} from '../../../../../src/core/engine/router/predict-wait.js';

it.each<[string, number, RunningSessions, number]>([
	['nothing where a place is free', 1, {agesMs: [5000], durationsMs: [], places: 2}, 0],
	[
		'what a session of its age had left on average',
		1,
		{agesMs: [4000], durationsMs: [2000, 6000, 10_000], places: 1},
		4000,
	],
	[
		'as long again where none ever ran so long',
		1,
		{agesMs: [7000], durationsMs: [2000, 3000], places: 1},
		7000,
	],
	['five minutes in all while none has ended', 1, {agesMs: [60_000], durationsMs: [], places: 1}, 240_000],
	['the place that is free first', 1, {agesMs: [1000, 9000], durationsMs: [10_000], places: 2}, 1000],
	['the second place for the second', 2, {agesMs: [1000, 9000], durationsMs: [10_000], places: 2}, 9000],
	[
		'those before it to run for the usual time',
		3,
		{agesMs: [1000, 9000], durationsMs: [10_000], places: 2},
		11_000,
	],
	[
		'one after another where there is one place',
		3,
		{agesMs: [9000], durationsMs: [10_000], places: 1},
		21_000,
	],
	[
		'no room from the first that end where too many run',
		1,
		{agesMs: [9000, 5000, 2000], durationsMs: [10_000], places: 1},
		8000,
	],
])('expects %s', (_title, position, running, etaMs) => {
	expect(predictWait(position, running)).toBe(etaMs);
});
