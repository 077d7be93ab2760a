import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {GgufFile} from '../formats/gguf.js';
import type {BuiltDescription} from './built-description.js';

type TextFacts = BuiltDescription['text'];
type Config = Readonly<Record<string, unknown>>;

/** Where texts begin and end, and how a dialogue is written, from the files beside the weights or in the GGUF file. */
export async function readTextFacts(
	directory: string,
	gguf: Pick<GgufFile, 'metadata'> | undefined,
): Promise<TextFacts> {
	return gguf === undefined ? readFromFiles(directory) : readFromGguf(gguf);
}

/** Ends of a turn in dialogues, which older files do not name as such: llama.cpp knows them by these texts, too. */
const TURN_ENDS = ['<|eot_id|>', '<|im_end|>', '<|end|>', '<end_of_turn>'];

function findEnds(tokens: unknown): number[] {
	if (!Array.isArray(tokens)) return [];
	return TURN_ENDS.map(text => tokens.indexOf(text)).filter(id => id >= 0);
}

const LLAMA3_PRE_TOKENIZERS = new Set<unknown>(['llama-bpe', 'llama3', 'llama-v3']);

function readFromGguf({metadata}: Pick<GgufFile, 'metadata'>): TextFacts {
	const id = (key: string): number[] => toIds(metadata.get(`tokenizer.ggml.${key}_token_id`));
	const template = metadata.get('tokenizer.chat_template');
	// Where files do not say: SentencePiece and Llama 3 begin texts so, other byte-level tokenizers do not (llama-vocab.cpp).
	const beginsTexts =
		metadata.get('tokenizer.ggml.model') !== 'gpt2' ||
		LLAMA3_PRE_TOKENIZERS.has(metadata.get('tokenizer.ggml.pre'));
	return {
		beginToken:
			(metadata.get('tokenizer.ggml.add_bos_token') ?? beginsTexts) === true ? id('bos')[0] : undefined,
		endTokens: unique([
			...id('eos'),
			...id('eot'),
			...id('eom'),
			...findEnds(metadata.get('tokenizer.ggml.tokens')),
		]),
		chatTemplate: typeof template === 'string' ? template : undefined,
	};
}

async function readFromFiles(directory: string): Promise<TextFacts> {
	const [whole, generation, tokenizer, tokens] = (await Promise.all(
		['config.json', 'generation_config.json', 'tokenizer_config.json', 'tokenizer.json'].map(name =>
			readJson(join(directory, name)),
		),
	)) as [Config, Config, Config, Config];
	const inner = whole['text_config'];
	const config = isRecord(inner) ? {...inner, ...whole} : whole;
	const written = writtenTokens(tokens);
	const named = (key: string): number[] => {
		const token = tokenizer[key];
		const text = isRecord(token) ? token['content'] : token;
		return toIds(typeof text === 'string' ? written.get(text) : undefined);
	};
	const template = tokenizer['chat_template'] ?? (await readText(join(directory, 'chat_template.jinja')));
	const addsBegin = tokenizer['add_bos_token'] !== false && tokenizer['bos_token'] !== null;
	return {
		beginToken: addsBegin
			? ([...named('bos_token'), ...toIds(config['bos_token_id'])][0] ?? undefined)
			: undefined,
		endTokens: unique([
			...toIds(generation['eos_token_id']),
			...toIds(config['eos_token_id']),
			...named('eos_token'),
		]),
		chatTemplate: typeof template === 'string' ? template : undefined,
	};
}

function writtenTokens(tokenizer: Config): Map<string, number> {
	const added = tokenizer['added_tokens'];
	return new Map(
		(Array.isArray(added) ? (added as readonly {content: string; id: number}[]) : []).map(
			({content, id}) => [content, id] as const,
		),
	);
}

function toIds(value: unknown): number[] {
	const list: unknown[] = Array.isArray(value) ? value : [value];
	return list.filter(item => Number.isInteger(item)) as number[];
}

function unique(ids: readonly number[]): number[] {
	return [...new Set(ids)];
}

/** Undefined if it is not there: newer checkpoints have their template in a file of its own. */
async function readText(path: string): Promise<string | undefined> {
	return readFile(path, 'utf8').catch(() => undefined);
}

/** Empty if it is not there: none of these files is needed. */
async function readJson(path: string): Promise<Config> {
	try {
		const value: unknown = JSON.parse(await readFile(path, 'utf8'));
		return isRecord(value) ? value : {};
	} catch {
		return {};
	}
}

function isRecord(value: unknown): value is Config {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
