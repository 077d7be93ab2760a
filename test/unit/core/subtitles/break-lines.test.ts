import stringWidth from 'string-width';
import {describe, expect, it} from 'vitest';

import {breakLines} from '../../../../src/core/subtitles/break-lines.js';

function layOut(text: string, language = 'en', maxLineWidth = 42, maxLines = 2): string[][] {
	return breakLines(text, language, {maxLineWidth, maxLines}).map(cue => cue.lines.map(line => line.text));
}

describe('breakLines', () => {
	it('leaves a text that fits on one line', () => {
		expect(layOut('Ask what you can do for your country.')).toEqual([
			['Ask what you can do for your country.'],
		]);
	});

	it('balances two lines instead of filling the first', () => {
		expect(layOut('the quick brown foxes jumped over lazy dogs here')).toEqual([
			['the quick brown foxes', 'jumped over lazy dogs here'],
		]);
	});

	it('breaks where a clause ends rather than exactly in the middle', () => {
		expect(layOut('And so my fellow Americans, ask not what your country can do for you.')[0]).toEqual([
			'And so my fellow Americans,',
			'ask not what your country can do for you.',
		]);
	});

	it('ends a subtitle where a sentence ends', () => {
		const cues = layOut(
			"The commission, which was led by Dr. Smith of St. Mary's, found nothing. He said: “We looked everywhere!” and then left the room.",
		);
		expect(cues).toHaveLength(2);
		expect(cues[0]?.at(-1)).toMatch(/found nothing\.$/);
	});

	it('does not take the dot of a title for the end of a sentence', () => {
		for (const lines of layOut('She went to see the famous Dr. Smith about an entirely new complaint')) {
			expect(lines.join('\n')).not.toContain('Dr.\n');
		}
	});

	it('leaves no article at the end of a line', () => {
		const [lines] = layOut('nobody knew what happened in the afternoon of that day');
		expect(lines?.[0]).not.toMatch(/ (in|the|of)$/);
	});

	it('leaves no short word alone on a line', () => {
		for (const cue of layOut('We have not seen anything like this here, no', 'en', 40)) {
			for (const line of cue) expect(line.length).toBeGreaterThan(4);
		}
	});

	it('counts East Asian characters as two columns', () => {
		const cues = layOut(
			'我的美国同胞们，不要问你们的国家能为你们做什么，要问你们能为你们的国家做什么。',
			'zh',
			42,
			2,
		);
		expect(
			cues
				.flat()
				.map(line => stringWidth(line))
				.every(width => width <= 42),
		).toBe(true);
		expect(cues.flat().join('')).toBe(
			'我的美国同胞们，不要问你们的国家能为你们做什么，要问你们能为你们的国家做什么。',
		);
		expect(cues.flat()).toHaveLength(2);
	});

	it('lays out a text of no words as no subtitle', () => {
		expect(layOut('')).toEqual([]);
	});

	it('keeps every word, in order, inside every limit', () => {
		const text =
			'Es war einmal ein Mann, der hatte drei Söhne, davon hieß der jüngste der Dummling, und wurde verachtet und verspottet, und bei jeder Gelegenheit zurückgesetzt. Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen! Ja. Nein.';
		for (const maxLineWidth of [10, 16, 42, 300]) {
			for (const maxLines of [1, 2, 3]) {
				const cues = breakLines(text, 'de', {maxLineWidth, maxLines});
				expect(cues.every(({lines}) => lines.length >= 1 && lines.length <= maxLines)).toBe(true);
				const lines = cues.flatMap(cue => cue.lines);
				expect(lines.every(line => line.text.length <= maxLineWidth)).toBe(true);
				expect(
					lines
						.map(line => line.text)
						.join('')
						.replaceAll(' ', ''),
				).toBe(text.replaceAll(' ', ''));
				expect(lines.every(line => text.startsWith(line.text, line.start))).toBe(true);
			}
		}
	});

	it('needs no more subtitles than the text fills', () => {
		const text = Array.from({length: 80}, () => 'abcdefghi').join(' ');
		// Four words of nine letters and three spaces are 39 columns: eight words to a subtitle of two lines.
		expect(layOut(text)).toHaveLength(10);
	});
});
