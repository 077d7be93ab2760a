import {describe, expect, it} from 'vitest';
import {BeamSearch} from '../../../../../src/core/models/whisper/beam-search.js';
import {GreedySearch} from '../../../../../src/core/models/whisper/greedy-search.js';
import type {SearchOptions} from '../../../../../src/core/models/whisper/search-options.js';
import {TokenRules} from '../../../../../src/core/models/whisper/token-rules.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {makeAudio, makeLogits, playDecoder, TINY} from '../../../../helpers/tiny-whisper.js';

const {endOfText, noSpeech} = TINY.specialTokens;

function makeOptions(parts: Partial<SearchOptions> = {}): SearchOptions {
	return {
		audio: makeAudio(),
		prompt: [11, 12, 15, 19],
		rules: new TokenRules(TINY, {withTimestamps: false}),
		description: TINY,
		maxTokens: 100,
		withAlignment: false,
		...parts,
	};
}

/** A decoder with these probabilities of the next token after each sequence; after any other it ends. */
function script(
	table: Readonly<Record<string, Readonly<Record<number, number>>>>,
): (written: readonly number[]) => Float32Array {
	return written => {
		const next = table[written.join(' ')] ?? {[endOfText]: 1};
		return makeLogits(
			Object.fromEntries(Object.entries(next).map(([id, probability]) => [id, Math.log(probability)])),
			-40,
		);
	};
}

/** The likelier first token leads to doubt, the other one to certainty. */
const garden = script({
	'': {3: 0.6, 4: 0.4},
	'3': {5: 0.4, 6: 0.3, 7: 0.3},
	'4': {8: 0.99, 9: 0.01},
});

describe('GreedySearch', () => {
	it('takes the likeliest token at each step, up to the end of the text', () => {
		const search = new GreedySearch(makeOptions());
		expect(playDecoder(search, garden)).toEqual([1, 1]);
		const {tokens, logProbabilities, averageLogProbability, end} = search.result;
		expect(tokens).toEqual([3, 5]);
		expect(end).toBe('end-of-text');
		expect(logProbabilities.map(Math.exp)).toEqual([expect.closeTo(0.6, 5), expect.closeTo(0.4, 5)]);
		// The end of the text counts as a token, of probability 1 here.
		expect(averageLogProbability).toBeCloseTo(Math.log(0.6 * 0.4) / 3, 5);
	});

	it('states the probability that nobody speaks from the start of the transcript', () => {
		const search = new GreedySearch(makeOptions());
		playDecoder(search, written =>
			written.length === 0
				? makeLogits({[noSpeech]: Math.log(0.7), 3: Math.log(0.3)}, -40)
				: makeLogits({[endOfText]: 0}, -40),
		);
		expect(search.result.noSpeechProbability).toBeCloseTo(0.7, 4);
		expect(search.result.tokens).toEqual([3]);
	});

	it('asks for the logits of the start and of the end of its prompt', () => {
		const search = new GreedySearch(makeOptions({prompt: [17, 5, 6, 11, 12, 15, 19]}));
		expect(search.wanted).toEqual([3, 6]);
	});

	it('ends a loop at once', () => {
		const search = new GreedySearch(makeOptions());
		playDecoder(search, written => makeLogits({[3 + (written.length % 2)]: 0}, -40));
		expect(search.result.end).toBe('loop');
		expect(search.result.tokens).toEqual([3, 4, 3, 4, 3, 4]);
	});

	it('ends a sequence that is too long for its audio', () => {
		const search = new GreedySearch(makeOptions({maxTokens: 4}));
		playDecoder(search, written => makeLogits({[3 + written.length]: 0}, -40));
		expect(search.result).toMatchObject({tokens: [3, 4, 5, 6], end: 'too-long'});
	});

	it('ends where the positions of the decoder end, whatever the audio could hold', () => {
		const random = createRandom(2);
		const prompt = [17, ...new Array<number>(223).fill(5), 11, 12, 15, 19];
		const search = new GreedySearch(makeOptions({prompt, maxTokens: 1000}));
		playDecoder(search, () => makeLogits({[3 + Math.floor(random() * 7)]: 0}, -40));
		expect(search.result.end).toBe('too-long');
		expect(search.result.tokens.length).toBe(448 - prompt.length - 1);
	});

	it('keeps the attention of each token, and of the end', () => {
		const search = new GreedySearch(makeOptions({withAlignment: true}));
		playDecoder(search, garden, written => [Float32Array.of(written.length)]);
		expect(search.result.alignment).toEqual([0, 1, 2].map(step => [Float32Array.of(step)]));
	});
});

describe('GreedySearch with a temperature', () => {
	it('draws several sequences and takes the likeliest', () => {
		const sampling = {temperature: 1, candidates: 20, random: createRandom(4)};
		const search = new GreedySearch(makeOptions(), sampling);
		const rows = playDecoder(search, garden);
		expect(rows[0]).toBe(20);
		// Greedy finds 3 5; twenty draws find the better sequence.
		expect(search.result.tokens).toEqual([4, 8]);
		expect(search.result.averageLogProbability).toBeCloseTo(Math.log(0.4 * 0.99) / 3, 4);
	});

	it('draws the same with the same numbers', () => {
		const draw = (seed: number): readonly number[] => {
			const sampling = {temperature: 2, candidates: 1, random: createRandom(seed)};
			const search = new GreedySearch(makeOptions({maxTokens: 30}), sampling);
			playDecoder(search, () => makeLogits({}, 0));
			return search.result.tokens;
		};
		expect(draw(1)).toEqual(draw(1));
		expect(draw(1)).not.toEqual(draw(2));
	});

	it('lets each candidate go its own way to its own end', () => {
		const sampling = {temperature: 1, candidates: 4, random: createRandom(9)};
		const search = new GreedySearch(makeOptions({maxTokens: 30}), sampling);
		const rows = playDecoder(search, () => makeLogits({[endOfText]: 1, 3: 0, 4: 0, 5: 0}, -40));
		// Rows leave one by one, never come back.
		expect(rows).toEqual([...rows].sort((a, b) => b - a));
		expect(new Set(rows).size).toBeGreaterThan(1);
		expect(search.result.end).toBe('end-of-text');
	});
});

describe('BeamSearch', () => {
	it('finds a likelier sequence than greedy does, where the likelier beginning is the wrong one', () => {
		const search = new BeamSearch(makeOptions(), 2);
		playDecoder(search, garden);
		expect(search.result).toMatchObject({tokens: [4, 8], end: 'end-of-text'});
		expect(search.result.averageLogProbability).toBeCloseTo(Math.log(0.4 * 0.99) / 3, 5);
	});

	it('follows as many sequences as it has beams', () => {
		const random = createRandom(6);
		const search = new BeamSearch(makeOptions({maxTokens: 12}), 3);
		const rows = playDecoder(search, () =>
			makeLogits({3: random(), 4: random(), 5: random(), 6: random(), 7: random()}, -40),
		);
		expect(Math.max(...rows)).toBe(3);
		expect(search.maxRows).toBe(3);
	});

	it('finds the likeliest of all sequences when it has a beam for each', () => {
		const random = createRandom(8);
		const steps = new Map<string, Record<number, number>>();
		const decide = (written: readonly number[]): Float32Array => {
			if (written.length === 3) return makeLogits({[endOfText]: 0}, -40);
			const key = written.join(' ');
			if (!steps.has(key)) steps.set(key, {3: random() * 3, 4: random() * 3, 5: random() * 3});
			return makeLogits(steps.get(key)!, -40);
		};
		const search = new BeamSearch(makeOptions(), 27);
		playDecoder(search, decide);
		const score = (sequence: readonly number[]): number =>
			sequence.reduce((sum, token, place) => {
				const logits = [...decide(sequence.slice(0, place))];
				return sum + logits[token]! - Math.log(logits.reduce((total, value) => total + Math.exp(value), 0));
			}, 0);
		const ids = [3, 4, 5];
		const all = ids.flatMap(a => ids.flatMap(b => ids.map(c => [a, b, c])));
		const best = all.reduce((a, b) => (score(b) > score(a) ? b : a));
		expect(search.result.tokens).toEqual(best);
	});

	it('prefers a finished sequence to a loop, however likely the loop is', () => {
		const search = new BeamSearch(makeOptions(), 2);
		playDecoder(search, written => {
			if (written[0] === 4) return makeLogits({[endOfText]: 0}, -40);
			return written.length === 0 ? makeLogits({3: 3, 4: 0}, -40) : makeLogits({3: 0}, -40);
		});
		expect(search.result).toMatchObject({tokens: [4], end: 'end-of-text'});
	});

	it('ends when every beam loops', () => {
		const search = new BeamSearch(makeOptions(), 2);
		playDecoder(search, () => makeLogits({3: 0}, -40));
		expect(search.result.end).toBe('loop');
	});

	it('ends a sequence that is too long for its audio', () => {
		const search = new BeamSearch(makeOptions({maxTokens: 3}), 2);
		playDecoder(search, written => makeLogits({[3 + written.length]: 0}, -40));
		expect(search.result).toMatchObject({tokens: [3, 4, 5], end: 'too-long'});
	});

	it('keeps the attention of the sequence that won', () => {
		const search = new BeamSearch(makeOptions({withAlignment: true}), 2);
		playDecoder(search, garden, written => [Float32Array.of(written.at(-1) ?? 0)]);
		expect(search.result.tokens).toEqual([4, 8]);
		expect(search.result.alignment).toEqual([0, 4, 8].map(token => [Float32Array.of(token)]));
	});
});
