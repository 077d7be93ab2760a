import {expect, it} from 'vitest';

import {cutLines, type CutLinesOptions, type LineBlock} from '../../../../src/history/import/cut-lines.js';

const options: CutLinesOptions = {linesRead: 0, blockBytes: 16, maxLineBytes: 40};

async function* split(text: string, size: number): AsyncGenerator<Uint8Array> {
	const bytes = Buffer.from(text);
	// Not in one turn, as those of a file.
	await Promise.resolve();
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Each line with its number, and damages in their place. */
async function readLines(blocks: AsyncIterable<LineBlock>): Promise<string[]> {
	const lines: string[] = [];
	for await (const block of blocks) {
		if (block.type === 'damage') {
			lines.push(`${block.lastLine} ${block.reason}`);
			continue;
		}

		const texts = Buffer.from(block.bytes).toString('utf8').replace(/\n$/, '').split('\n');
		expect(texts).toHaveLength(block.lastLine - block.firstLine + 1);
		lines.push(...texts.map((text, index) => `${block.firstLine + index} ${text}`));
	}

	return lines;
}

const sizes = [1, 3, 16, 17, 1000];

it.each(sizes)('gives each line once with its number, in pieces of %i bytes', async size => {
	const texts = Array.from({length: 30}, (_, index) => 'é'.repeat(index % 19));
	const expected = texts.map((text, index) => `${index + 1} ${text}`);
	expect(await readLines(cutLines(split(`${texts.join('\n')}x`, size), options))).toEqual(
		expected.with(29, `${expected[29]}x`),
	);
});

it.each(sizes)('passes over the lines that were taken before, in pieces of %i bytes', async size => {
	const texts = Array.from({length: 12}, (_, index) => `line ${index + 1}`);
	const blocks = cutLines(split(`${texts.join('\n')}\n`, size), {...options, linesRead: 7});
	expect(await readLines(blocks)).toEqual(texts.slice(7).map((text, index) => `${index + 8} ${text}`));
});

it.each(sizes)(
	'leaves out a line that is too long and says how long it was, in pieces of %i bytes',
	async size => {
		const text = `a\n${'b'.repeat(41)}\nc\n${'d'.repeat(500)}`;
		expect(await readLines(cutLines(split(text, size), options))).toEqual([
			'1 a',
			'2 41 bytes long, more than the 40 that are taken',
			'3 c',
			'4 500 bytes long, more than the 40 that are taken',
		]);
	},
);

it('gives the whole lines before a fault of the source', async () => {
	const fault = new Error('broken');
	async function* breakOff() {
		yield* split('a\nb\nhal', 4);
		throw fault;
	}

	const lines: string[] = [];
	const reading = (async () => {
		for await (const block of cutLines(breakOff(), options)) {
			if (block.type === 'lines') lines.push(Buffer.from(block.bytes).toString());
		}
	})();
	await expect(reading).rejects.toBe(fault);
	expect(lines.join('')).toBe('a\nb\n');
});
