import {unitOfLanguage} from '../../../language/language-table.js';
import {sentenceGap, splitUnits} from '../cascade/target-pieces.js';
import type {SourceWord, TargetWord} from '../text-translator.js';

/** A token of an answer. */
export interface AnswerToken {
	readonly token: number;
	readonly probability: number;
}

/** What one answer has come to. */
export interface Answer {
	/** What it translates; not empty. */
	readonly source: readonly SourceWord[];
	readonly tokens: readonly AnswerToken[];
	/** Characters of its text that became words. */
	readonly told: number;
	/** Whether nothing follows. */
	readonly isOver: boolean;
}

/**
 * Words of an answer that are whole: all but the last while more may follow it.
 *
 * @param text - of the answer so far. @param ratio - expected length of a translation by that of its source.
 */
export function takeWords(
	answer: Answer,
	{text, target, ratio}: {readonly text: string; readonly target: string; readonly ratio: number},
): {readonly words: readonly TargetWord[]; readonly told: number; readonly tail: string} {
	const isSpaced = unitOfLanguage(target) === 'word';
	const rest = text.slice(answer.told);
	const pieces = [...(isSpaced ? (rest.match(SPACED) ?? []) : splitUnits(rest, target))];
	const gapBefore = (piece: string, before: string): string =>
		isSpaced ? gapOfWords(piece, target) : gapOfCharacters(piece, before, target);
	const last = answer.isOver ? '' : (pieces.pop() ?? '');
	const probability = meanProbability(answer.tokens);
	let end = answer.told;
	const words: TargetWord[] = [];
	for (const piece of pieces) {
		end += piece.length;
		const written = piece.trim();
		if (written === '') continue;
		const heard = findSource(answer, {middle: end - piece.length / 2, length: text.length, ratio});
		words.push({
			text: gapBefore(piece, text.slice(0, end - piece.length)) + written,
			startMs: heard.startMs,
			endMs: heard.endMs,
			probability,
		});
	}
	const open = last.trim();
	return {words, told: end, tail: open === '' ? '' : gapBefore(last, text.slice(0, end)) + open};
}

/** A space, but not before marks that close, where a small model writes "dich ." as two words. */
function gapOfWords(piece: string, target: string): string {
	const closing = target === 'fr' ? /^\s*[.,…)\]]+\s*$/u : /^\s*[.,;:!?…)\]]+\s*$/u;
	return closing.test(piece) ? '' : ' ';
}

/**
 * What stands before a piece of a language that is counted in characters: between two answers what stands between
 * sentences, within one what the model wrote; but beside a character of Chinese or Japanese nothing.
 */
function gapOfCharacters(piece: string, before: string, target: string): string {
	const gap = sentenceGap(target);
	if (before.trim() === '') return gap;
	if (!/^\s/.test(piece)) return '';
	const isBesideName = /^\s*[\p{Script=Latn}\p{N}]/u.test(piece) || /[\p{Script=Latn}\p{N}]$/u.test(before);
	return isBesideName ? ' ' : gap;
}

const SPACED = /\s*\S+\s*/gu;

/**
 * The word said at the same place of the text: a language model does not tell what it looked at. While an answer grows
 * its length is guessed from that of its source.
 */
function findSource(
	{source, isOver}: Answer,
	{middle, length, ratio}: {readonly middle: number; readonly length: number; readonly ratio: number},
): SourceWord {
	const sourceLength = source.reduce((sum, {text}) => sum + text.length, 0);
	const place = (middle / (isOver ? length : Math.max(length, sourceLength * ratio))) * sourceLength;
	let passed = 0;
	for (const word of source) {
		passed += word.text.length;
		if (passed >= place) return word;
	}
	return source.at(-1)!;
}

function meanProbability(tokens: readonly AnswerToken[]): number {
	const logs = tokens.reduce((sum, {probability}) => sum + Math.log(Math.max(probability, 1e-9)), 0);
	return tokens.length === 0 ? 1 : Math.exp(logs / tokens.length);
}
