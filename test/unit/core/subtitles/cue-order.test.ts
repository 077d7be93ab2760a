import {describe, expect, it} from 'vitest';

import {CueOrder} from '../../../../src/core/subtitles/cue-order.js';

function place(...cues: readonly (readonly [number, number])[]): number[][] {
	const order = new CueOrder();
	return cues
		.map(([startMs, endMs]) => order.place({startMs, endMs}))
		.map(({startMs, endMs}) => [startMs, endMs]);
}

describe('CueOrder', () => {
	it('leaves cues that are in order and apart as they are', () => {
		expect(place([100, 2000], [2100, 4000])).toEqual([
			[100, 2000],
			[2100, 4000],
		]);
	});

	it('holds a cue that touches the one before back by two frames', () => {
		expect(place([0, 2000], [2000, 4000])).toEqual([
			[0, 2000],
			[2080, 4000],
		]);
	});

	it('takes no gap from a short cue', () => {
		expect(place([0, 2000], [2000, 2400])).toEqual([
			[0, 2000],
			[2000, 2400],
		]);
	});

	it('never lets two cues overlap', () => {
		expect(place([0, 3000], [2500, 2900], [2600, 5000])).toEqual([
			[0, 3000],
			[3000, 3040],
			[3120, 5000],
		]);
	});

	it('shows a cue of no length for one frame', () => {
		expect(place([500, 500])).toEqual([[500, 540]]);
	});
});
