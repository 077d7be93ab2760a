import {InfinisstError} from '../../errors.js';
import {readJsonFile, type JsonObject} from './model-folder.js';
import type {TokenizerKind} from './seq2seq-description.js';

/** Ids of tokens by what is written for them. */
export type TokenIds = ReadonlyMap<string, number>;

export interface Vocabularies {
	readonly source: TokenIds;
	/** The same one in most models. */
	readonly target: TokenIds;
	/** Tokens that are no text of people, by what is written for them: ends, fillers, languages. */
	readonly special: TokenIds;
}

/** @throws {InfinisstError} `MODEL_CORRUPT` if the files do not hold what they should. */
export async function readVocabularies(directory: string, kind: TokenizerKind): Promise<Vocabularies> {
	switch (kind) {
		case 'sentencepiece-pair': {
			const source = idsOf(await readJsonFile(directory, 'vocab.json'), directory);
			const own = await readJsonFile(directory, 'target_vocab.json');
			const target = Object.keys(own).length === 0 ? source : idsOf(own, directory);
			return {source, target, special: pick(source, SPECIAL_OF_MARIAN)};
		}
		case 'sentencepiece': {
			const ids = new Map(idsOf(await readJsonFile(directory, 'vocab.json'), directory));
			const added = await readAddedTokens(directory, ids.size);
			for (const [text, id] of added) ids.set(text, id);
			return {source: ids, target: ids, special: new Map([...pick(ids, STEERING), ...added])};
		}
		case 'tokenizer-json': {
			const file = await readJsonFile(directory, 'tokenizer.json');
			const added = addedOf(file, () => true);
			const ids = new Map([...modelVocabulary(file, directory), ...added]);
			return {
				source: ids,
				target: ids,
				special: new Map([
					...pick(ids, SPECIAL_OF_MARIAN),
					...addedOf(file, ({special}) => special === true),
				]),
			};
		}
	}
}

const STEERING = /^<\/?(s|pad|unk|mask)>$/;

/** Languages stand among the words there. */
const SPECIAL_OF_MARIAN = /^(<\/?(s|pad|unk|mask)>|>>.+<<)$/;

function pick(ids: TokenIds, pattern: RegExp): TokenIds {
	return new Map([...ids].filter(([text]) => pattern.test(text)));
}

function idsOf(file: JsonObject, directory: string): TokenIds {
	const entries = Object.entries(file).filter(
		(entry): entry is [string, number] => typeof entry[1] === 'number',
	);
	if (entries.length === 0) {
		throw new InfinisstError('MODEL_CORRUPT', `The vocabulary in ${directory} lists no tokens.`, {
			hint: 'Remove the model and pull it again.',
		});
	}
	return new Map(entries);
}

/** Languages of M2M-100 stand behind the words of `vocab.json`, in the order in which they are listed. */
async function readAddedTokens(directory: string, first: number): Promise<TokenIds> {
	const given = await readJsonFile(directory, 'added_tokens.json');
	const entries = Object.entries(given).filter(
		(entry): entry is [string, number] => typeof entry[1] === 'number',
	);
	if (entries.length > 0) return new Map(entries);
	const {additional_special_tokens: listed} = await readJsonFile(directory, 'special_tokens_map.json');
	const texts = Array.isArray(listed) ? listed.map(contentOf) : [];
	return new Map(texts.map((text, place) => [text, first + place]));
}

function contentOf(token: unknown): string {
	return typeof token === 'string' ? token : (token as {content: string}).content;
}

interface AddedToken {
	readonly content: string;
	readonly id: number;
	readonly special?: boolean;
}

function addedOf(file: JsonObject, isWanted: (token: AddedToken) => boolean): TokenIds {
	const added = file['added_tokens'];
	if (!Array.isArray(added)) return new Map();
	return new Map((added as AddedToken[]).filter(isWanted).map(({content, id}) => [content, id]));
}

/** By text (BPE), or a list of texts with scores (unigram). */
function modelVocabulary(file: JsonObject, directory: string): TokenIds {
	const model = file['model'] as {vocab?: unknown} | undefined;
	const vocabulary = model?.vocab;
	if (Array.isArray(vocabulary))
		return new Map((vocabulary as [string, number][]).map(([text], id) => [text, id]));
	return idsOf((vocabulary ?? {}) as JsonObject, directory);
}
