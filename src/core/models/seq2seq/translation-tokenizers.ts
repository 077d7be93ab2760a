import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {PrecompiledCharsmap} from '../sentencepiece/precompiled-charsmap.js';
import {readSentencePiece} from '../sentencepiece/read-sentencepiece.js';
import {joinPieces, SentencePieceEncoder, SPACE_MARK} from '../sentencepiece/sentencepiece-encoder.js';
import {readJsonFile, type JsonObject} from './model-folder.js';
import type {Seq2seqDescription} from './seq2seq-description.js';
import type {EncodedSource, TranslationTokenizer} from './translation-tokenizer.js';
import {readVocabularies, type TokenIds, type Vocabularies} from './vocabulary.js';

/** Cuts the texts of one side. */
interface PieceCutter {
	/** With {@link SPACE_MARK} for spaces. */
	encode(text: string, options: {readonly continues: boolean}): readonly string[];
	/** The text as it is cut. */
	normalize(text: string, options: {readonly continues: boolean}): string;
}

/**
 * Opens the tokenizer of a built model.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT`, `MODEL_UNSUPPORTED`.
 */
export async function openTranslationTokenizer(
	directory: string,
	description: Seq2seqDescription,
): Promise<TranslationTokenizer> {
	const kind = description.tokenizer;
	const vocabularies = await readVocabularies(directory, kind);
	switch (kind) {
		case 'sentencepiece-pair': {
			const source = await openSentencePiece(join(directory, 'source.spm'));
			const target = await openSentencePiece(join(directory, 'target.spm'));
			return new PieceTokenizer(description, vocabularies, source, target);
		}
		case 'sentencepiece': {
			const cutter = await openSentencePiece(join(directory, 'sentencepiece.bpe.model'));
			return new PieceTokenizer(description, vocabularies, cutter, cutter);
		}
		case 'tokenizer-json': {
			const cutter = await openLibraryTokenizer(directory);
			return new PieceTokenizer(description, vocabularies, cutter, cutter);
		}
	}
}

async function openSentencePiece(path: string): Promise<PieceCutter> {
	return new SentencePieceEncoder(readSentencePiece(await readFile(path), path));
}

/** The part of the tokenizer library that is used; its own types do not resolve. */
interface LibraryTokenizer {
	encode(text: string, options: {readonly add_special_tokens: boolean}): {readonly tokens: readonly string[]};
}

/**
 * A `tokenizer.json` that marks the beginnings of words as SentencePiece does. The library normalises by rules of its
 * own where the file holds a map: texts are normalised by the map before, after which those rules find nothing to do.
 */
async function openLibraryTokenizer(directory: string): Promise<PieceCutter> {
	const file = await readJsonFile(directory, 'tokenizer.json');
	if (!JSON.stringify(file['pre_tokenizer'] ?? null).includes('Metaspace')) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`The tokenizer in ${directory} is of a kind that translation models do not use.`,
			{
				hint: 'Supported are tokenizers that mark the beginnings of words, as SentencePiece does.',
			},
		);
	}
	const charsmap = new PrecompiledCharsmap(findCharsmap(file));
	const library = (await import('@huggingface/tokenizers')) as unknown as {
		readonly Tokenizer: new (tokenizer: unknown, config: unknown) => LibraryTokenizer;
	};
	// Steering tokens that somebody writes into a text are text.
	const tokenizer = new library.Tokenizer({...file, added_tokens: []}, {});
	const clean = (text: string): string => charsmap.normalize(text).replaceAll(/ {2,}/g, ' ').trim();
	return {
		encode: (text, {continues}) => {
			const {tokens} = tokenizer.encode(clean(text), {add_special_tokens: false});
			const isGlued = continues && !/^\s/.test(text);
			return isGlued && tokens[0]?.startsWith(SPACE_MARK) === true
				? [tokens[0].slice(SPACE_MARK.length), ...tokens.slice(1)].filter(token => token !== '')
				: tokens;
		},
		normalize: (text, {continues}) => {
			const spaced = clean(text).replaceAll(' ', SPACE_MARK);
			return spaced !== '' && (!continues || /^\s/.test(text)) ? SPACE_MARK + spaced : spaced;
		},
	};
}

function findCharsmap(file: JsonObject): Uint8Array {
	const normalizers = [file['normalizer']].flatMap(normalizer => {
		const {normalizers: parts} = (normalizer ?? {}) as {normalizers?: unknown[]};
		return parts ?? [normalizer];
	});
	for (const normalizer of normalizers) {
		const {type, precompiled_charsmap: map} = (normalizer ?? {}) as {
			type?: string;
			precompiled_charsmap?: string;
		};
		if (type === 'Precompiled' && typeof map === 'string') return Buffer.from(map, 'base64');
	}
	return new Uint8Array();
}

/** Text to tokens by pieces that mark the beginnings of words, whatever cuts them. */
class PieceTokenizer implements TranslationTokenizer {
	readonly #description: Seq2seqDescription;
	readonly #vocabularies: Vocabularies;
	readonly #source: PieceCutter;
	readonly #target: PieceCutter;
	readonly #steering: ReadonlySet<number>;
	readonly #texts: ReadonlyMap<number, string>;

	constructor(
		description: Seq2seqDescription,
		vocabularies: Vocabularies,
		source: PieceCutter,
		target: PieceCutter,
	) {
		this.#description = description;
		this.#vocabularies = vocabularies;
		this.#source = source;
		this.#target = target;
		this.#steering = new Set(description.steeringTokens);
		this.#texts = new Map([...vocabularies.target].map(([text, id]) => [id, text]));
	}

	encodeSource(words: readonly string[], source: string, target: string): EncodedSource {
		const {sources, targets, targetTokenIn, endToken} = this.#description;
		const language = targetTokenIn === 'source' ? targets[target] : sources[source];
		const begin = typeof language === 'number' ? [language] : [];
		const pieces = this.#source.encode(words.join(''), {continues: false});
		return {
			tokens: [...begin, ...this.#toIds(pieces, this.#vocabularies.source), endToken],
			wordOf: [...begin.map(() => undefined), ...this.#wordsOf(pieces, words), undefined],
		};
	}

	encodeTarget(text: string, continues: boolean): number[] {
		return this.#toIds(this.#target.encode(text, {continues}), this.#vocabularies.target);
	}

	continuesWord(token: number): boolean {
		return !this.#steering.has(token) && /^[\p{L}\p{M}\p{N}]/u.test(this.#texts.get(token) ?? '');
	}

	decodeTarget(tokens: readonly number[]): string {
		return joinPieces(
			tokens.filter(token => !this.#steering.has(token)).map(token => this.#texts.get(token) ?? ''),
		);
	}

	#toIds(pieces: readonly string[], ids: TokenIds): number[] {
		return pieces.map(piece => {
			const id = ids.get(piece);
			// A word of a person that is written like a steering token is no such token.
			return id === undefined || this.#steering.has(id) ? this.#description.unknownToken : id;
		});
	}

	/** The word that each piece begins in, by counting characters of the normalised text. */
	#wordsOf(pieces: readonly string[], words: readonly string[]): number[] {
		const ends: number[] = [];
		for (const [index, word] of words.entries()) {
			const {length} = this.#source.normalize(word, {continues: index > 0});
			ends.push((ends.at(-1) ?? 0) + length);
		}
		let at = 0;
		let word = 0;
		return pieces.map(piece => {
			while (word < words.length - 1 && at >= ends[word]!) word++;
			at += piece.length;
			return word;
		});
	}
}
