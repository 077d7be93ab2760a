import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {WHISPER_FILES} from './whisper-files.js';
import type {WhisperDescription} from './whisper-description.js';
import {WhisperVocabulary} from './whisper-vocabulary.js';

export function modelFile(graphsDirectory: string, file: keyof typeof WHISPER_FILES): string {
	return join(graphsDirectory, WHISPER_FILES[file]);
}

/** @throws {InfinisstError} `MODEL_CORRUPT` if the file is missing or damaged. */
export async function readDescription(graphsDirectory: string): Promise<WhisperDescription> {
	return (await readJson(modelFile(graphsDirectory, 'description'))) as WhisperDescription;
}

/** @throws {InfinisstError} `MODEL_CORRUPT` if the file is missing or damaged. */
export async function readVocabulary(graphsDirectory: string): Promise<WhisperVocabulary> {
	return new WhisperVocabulary((await readJson(modelFile(graphsDirectory, 'vocabulary'))) as string[]);
}

/** The part of the tokenizer library that is used; its own types do not resolve. */
interface TextEncoder {
	encode(text: string, options: {readonly add_special_tokens: boolean}): {readonly ids: readonly number[]};
}

/** Loads the tokenizer: from text to tokens, without steering tokens. */
export async function openTokenizer(graphsDirectory: string): Promise<(text: string) => number[]> {
	const library = (await import('@huggingface/tokenizers')) as unknown as {
		readonly Tokenizer: new (tokenizer: unknown, config: unknown) => TextEncoder;
	};
	const tokenizer = new library.Tokenizer(await readJson(modelFile(graphsDirectory, 'tokenizer')), {});
	return text => [...tokenizer.encode(text, {add_special_tokens: false}).ids];
}

async function readJson(path: string): Promise<unknown> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as unknown;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
		});
	}
}
