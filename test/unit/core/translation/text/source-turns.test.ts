import {describe, expect, it} from 'vitest';
import {SourceTurns} from '../../../../../src/core/translation/text/source-turns.js';

function word(text: string, endMs: number): {text: string; startMs: number; endMs: number} {
	return {text, startMs: endMs - 300, endMs};
}

describe('turns', () => {
	it('take words as they come, and nothing where nothing came', () => {
		const turns = new SourceTurns();
		expect(turns.take(500)).toBeUndefined();
		turns.push([word(' and', 500), word(' so', 800)]);
		expect(turns.take(1000)).toEqual({words: [word(' and', 500), word(' so', 800)], closes: false});
		expect(turns.take(1100)).toBeUndefined();
	});

	it('close where a segment ends with its sentence, and not where it ends without', () => {
		const turns = new SourceTurns();
		turns.push([word(' so', 500)]);
		turns.endSegment();
		expect(turns.take(600)).toMatchObject({closes: false});
		turns.push([word(' there.', 900)]);
		turns.endSegment();
		expect(turns.take(1000)).toMatchObject({closes: true});
	});

	it('close once after a long silence', () => {
		const turns = new SourceTurns();
		turns.push([word(' so', 500)]);
		expect(turns.take(1999)).toMatchObject({closes: false});
		expect(turns.take(2000)).toEqual({words: [], closes: true});
		expect(turns.take(9000)).toBeUndefined();
	});

	it('close at the end, unless nothing is open', () => {
		const turns = new SourceTurns();
		turns.end();
		expect(turns.take(100)).toBeUndefined();
		turns.push([word(' so', 500)]);
		turns.end();
		expect(turns.take(600)).toMatchObject({closes: true});
	});

	it('go on from their state', () => {
		const turns = new SourceTurns();
		turns.push([word(' so.', 500)]);
		turns.take(600);
		const next = new SourceTurns(structuredClone(turns.state));
		next.endSegment();
		expect(next.take(700)).toEqual({words: [], closes: true});
	});
});
