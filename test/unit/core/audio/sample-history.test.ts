import {expect, it} from 'vitest';
import {SampleHistory} from '../../../../src/core/audio/sample-history.js';

it('gives samples by their place in the stream, however much was given up before', () => {
	const history = new SampleHistory();
	for (let start = 0; start < 1_000_000; start += 10_000) {
		history.append(Float32Array.from({length: 10_000}, (_, index) => start + index));
		const from = Math.max(0, start - 30_000);
		history.discardBefore(from);
		expect(history.endSample).toBe(start + 10_000);
		expect([...history.view(from, from + 2)]).toEqual([from, from + 1]);
		expect([...history.view(start + 9999, start + 10_000)]).toEqual([start + 9999]);
	}
});

it('begins at a place of a longer stream when it is told to', () => {
	const history = new SampleHistory(1_000_001);
	expect(history.endSample).toBe(1_000_001);
	for (let start = 0; start < 300_000; start += 1000) {
		history.append(Float32Array.from({length: 1000}, (_, index) => (start + index) % 4096));
		history.discardBefore(1_000_001 + start - 500);
	}
	expect(history.endSample).toBe(1_300_001);
	expect([...history.view(1_300_001 - 2, 1_300_001)]).toEqual([299_998 % 4096, 299_999 % 4096]);
});
