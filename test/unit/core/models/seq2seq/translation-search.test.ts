import {describe, expect, it} from 'vitest';
import type {NextToken, RowOutput} from '../../../../../src/core/models/decoding/batch-decoder.js';
import {DecoderSource} from '../../../../../src/core/models/decoding/decoder-source.js';
import {
	TranslationSearch,
	type TranslationSearchOptions,
} from '../../../../../src/core/models/seq2seq/translation-search.js';
import {
	WritingRules,
	type WritingRulesOptions,
} from '../../../../../src/core/models/seq2seq/writing-rules.js';

const END = 0;
const PROMPT = [9];
const RULES: WritingRulesOptions = {badWords: [], noRepeatNgram: 0, renormalizes: false};

function search(
	options: Partial<TranslationSearchOptions> = {},
	rules: Partial<WritingRulesOptions> = {},
): TranslationSearch {
	return new TranslationSearch({
		source: new DecoderSource(3, new Map()),
		prompt: PROMPT,
		endToken: END,
		rules: new WritingRules({...RULES, ...rules}),
		beams: 1,
		lengthPenalty: 1,
		earlyStopping: false,
		maxTokens: 10,
		forcesEnd: false,
		countedPrompt: 0,
		withAlignment: false,
		...options,
	});
}

/** Probabilities of what follows; the rest of 10 tokens shares what is left. */
type Script = (written: readonly number[]) => Readonly<Record<number, number>>;

function play(task: TranslationSearch, script: Script): void {
	const output = (written: readonly number[]): RowOutput => {
		const logits = new Float32Array(10).fill(Math.log(1e-6));
		for (const [token, probability] of Object.entries(script(written)))
			logits[Number(token)] = Math.log(probability);
		// Reading a token looks at the place of the same number.
		const alignment = new Float32Array(3);
		alignment[(written.at(-1) ?? 0) % 3] = 1;
		return {logits: [logits], alignment: [alignment]};
	};
	let sequences: (readonly number[])[] = [[]];
	let next: readonly NextToken[] = task.begin(output([]));
	for (let step = 0; next.length > 0; step++) {
		if (step > 100) throw new Error('the search does not end');
		const parents = sequences;
		sequences = next.map(({parent, token}) => [...parents[parent]!, token]);
		next = task.advance(sequences.map(output));
	}
}

describe('TranslationSearch', () => {
	/** The likeliest beginning leads to an unlikely end. */
	const garden: Script = written => {
		switch (written.join()) {
			case '':
				return {1: 0.6, 2: 0.4};
			case '1':
				return {3: 0.3, 4: 0.3, 5: 0.3};
			case '2':
				return {6: 0.9};
			default:
				return {[END]: 0.99};
		}
	};

	it('takes the likeliest token at each step with one beam', () => {
		const task = search();
		play(task, garden);
		expect(task.result.tokens).toEqual([1, 3]);
		expect(task.result.isComplete).toBe(true);
	});

	it('finds the likelier sequence with two beams', () => {
		const task = search({beams: 2});
		play(task, garden);
		expect(task.result.tokens).toEqual([2, 6]);
		// Over three tokens, the end among them; the last two are the only ones that are likely.
		expect(task.result.score).toBeCloseTo(Math.log(0.4) / 3, 3);
	});

	it('prefers long translations the more, the higher the length penalty', () => {
		const script: Script = written =>
			written.length === 0 ? {[END]: 0.5, 1: 0.5} : written.length < 5 ? {1: 0.9} : {[END]: 0.99};
		const short = search({beams: 2, lengthPenalty: 0});
		play(short, script);
		expect(short.result.tokens).toEqual([]);
		const long = search({beams: 2, lengthPenalty: 2});
		play(long, script);
		expect(long.result.tokens).toHaveLength(5);
	});

	it('is cut off at the limit, or ends there if the model is made to', () => {
		const endless: Script = () => ({1: 0.9});
		const cut = search({maxTokens: 4, beams: 2});
		play(cut, endless);
		expect([cut.result.tokens.length, cut.result.isComplete]).toEqual([4, false]);
		const ended = search({maxTokens: 4, beams: 2, forcesEnd: true});
		play(ended, endless);
		expect([ended.result.tokens.length, ended.result.isComplete]).toEqual([3, true]);
	});

	it('writes no run of tokens twice', () => {
		const task = search({maxTokens: 8}, {noRepeatNgram: 2});
		play(task, () => ({1: 0.6, 2: 0.3}));
		const pairs = task.result.tokens.slice(1).map((token, place) => `${task.result.tokens[place]!} ${token}`);
		expect(new Set(pairs).size).toBe(pairs.length);
		expect(task.result.tokens.slice(0, 3)).toEqual([1, 1, 2]);
	});

	it('never writes bad words, of one token or several', () => {
		const task = search({maxTokens: 5}, {badWords: [[1], [2, 2], [9, 3]]});
		play(task, () => ({1: 0.4, 2: 0.2, 3: 0.3, 4: 0.1}));
		// 3 may not follow the prompt's 9, and 2 may not follow 2.
		expect(task.result.tokens).toEqual([2, 3, 3, 3, 3]);
	});

	it('begins another word behind a whole one, and goes on with words afterwards', () => {
		const wordBoundary = {at: PROMPT.length, forbidden: [1]};
		const task = search({maxTokens: 3}, {wordBoundary});
		play(task, () => ({1: 0.6, 2: 0.3}));
		expect(task.result.tokens).toEqual([2, 1, 1]);
	});

	it('shares the probability of forbidden tokens out only where the model wants it', () => {
		const script: Script = written => (written.length === 0 ? {1: 0.5, 2: 0.5} : {[END]: 0.999});
		for (const [renormalizes, probability] of [
			[false, 0.5],
			[true, 1],
		] as const) {
			const task = search({}, {badWords: [[1]], renormalizes});
			play(task, script);
			expect(Math.exp(task.result.logProbabilities[0]!)).toBeCloseTo(probability, 3);
		}
	});

	it('tells how each token looked at the source when it was read', () => {
		const task = search({withAlignment: true, maxTokens: 3});
		play(task, written => ({[(written.at(-1) ?? 0) + 1]: 0.9}));
		expect(task.result.tokens).toEqual([1, 2, 3]);
		const looks = task.result.alignments!.map(weights => weights.indexOf(1));
		// The last was cut off before it was read.
		expect(looks).toEqual([1, 2, 2]);
	});

	it('ends when nothing may be written', () => {
		const all = Array.from({length: 10}, (_, token) => [token]);
		const task = search({beams: 2}, {badWords: all});
		play(task, () => ({1: 1}));
		expect([task.result.tokens, task.result.isComplete]).toEqual([[], false]);
	});
});
