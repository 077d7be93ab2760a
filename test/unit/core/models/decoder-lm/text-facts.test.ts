import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {readTextFacts} from '../../../../../src/core/models/decoder-lm/text-facts.js';
import type {GgufValue} from '../../../../../src/core/models/formats/gguf-header.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

async function read(files: Readonly<Record<string, unknown>>) {
	const folder = await temporaryDirectory();
	for (const [name, content] of Object.entries(files))
		await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
	return readTextFacts(folder, undefined);
}

const tokens = {
	added_tokens: [
		{id: 7, content: '<|end|>'},
		{id: 8, content: '<|begin|>'},
	],
};

describe('readTextFacts', () => {
	it('takes all tokens that end a text, from wherever they are named', async () => {
		expect(
			await read({
				'config.json': {eos_token_id: 3, bos_token_id: 2},
				'generation_config.json': {eos_token_id: [5, 3]},
				'tokenizer_config.json': {
					eos_token: {content: '<|end|>'},
					bos_token: '<|begin|>',
					chat_template: 'a',
				},
				'tokenizer.json': tokens,
			}),
		).toEqual({beginToken: 8, endTokens: [5, 3, 7], chatTemplate: 'a'});
	});

	it('puts nothing before texts where the tokenizer does not, whatever the configuration says', async () => {
		const facts = await read({
			'config.json': {bos_token_id: 2, eos_token_id: 3},
			'tokenizer_config.json': {bos_token: null},
		});
		expect(facts).toEqual({beginToken: undefined, endTokens: [3], chatTemplate: undefined});
	});

	it.each<
		readonly [kind: string, facts: Readonly<Record<string, GgufValue>>, beginToken: number | undefined]
	>([
		['SentencePiece', {'tokenizer.ggml.model': 'llama'}, 1],
		['Llama 3', {'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'llama-bpe'}, 1],
		['Qwen', {'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.pre': 'qwen2'}, undefined],
		['a Qwen that wants one', {'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.add_bos_token': true}, 1],
		[
			'one that wants none',
			{'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.add_bos_token': false},
			undefined,
		],
	])('takes from a GGUF file what texts begin with, as llama.cpp does: %s', async (_, facts, beginToken) => {
		const metadata = new Map<string, GgufValue>([
			['tokenizer.ggml.bos_token_id', 1],
			['tokenizer.ggml.eos_token_id', 2],
			['tokenizer.ggml.eot_token_id', 3],
			['tokenizer.chat_template', 'a'],
			...Object.entries(facts),
		]);
		expect(await readTextFacts('nowhere', {metadata})).toEqual({
			beginToken,
			endTokens: [2, 3],
			chatTemplate: 'a',
		});
	});

	it('knows the end of a turn in a GGUF file that does not name it', async () => {
		const metadata = new Map<string, GgufValue>([
			['tokenizer.ggml.eos_token_id', 1],
			['tokenizer.ggml.tokens', ['<bos>', '<eos>', 'a', '<end_of_turn>']],
		]);
		expect(await readTextFacts('nowhere', {metadata})).toMatchObject({endTokens: [1, 3]});
	});

	it('finds a template in a file of its own', async () => {
		const facts = await read({'config.json': {bos_token_id: 2}, 'chat_template.jinja': '{{ messages }}'});
		expect(facts).toEqual({beginToken: 2, endTokens: [], chatTemplate: '{{ messages }}'});
	});
});
