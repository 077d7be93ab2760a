import {describe, expect, it} from 'vitest';
import {FlickerCount, normalisedErasure} from '../../../../bench/live/flicker.js';

function count(language: string, shown: readonly string[], transcript: string): FlickerCount {
	const flicker = new FlickerCount(language);
	for (const text of shown) flicker.show(text);
	flicker.end(transcript);
	return flicker;
}

describe('flicker', () => {
	it.each([
		['text that only grows', 'en', ['ask', 'ask not', 'ask not what'], 0],
		['a word that becomes another', 'en', ['ask knot', 'ask not'], 1],
		['all that stood after it, too', 'en', ['ask knot what your', 'ask not what your'], 3],
		['a tail that vanishes', 'en', ['ask not what', 'ask'], 2],
		['a mark that is added to a word', 'en', ['ask not', 'ask not,'], 1],
		['characters where no spaces are written', 'zh', ['你好吗', '你号吗'], 2],
	])('counts %s', (_title, language, shown, erased) => {
		expect(count(language, shown, shown.at(-1)!).erasedUnits).toBe(erased);
	});

	it('is pooled over sessions before it is divided by the units of the final texts', () => {
		const one = count('en', ['a b', 'a c'], 'a c');
		const other = count('en', ['a b c d e f g h'], 'a b c d e f g h');
		expect(normalisedErasure([one, other])).toBeCloseTo(1 / 10);
	});
});
