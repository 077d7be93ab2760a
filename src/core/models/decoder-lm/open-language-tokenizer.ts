import {readFile} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {createJsonTokenizer} from './json-tokenizer.js';
import type {LanguageTokenizer} from './language-tokenizer.js';
import {createSentencePieceTokenizer} from './sentence-piece-tokenizer.js';
import type {SentencePieceFile, TokenizerFile} from './tokenizer-file.js';

/**
 * Opens a `tokenizer.json`, of the tokenizers library or of our own kind.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if it cannot be read; `MODEL_UNSUPPORTED` for kinds that are not known.
 */
export async function openLanguageTokenizer(path: string): Promise<LanguageTokenizer> {
	let file: TokenizerFile | SentencePieceFile;
	try {
		file = JSON.parse(await readFile(path, 'utf8')) as TokenizerFile | SentencePieceFile;
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read`, {
			cause,
			hint: 'Run `infinisst models verify`, and pull the model again if it complains.',
		});
	}
	return 'pieces' in file ? createSentencePieceTokenizer(file) : createJsonTokenizer(file, path);
}
