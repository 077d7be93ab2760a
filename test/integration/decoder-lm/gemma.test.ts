import {readFile} from 'node:fs/promises';
import {beforeAll, afterAll, expect, it} from 'vitest';
import type {LanguageModel} from '../../../src/core/models/decoder-lm/language-model.js';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import {describeWithGemma, ensureGemma} from '../../helpers/gemma.js';
import {findBest} from '../../helpers/greedy.js';

/** See make-llama-cpp-goldens.py. */
interface Golden {
	readonly prompt: string;
	readonly tokens: readonly number[];
	readonly answer: readonly number[];
	readonly text: string;
	/** The four best tokens of each step, with their logits. */
	readonly tops: readonly (readonly (readonly [id: number, logit: number])[])[];
}

const {prompts} = JSON.parse(
	await readFile(new URL('../../fixtures/decoder-lm/gemma-greedy.json', import.meta.url), 'utf8'),
) as {prompts: readonly Golden[]};

/**
 * Both programs round the inputs of every product to 8 bits, each in its own way. Measured against the same weights in
 * floats, how far two tokens lie apart is wrong by up to 0.8 here and 1.2 in llama.cpp: at the one place of four answers
 * where the best tokens differ, llama.cpp's leads by 1.6 and ours by 0.5, where in floats it is 0.3.
 */
const ROUNDING = 2;

/** All twenty have been read; so many take some seconds. */
const READ_ALONG = 8;

describeWithGemma('Gemma 3 270M out of a GGUF file', () => {
	let model: LanguageModel;
	beforeAll(async () => {
		model = await openLanguageModel({graphsDirectory: await ensureGemma('q8'), threads: 2});
	});
	afterAll(() => model.close());

	it('cuts texts into the tokens of llama.cpp, and puts them together again', () => {
		for (const {prompt, tokens, answer, text} of prompts) {
			const own = [model.description.beginToken!, ...model.tokenizer.encode(prompt)];
			expect(own).toEqual(tokens);
			expect(model.tokenizer.decode(own)).toBe(prompt);
			expect(model.tokenizer.decode(answer)).toBe(text);
			const stream = model.tokenizer.openStream();
			const streamed = answer.map(token => stream.push(token)).join('') + stream.end();
			expect(streamed).toBe(text);
		}
	});

	it('holds the token for the best that llama.cpp does, but where another leads by less than rounding', async () => {
		const read = prompts.slice(0, READ_ALONG);
		const logits = await Promise.all(read.map(readAlong));
		let steps = 0;
		let same = 0;
		let difference = 0;
		for (const [index, {answer, tops, prompt}] of read.entries()) {
			for (const [step, row] of logits[index]!.entries()) {
				const best = row[answer[step]!]!;
				difference += Math.abs(best - tops[step]![0]![1]);
				steps++;
				const lead = row[findBest(row)]! - best;
				if (lead === 0) same++;
				expect(lead, `${prompt} at ${step}`).toBeLessThan(ROUNDING);
			}
		}
		expect(difference / steps).toBeLessThan(0.5);
		expect(same / steps).toBeGreaterThan(0.93);
	});

	/** Logits before each token of llama.cpp's answer. */
	async function readAlong({tokens, answer}: Golden): Promise<Float32Array[]> {
		const context = model.openContext();
		const logits = [(await model.step(context, tokens)).slice()];
		for (const token of answer.slice(0, -1)) {
			logits.push((await model.step(context, [token])).slice());
		}
		context.destroy();
		return logits;
	}
});
