import {readFile} from 'node:fs/promises';
import {beforeAll, afterAll, expect, it} from 'vitest';
import type {LanguageModel} from '../../../src/core/models/decoder-lm/language-model.js';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import {describeWithGemma, ensureGemma} from '../../helpers/gemma.js';

/** See make-llama-cpp-goldens.py. */
interface Golden {
	readonly prompt: string;
	readonly tokens: readonly number[];
	readonly answer: readonly number[];
	readonly text: string;
}

const {prompts} = JSON.parse(
	await readFile(new URL('../../fixtures/decoder-lm/gemma-greedy.json', import.meta.url), 'utf8'),
) as {prompts: readonly Golden[]};

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
});
