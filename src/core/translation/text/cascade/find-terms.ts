import type {GlossaryEntry} from '../../../engine/engine.js';
import {unitOfLanguage} from '../../../language/language-table.js';

/** Words that a term may have before its last; more are looked for in vain. */
const LONGEST_BEGINNING = 8;

/** A term of the glossary in a source text. */
export interface FoundTerm {
	readonly entry: GlossaryEntry;
	/** Places of the words it stands in, the last one included. */
	readonly from: number;
	readonly to: number;
}

/**
 * The terms of a glossary in a text, in order; where several begin in the same word the longest, and none within another.
 * Case does not matter; a term is found where words begin and end, in languages that write spaces.
 *
 * @param words - with their leading spaces.
 */
export function findTerms(
	words: readonly string[],
	glossary: readonly GlossaryEntry[],
	language: string,
): FoundTerm[] {
	if (glossary.length === 0) return [];
	const text = fold(words.join(''));
	const wordAt = words.flatMap((word, place) => Array.from({length: fold(word).length}, () => place));
	const isSpaced = unitOfLanguage(language) === 'word';
	const found = glossary.flatMap(entry => {
		const term = fold(entry.source.trim());
		return placesOf(text, term, isSpaced).map(at => ({
			entry,
			at,
			length: term.length,
			from: wordAt[at]!,
			to: wordAt[at + term.length - 1]!,
		}));
	});
	found.sort((a, b) => a.at - b.at || b.length - a.length);
	let end = 0;
	return found
		.filter(({at, length}) => {
			const isFree = at >= end;
			if (isFree) end = at + length;
			return isFree;
		})
		.map(({entry, from, to}) => ({entry, from, to}));
}

/** How many words at the end of a text may be the beginning of a term, the rest of which was not said yet. */
export function countBegunWords(
	words: readonly string[],
	glossary: readonly GlossaryEntry[],
	language: string,
): number {
	if (glossary.length === 0) return 0;
	const isSpaced = unitOfLanguage(language) === 'word';
	let text = '';
	let count = 0;
	for (let from = words.length - 1; from >= Math.max(0, words.length - LONGEST_BEGINNING); from--) {
		text = fold(words[from]! + text);
		const begun = text.trim();
		const isBegun = glossary.some(({source}) => {
			const term = fold(source.trim());
			return (
				term.length > begun.length && term.startsWith(begun) && (!isSpaced || term[begun.length] === ' ')
			);
		});
		if (isBegun) count = words.length - from;
	}
	return count;
}

/** How often a term stands in a text. */
export function countTerm(text: string, term: string, language: string): number {
	return placesOf(fold(text), fold(term.trim()), unitOfLanguage(language) === 'word').length;
}

/** Whether a term stands in a text, with whatever ending: who declines it has kept to it. */
export function hasTerm(text: string, term: string, language: string): boolean {
	const written = fold(text);
	const sought = fold(term.trim());
	const isSpaced = unitOfLanguage(language) === 'word';
	for (let at = written.indexOf(sought); at >= 0; at = written.indexOf(sought, at + 1)) {
		if (!isSpaced || !endsInWord(written.slice(0, at))) return true;
	}
	return false;
}

function placesOf(text: string, term: string, isSpaced: boolean): number[] {
	const places: number[] = [];
	if (term === '') return places;
	for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + term.length)) {
		const isWhole =
			!isSpaced || (!endsInWord(text.slice(0, at)) && !beginsInWord(text.slice(at + term.length)));
		if (isWhole) places.push(at);
	}
	return places;
}

function endsInWord(text: string): boolean {
	return /[\p{L}\p{M}\p{N}]$/u.test(text);
}

function beginsInWord(text: string): boolean {
	return /^[\p{L}\p{M}\p{N}]/u.test(text);
}

function fold(text: string): string {
	return text.toLowerCase();
}
