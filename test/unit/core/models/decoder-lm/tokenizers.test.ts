import {describe, expect, it} from 'vitest';
import {readGgufTokenizer} from '../../../../../src/core/models/decoder-lm/gguf-tokenizer.js';
import {createJsonTokenizer} from '../../../../../src/core/models/decoder-lm/json-tokenizer.js';
import type {LanguageTokenizer} from '../../../../../src/core/models/decoder-lm/language-tokenizer.js';
import {createSentencePieceTokenizer} from '../../../../../src/core/models/decoder-lm/sentence-piece-tokenizer.js';
import type {
	SentencePieceFile,
	TokenizerFile,
} from '../../../../../src/core/models/decoder-lm/tokenizer-file.js';
import type {GgufValue} from '../../../../../src/core/models/formats/gguf-header.js';
import {catchError} from '../../../../helpers/catch-error.js';
import {makeByteTokenizer} from '../../../../helpers/random-language-model.js';

const BYTES = Array.from(
	{length: 256},
	(_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
);

/** Pieces with scores: `th` is joined before `he`, so that "the" is never "t" and "he". */
const PIECES: readonly (readonly [piece: string, score: number, type: number])[] = [
	['<unk>', 0, 2],
	['<bos>', 0, 3],
	['<turn>', 0, 3],
	['\n\n', 0, 4],
	...BYTES.map(byte => [byte, 0, 6] as const),
	...Array.from('▁theaü', character => [character, -100, 1] as const),
	['th', -1, 1],
	['he', -2, 1],
	['the', -3, 1],
	['▁the', -4, 1],
	['aa', -5, 1],
	['aaa', -6, 1],
];

function makePieces(facts: Readonly<Record<string, GgufValue>> = {}): LanguageTokenizer {
	const metadata = new Map<string, GgufValue>([
		['tokenizer.ggml.model', 'llama'],
		['tokenizer.ggml.tokens', PIECES.map(([piece]) => piece)],
		['tokenizer.ggml.scores', PIECES.map(([, score]) => score)],
		['tokenizer.ggml.token_type', PIECES.map(([, , type]) => type)],
		...Object.entries(facts),
	]);
	return createSentencePieceTokenizer(readGgufTokenizer({metadata}, 'here') as SentencePieceFile);
}

function written(tokenizer: LanguageTokenizer, ids: readonly number[]): string[] {
	return ids.map(id => PIECES[id]?.[0] ?? `${tokenizer.size} has no ${id}`);
}

describe('a SentencePiece vocabulary out of a GGUF file', () => {
	const tokenizer = makePieces({'tokenizer.ggml.add_space_prefix': false});

	it('joins the pieces of the highest score first, the left ones of equals', () => {
		expect(written(tokenizer, tokenizer.encode('the the'))).toEqual(['the', '▁the']);
		expect(written(tokenizer, tokenizer.encode('aaaa'))).toEqual(['aa', 'aa']);
		expect(written(tokenizer, tokenizer.encode('aaa'))).toEqual(['aaa']);
	});

	it('writes in bytes what has no piece', () => {
		expect(written(tokenizer, tokenizer.encode('hé'))).toEqual(['h', '<0xC3>', '<0xA9>']);
		expect(tokenizer.decode(tokenizer.encode('th東é ü\n\n\nthe'))).toBe('th東é ü\n\n\nthe');
	});

	it('takes steering tokens out of a text only when told to', () => {
		expect(tokenizer.encode('<turn>')).not.toContain(2);
		expect(tokenizer.decode(tokenizer.encode('<turn>'))).toBe('<turn>');
		expect(written(tokenizer, tokenizer.encode('<turn>the\n\n<bos>', {withSteering: true}))).toEqual([
			'<turn>',
			'the',
			'\n\n',
			'<bos>',
		]);
		expect(tokenizer.decode([1, 2])).toBe('');
		expect([...tokenizer.steeringTokens]).toEqual([0, 1, 2]);
		expect(tokenizer.find('<turn>')).toBe(2);
	});

	it('puts a space before texts, but not where one goes on, if the file says nothing else', () => {
		const spacing = makePieces();
		expect(written(spacing, spacing.encode('the'))).toEqual(['▁the']);
		expect(written(spacing, spacing.encode('the', {continues: true}))).toEqual(['the']);
	});

	it('holds back a character until all of its bytes are there', () => {
		const stream = tokenizer.openStream();
		const steps = tokenizer.encode('é東').map(token => stream.push(token));
		expect(steps).toEqual(['', 'é', '', '', '東']);
		expect(stream.push(tokenizer.encode('é')[0]!)).toBe('');
		expect(stream.end()).toBe('\uFFFD');
	});

	it.each<readonly [string, Readonly<Record<string, GgufValue>>, RegExp]>([
		['no tokens', {'tokenizer.ggml.tokens': []}, /lists no tokens/],
		['fewer scores than tokens', {'tokenizer.ggml.scores': [1]}, /every token a score/],
		['fewer types than tokens', {'tokenizer.ggml.token_type': [1]}, /for every token of what type/],
		['another kind', {'tokenizer.ggml.model': 't5'}, /of the kind "t5"/],
		[
			'texts cut in an unknown way',
			{'tokenizer.ggml.model': 'gpt2', 'tokenizer.ggml.merges': ['a b'], 'tokenizer.ggml.pre': 'tekken'},
			/in the way "tekken"/,
		],
	])('refuses a file with %s', (_, facts, message) => {
		expect(catchError(() => makePieces(facts))).toMatchObject({
			code: expect.stringMatching(/^MODEL_/) as string,
			message: expect.stringMatching(message) as string,
		});
	});
});

describe('a byte-level vocabulary', () => {
	it('gives every byte back, one by one', async () => {
		const tokenizer = await createJsonTokenizer(makeByteTokenizer() as TokenizerFile, 'here');
		const text = 'Ünïcode 東京 👍\t\n <s>';
		const ids = tokenizer.encode(text);
		expect(ids).toEqual([...Buffer.from(text)].map(byte => byte + 3));
		expect(tokenizer.decode(ids)).toBe(text);
		expect(tokenizer.encode('a<s>', {withSteering: true})).toEqual([97 + 3, 0]);
	});

	it('out of a GGUF file merges as its lists say, within the pieces that texts are cut into', async () => {
		const tokens = ['<|end|>', 'a', 'b', 'Ġ', '1', '2', "'", 's', 'ab', 'Ġab', '12', "'s", 'S'];
		const metadata = new Map<string, GgufValue>([
			['tokenizer.ggml.model', 'gpt2'],
			['tokenizer.ggml.pre', 'qwen2'],
			['tokenizer.ggml.tokens', tokens],
			['tokenizer.ggml.token_type', tokens.map((_, id) => (id === 0 ? 3 : 1))],
			['tokenizer.ggml.merges', ['a b', 'Ġ ab', '1 2', "' s"]],
		]);
		const read = async (pre: string): Promise<LanguageTokenizer> =>
			createJsonTokenizer(
				readGgufTokenizer(
					{metadata: new Map([...metadata, ['tokenizer.ggml.pre', pre]])},
					'here',
				) as TokenizerFile,
				'here',
			);
		const names = (ids: readonly number[]): string[] => ids.map(id => tokens[id]!);
		const qwen = await read('qwen2');
		expect(names(qwen.encode("ab ab12ab's"))).toEqual(['ab', 'Ġab', '1', '2', 'ab', "'s"]);
		expect(names((await read('llama-bpe')).encode('ab12'))).toEqual(['ab', '12']);
		expect(qwen.decode(qwen.encode("ab ab12ab's", {}))).toBe("ab ab12ab's");
		expect(names(qwen.encode('ab<|end|>', {withSteering: true}))).toEqual(['ab', '<|end|>']);
	});
});
