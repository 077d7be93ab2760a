import {findLanguage, unitOfLanguage} from '../../../language/language-table.js';

/** A token of a translation, with what is known of it. */
export interface WrittenToken {
	readonly token: number;
	readonly logProbability: number;
	/** How much it stands for each word of the open source, by place; undefined where nobody knows. */
	readonly words: readonly number[] | undefined;
}

/** Tokens that are committed together: a word, or a token of a language that is counted in characters. */
export interface TargetPiece {
	/** With its leading space, if any. */
	readonly text: string;
	readonly tokens: readonly WrittenToken[];
}

/**
 * Cuts a translation into pieces, between which it may be committed: before a space, or before any token in languages
 * that are counted in characters. A character that is spread over tokens stays whole.
 *
 * @param committed - tokens before, which have been told. @param decode - text of tokens from the beginning on.
 */
export function cutPieces(
	committed: readonly number[],
	tokens: readonly WrittenToken[],
	target: string,
	decode: (tokens: readonly number[]) => string,
): TargetPiece[] {
	const isCharacters = unitOfLanguage(target) === 'character';
	const all = [...committed, ...tokens.map(({token}) => token)];
	const whole = decode(all);
	const pieces: {text: string; tokens: WrittenToken[]}[] = [];
	let told = decode(committed).length;
	let open: WrittenToken[] = [];
	for (const [place, written] of tokens.entries()) {
		open.push(written);
		const isLast = place === tokens.length - 1;
		const text = decode(all.slice(0, committed.length + place + 1));
		// A character that is not whole yet reads otherwise than it will.
		if (!isLast && !whole.startsWith(text)) continue;
		const isBoundary = isLast || isCharacters || /^\s/.test(whole.slice(text.length));
		const piece = whole.slice(told, isLast ? undefined : text.length);
		if (!isBoundary || (piece.trim() === '' && !isLast)) continue;
		// What writes nothing at the end belongs to what it follows.
		if (piece.trim() !== '') pieces.push({text: piece, tokens: open});
		else pieces.at(-1)?.tokens.push(...open);
		told += piece.length;
		open = [];
	}
	return pieces;
}

/** Characters with their marks; names and numbers within a language without spaces stay whole. */
const UNSPACED = /\s*(?:[\p{Script=Latn}\p{N}]+|\S\p{M}*)/gu;

/** The words that a piece's text is told as: itself, or its characters. */
export function splitUnits(text: string, target: string): readonly string[] {
	return unitOfLanguage(target) === 'word' ? [text] : (text.match(UNSPACED) ?? []);
}

/** What stands between two sentences. */
export function sentenceGap(target: string): string {
	return findLanguage(target)?.joinsWithoutSpaces === true ? '' : ' ';
}
