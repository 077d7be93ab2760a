import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {tokenizeForBleu} from '../../../../src/core/scoring/bleu-tokenizers.js';
import {type BleuScore, corpusBleu, sentenceBleu} from '../../../../src/core/scoring/bleu.js';
import {describeWithShared, sharedPath} from '../../../helpers/shared.js';

interface GoldenBleu {
	score: number;
	counts: number[];
	totals: number[];
	precisions: number[];
	bp: number;
	sys_len: number;
	ref_len: number;
}

interface GoldenBleuRun {
	corpus: GoldenBleu;
	signature: string;
	sentence: GoldenBleu[];
	sentence_signature: string;
	tokenised_hyp: string[];
	tokenised_ref: string[];
}

interface GoldenTokens {
	input: string;
	tok_13a: string;
	tok_zh: string;
}

interface GoldenPair {
	hyp: string;
	ref: string;
	bleu_13a: number;
	bleu_13a_noeff: number;
	bleu_zh: number;
}

function readGolden(path: string): unknown {
	return JSON.parse(readFileSync(sharedPath(`metrics/dev/${path}`), 'utf8'));
}

function readInstances(path: string): {prediction: string; reference: string}[] {
	const lines = readFileSync(sharedPath(`metrics/dev/${path}`), 'utf8')
		.trim()
		.split('\n');
	return lines.map(line => JSON.parse(line) as {prediction: string; reference: string});
}

function expectScore(actual: BleuScore, golden: GoldenBleu): void {
	expect(actual.score).toBeCloseTo(golden.score, 9);
	expect(actual.counts).toEqual(golden.counts);
	expect(actual.totals).toEqual(golden.totals);
	for (const [index, precision] of golden.precisions.entries()) {
		expect(actual.precisions[index]).toBeCloseTo(precision, 9);
	}
	expect(actual.brevityPenalty).toBeCloseTo(golden.bp, 12);
	expect(actual.hypothesisTokens).toBe(golden.sys_len);
	expect(actual.referenceTokens).toBe(golden.ref_len);
}

describeWithShared('BLEU equals sacrebleu', () => {
	const cases = () =>
		readGolden('tokenizers/sacrebleu_cases.json') as {tokenise: GoldenTokens[]; sentence_pairs: GoldenPair[]};

	it('cuts all recorded strings into the same tokens with 13a and zh', () => {
		const {tokenise} = cases();
		expect(tokenise).toHaveLength(174);
		for (const {input, tok_13a: expected13a, tok_zh: expectedZh} of tokenise) {
			expect(tokenizeForBleu(input, '13a').join(' '), JSON.stringify(input)).toBe(expected13a);
			expect(tokenizeForBleu(input, 'zh').join(' '), JSON.stringify(input)).toBe(expectedZh);
		}
	});

	it('puts exactly the recorded ranges of code points on their own with zh', () => {
		const {ranges_inclusive_hex: ranges} = readGolden('tokenizers/zh_split_ranges.json') as {
			ranges_inclusive_hex: [string, string][];
		};
		const bounds = ranges.map(
			([first, last]) => [Number.parseInt(first, 16), Number.parseInt(last, 16)] as const,
		);
		const wrong: string[] = [];
		for (let codePoint = 0x80; codePoint <= 0x10ffff; codePoint += 1) {
			const character = String.fromCodePoint(codePoint);
			// White space is a border with or without the rule, and half a surrogate pair is no character.
			if ((codePoint >= 0xd800 && codePoint <= 0xdfff) || /[\s\u0085]/.test(character)) continue;
			const splits = tokenizeForBleu(`a${character}b`, 'zh').length === 3;
			if (splits !== bounds.some(([first, last]) => codePoint >= first && codePoint <= last)) {
				wrong.push(codePoint.toString(16));
			}
		}
		expect(wrong).toEqual([]);
	});

	it('gives all recorded sentence pairs the same score', () => {
		const {sentence_pairs: pairs} = cases();
		expect(pairs).toHaveLength(80);
		for (const {hyp, ref, ...golden} of pairs) {
			expect(sentenceBleu(hyp, ref).score, JSON.stringify(hyp)).toBeCloseTo(golden.bleu_13a, 9);
			expect(corpusBleu([hyp], [ref]).score, JSON.stringify(hyp)).toBeCloseTo(golden.bleu_13a_noeff, 9);
			expect(sentenceBleu(hyp, ref, {tokenizer: 'zh'}).score, JSON.stringify(hyp)).toBeCloseTo(
				golden.bleu_zh,
				9,
			);
		}
	});

	describe.each(['word', 'char'])('for the %s corpus', units => {
		it.each(['13a', 'zh'] as const)('with tokeniser %s', tokenizer => {
			const instances = readInstances(`shortform/${units}/instances.log`);
			const runs = readGolden(`shortform/${units}/expected.quality.json`) as Record<string, GoldenBleuRun>;
			const golden = runs[`bleu_${tokenizer}`]!;
			const hypotheses = instances.map(({prediction}) => prediction);
			const references = instances.map(({reference}) => reference);
			const corpus = corpusBleu(hypotheses, references, {tokenizer});
			expectScore(corpus, golden.corpus);
			expect(corpus.signature).toBe(golden.signature);
			expect(golden.sentence).toHaveLength(hypotheses.length);
			for (const [index, expected] of golden.sentence.entries()) {
				const score = sentenceBleu(hypotheses[index]!, references[index]!, {tokenizer});
				expectScore(score, expected);
				expect(score.signature).toBe(golden.sentence_signature);
			}
			expect(hypotheses.map(line => tokenizeForBleu(line, tokenizer).join(' '))).toEqual(
				golden.tokenised_hyp,
			);
			expect(references.map(line => tokenizeForBleu(line, tokenizer).join(' '))).toEqual(
				golden.tokenised_ref,
			);
		});
	});
});

describe('BLEU', () => {
	it('is 100 for the reference itself and 0 without a common word', () => {
		const line = 'The cat sat quietly on the mat.';
		expect(corpusBleu([line], [line]).score).toBeCloseTo(100, 9);
		expect(corpusBleu(['Dogs bark loudly every night.'], ['A cat sat on it']).score).toBe(0);
	});

	it('ignores case only when asked to, and says so in the signature', () => {
		const options = {lowercase: true} as const;
		expect(corpusBleu(['THE CAT SAT DOWN'], ['the cat sat down']).score).toBe(0);
		const score = corpusBleu(['THE CAT SAT DOWN'], ['the cat sat down'], options);
		expect(score.score).toBeCloseTo(100, 9);
		expect(score.signature).toContain('case:lc');
	});

	it('takes every code point as a token with char, and splits at white space only with none', () => {
		expect(tokenizeForBleu('ab 𠮷.', 'char')).toEqual(['a', 'b', '𠮷', '.']);
		expect(tokenizeForBleu(' Hello,  world. ', 'none')).toEqual(['Hello,', 'world.']);
	});

	it('refuses a reference too few', () => {
		expect(() => corpusBleu(['one', 'two'], ['one'])).toThrow(
			expect.objectContaining({
				code: 'OPTION_INVALID',
				message: 'Cannot score 2 hypotheses against 1 references',
			}),
		);
	});
});
