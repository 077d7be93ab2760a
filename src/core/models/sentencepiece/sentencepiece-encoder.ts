import {PrecompiledCharsmap} from './precompiled-charsmap.js';
import type {Piece, SentencePieceModel} from './read-sentencepiece.js';

/** Stands for a space. */
export const SPACE_MARK = '\u2581';

/** What an unknown character costs below the worst piece (`kUnkPenalty` of SentencePiece). */
const UNKNOWN_PENALTY = 10;

/** Cuts texts into the pieces of a SentencePiece model. */
export class SentencePieceEncoder {
	readonly #model: SentencePieceModel;
	readonly #charsmap: PrecompiledCharsmap;
	/** Pieces that texts may be cut into. */
	readonly #scores: ReadonlyMap<string, number>;
	/** In UTF-16 units. */
	readonly #longestPiece: number;
	readonly #unknownScore: number;

	constructor(model: SentencePieceModel) {
		this.#model = model;
		this.#charsmap = new PrecompiledCharsmap(model.charsmap);
		const written = model.pieces.filter(({kind}) => kind === 'normal');
		const largest = written.reduce((score, piece) => Math.max(score, piece.score), -Infinity);
		const smallest = written.reduce((score, piece) => Math.min(score, piece.score), Infinity);
		this.#unknownScore = smallest - UNKNOWN_PENALTY;
		this.#scores = new Map(
			model.pieces
				.filter(({kind}) => kind === 'normal' || kind === 'user-defined')
				.map(piece => [piece.text, scoreOf(piece, largest)]),
		);
		this.#longestPiece = [...this.#scores.keys()].reduce((length, text) => Math.max(length, text.length), 1);
	}

	/**
	 * @param continues - the text stands behind another: a space before it is kept, and none is put there.
	 * @returns with {@link SPACE_MARK} for spaces; unknown characters, a whole run of them in one piece, as they are.
	 */
	encode(text: string, {continues = false}: {readonly continues?: boolean} = {}): string[] {
		const normal = this.normalize(text, {continues});
		if (normal === '') return [];
		const cut = this.#model.algorithm === 'unigram' ? this.#cutUnigram(normal) : this.#cutBytePairs(normal);
		return this.#model.byteFallback ? cut.flatMap(piece => this.#toBytes(piece)) : this.#joinUnknown(cut);
	}

	/** The text as it is cut, {@link SPACE_MARK} for spaces. */
	normalize(text: string, {continues = false}: {readonly continues?: boolean} = {}): string {
		const {addDummyPrefix, removeExtraWhitespaces} = this.#model;
		let normal = '';
		let isAfterSpace = removeExtraWhitespaces && !continues;
		for (const part of this.#charsmap.parts(text)) {
			const kept = isAfterSpace ? part.replace(/^ +/, '') : part;
			if (kept === '') continue;
			normal += kept;
			isAfterSpace = removeExtraWhitespaces && kept.endsWith(' ');
		}
		if (removeExtraWhitespaces) normal = normal.replace(/ +$/, '');
		if (normal === '') return '';
		return (addDummyPrefix && !continues ? SPACE_MARK : '') + normal.replaceAll(' ', SPACE_MARK);
	}

	/** The likeliest cut (Kudo 2018, Viterbi). Sums are of single precision, as in SentencePiece, so that ties are ties. */
	#cutUnigram(text: string): string[] {
		const bestScore = new Float32Array(text.length + 1).fill(-Infinity);
		const bestFrom = new Int32Array(text.length + 1).fill(-1);
		bestScore[0] = 0;
		const offer = (from: number, to: number, score: number): void => {
			const sum = Math.fround(bestScore[from]! + Math.fround(score));
			if (bestFrom[to]! >= 0 && sum <= bestScore[to]!) return;
			bestScore[to] = sum;
			bestFrom[to] = from;
		};
		for (let from = 0; from < text.length; from += lengthAt(text, from)) {
			const character = lengthAt(text, from);
			let isKnown = false;
			const end = Math.min(text.length, from + this.#longestPiece);
			for (let to = from + character; to <= end; to += lengthAt(text, to)) {
				const score = this.#scores.get(text.slice(from, to));
				if (score !== undefined) {
					offer(from, to, score);
					isKnown ||= to === from + character;
				}
				if (to === text.length) break;
			}
			if (!isKnown) offer(from, from + character, this.#unknownScore);
		}
		const pieces: string[] = [];
		for (let to = text.length; to > 0; to = bestFrom[to]!) pieces.push(text.slice(bestFrom[to], to));
		return pieces.reverse();
	}

	/** Neighbours become one, those of the highest score first and from the left (Sennrich et al. 2016). */
	#cutBytePairs(text: string): string[] {
		const symbols = Array.from(text);
		for (;;) {
			let best = -Infinity;
			let place = -1;
			for (let index = 0; index + 1 < symbols.length; index++) {
				const score = this.#scores.get(symbols[index]! + symbols[index + 1]!);
				if (score !== undefined && score > best) {
					best = score;
					place = index;
				}
			}
			if (place < 0) return symbols;
			symbols.splice(place, 2, symbols[place]! + symbols[place + 1]!);
		}
	}

	#joinUnknown(pieces: readonly string[]): string[] {
		const joined: string[] = [];
		let isAfterUnknown = false;
		for (const piece of pieces) {
			const isUnknown = !this.#scores.has(piece);
			if (isUnknown && isAfterUnknown) joined.push(joined.pop()! + piece);
			else joined.push(piece);
			isAfterUnknown = isUnknown;
		}
		return joined;
	}

	#toBytes(piece: string): string[] {
		if (this.#scores.has(piece)) return [piece];
		return [...new TextEncoder().encode(piece)].map(
			byte => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
		);
	}
}

/** Symbols that a user added win over whatever they could be cut into. */
function scoreOf({kind, score, text}: Piece, largest: number): number {
	return kind === 'user-defined' ? Array.from(text).length * largest - 0.1 : score;
}

/** UTF-16 units of the character at a place; 1 at the end. */
function lengthAt(text: string, at: number): number {
	return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/;

/** The text of a run of pieces, without a space at its beginning. */
export function joinPieces(pieces: readonly string[]): string {
	const bytes: number[] = [];
	const encoder = new TextEncoder();
	for (const piece of pieces) {
		const byte = BYTE_PIECE.exec(piece)?.[1];
		if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
		else bytes.push(...encoder.encode(piece.replaceAll(SPACE_MARK, ' ')));
	}
	return new TextDecoder().decode(Uint8Array.from(bytes)).replace(/^ /, '');
}
