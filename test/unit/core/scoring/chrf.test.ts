import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {corpusChrf, sentenceChrf} from '../../../../src/core/scoring/chrf.js';
import {describeWithShared, sharedPath} from '../../../helpers/shared.js';

function readGolden(path: string): unknown {
	return JSON.parse(readFileSync(sharedPath(`metrics/dev/${path}`), 'utf8'));
}

const VARIANTS = [
	['chrf', 0],
	['chrf++', 2],
] as const;

describeWithShared('chrF equals sacrebleu', () => {
	it('for all recorded sentence pairs', () => {
		const {sentence_pairs: pairs} = readGolden('tokenizers/sacrebleu_cases.json') as {
			sentence_pairs: {hyp: string; ref: string; chrf: number; chrfpp: number}[];
		};
		expect(pairs).toHaveLength(80);
		for (const {hyp, ref, chrf, chrfpp} of pairs) {
			expect(sentenceChrf(hyp, ref).score, JSON.stringify(hyp)).toBeCloseTo(chrf, 9);
			expect(sentenceChrf(hyp, ref, {wordOrder: 2}).score, JSON.stringify(hyp)).toBeCloseTo(chrfpp, 9);
		}
	});

	describe.each(['word', 'char'])('for the %s corpus', units => {
		it.each(VARIANTS)('as %s', (name, wordOrder) => {
			const golden = (
				readGolden(`shortform/${units}/expected.quality.json`) as Record<
					string,
					{corpus: number; signature: string; sentence: number[]}
				>
			)[name]!;
			const instances = readFileSync(sharedPath(`metrics/dev/shortform/${units}/instances.log`), 'utf8')
				.trim()
				.split('\n')
				.map(line => JSON.parse(line) as {prediction: string; reference: string});
			const hypotheses = instances.map(({prediction}) => prediction);
			const references = instances.map(({reference}) => reference);
			const corpus = corpusChrf(hypotheses, references, {wordOrder});
			expect(corpus.score).toBeCloseTo(golden.corpus, 9);
			expect(corpus.signature).toBe(golden.signature);
			expect(golden.sentence).toHaveLength(hypotheses.length);
			for (const [index, expected] of golden.sentence.entries()) {
				const {score} = sentenceChrf(hypotheses[index]!, references[index]!, {wordOrder});
				expect(score).toBeCloseTo(expected, 9);
			}
		});
	});
});

describe('chrF', () => {
	it('does not mind where the spaces are, chrF++ does', () => {
		expect(corpusChrf(['any where'], ['anywhere']).score).toBeCloseTo(100, 9);
		expect(corpusChrf(['any where'], ['anywhere'], {wordOrder: 2}).score).toBeLessThan(90);
	});

	it('does not hold against a line the n-grams its reference is too short for', () => {
		// From sacrebleu 2.6.0.
		expect(corpusChrf(['abcdef', 'xyz'], ['abcdef', 'x']).score).toBeCloseTo(99.23664122137406, 9);
	});

	it('is 0 for empty text and refuses a reference too few', () => {
		expect(corpusChrf([''], ['']).score).toBe(0);
		expect(() => corpusChrf(['one'], [])).toThrow(expect.objectContaining({code: 'OPTION_INVALID'}));
	});
});
