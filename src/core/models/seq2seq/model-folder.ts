import {existsSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {TokenizerKind} from './seq2seq-description.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON file of a model's folder; empty if it is not there. @throws {InfinisstError} `MODEL_CORRUPT`. */
export async function readJsonFile(directory: string, name: string): Promise<JsonObject> {
	const path = join(directory, name);
	if (!existsSync(path)) return {};
	try {
		return JSON.parse(await readFile(path, 'utf8')) as JsonObject;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `The JSON of ${path} cannot be read`, {
			cause,
			hint: 'Remove the model and pull it again.',
		});
	}
}

/** Files that each kind of tokenizer needs, the best kind first; those in the second list may be absent. */
export const TOKENIZER_FILES: Readonly<
	Record<TokenizerKind, {readonly required: readonly string[]; readonly optional: readonly string[]}>
> = {
	'sentencepiece-pair': {
		required: ['source.spm', 'target.spm', 'vocab.json'],
		optional: ['target_vocab.json'],
	},
	sentencepiece: {
		required: ['sentencepiece.bpe.model', 'vocab.json'],
		optional: ['added_tokens.json', 'special_tokens_map.json'],
	},
	'tokenizer-json': {required: ['tokenizer.json'], optional: []},
};

/** @throws {InfinisstError} `MODEL_UNSUPPORTED` if the folder holds no tokenizer of a kind that is known. */
export function findTokenizer(directory: string): TokenizerKind {
	const kinds = Object.keys(TOKENIZER_FILES) as TokenizerKind[];
	const found = kinds.find(kind =>
		TOKENIZER_FILES[kind].required.every(name => existsSync(join(directory, name))),
	);
	if (found !== undefined) return found;
	throw new InfinisstError('MODEL_UNSUPPORTED', `${directory} holds no tokenizer.`, {
		hint: 'Put source.spm, target.spm and vocab.json, or tokenizer.json, beside the weights.',
	});
}

/** What the model may be called after: where it was trained or saved, and its folder. */
export function possibleNames(config: JsonObject, directory: string): string[] {
	const saved = config['_name_or_path'];
	// The store keeps the weights of a model in a folder below the one with its name.
	return [typeof saved === 'string' ? saved : '', basename(directory), basename(dirname(directory))];
}
