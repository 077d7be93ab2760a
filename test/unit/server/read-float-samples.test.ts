import {expect, it} from 'vitest';

import {readFloatSamples} from '../../../src/server/read-float-samples.js';

const expected = Float32Array.of(0.5, -1, 3.25);

it('takes memory that holds nothing else as it is', () => {
	const bytes = new Uint8Array(expected.slice().buffer);
	const samples = readFloatSamples(bytes);
	expect(samples).toEqual(expected);
	expect(samples.buffer).toBe(bytes.buffer);
});

it.each([
	['before something else', 0, 4],
	['behind something else', 4, 0],
	['where no float can begin', 1, 0],
])('copies what lies %s', (_title, before, behind) => {
	const memory = new Uint8Array(before + 12 + behind);
	memory.set(new Uint8Array(expected.buffer), before);
	const samples = readFloatSamples(memory.subarray(before, before + 12));
	expect(samples).toEqual(expected);
	memory.fill(0);
	expect(samples).toEqual(expected);
});

it('reads nothing from nothing', () => {
	expect(readFloatSamples(new Uint8Array(0))).toEqual(new Float32Array(0));
});
