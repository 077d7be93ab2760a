import type {GlossaryEntry} from '../../engine/engine.js';
import {InfinisstError} from '../../errors.js';
import {parseLanguage} from '../../language/parse-language.js';

/** More is no glossary for a talk, and each is looked for in every turn. */
export const MAX_GLOSSARY_TERMS = 10_000;

/** Of a term or its translation; the longest names of laws and organisations have half of it. */
export const MAX_TERM_CHARACTERS = 200;

/** A term as somebody wrote it. */
interface GivenTerm {
	readonly source: string;
	readonly target: string;
	readonly language?: string | undefined;
}

/**
 * Trims the terms of a glossary and turns names of languages into codes; of one that comes twice for a language the last
 * stays.
 *
 * @param place - named in messages, such as `glossary of a message`; terms are not.
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function settleGlossary(entries: readonly GivenTerm[], place: string): readonly GlossaryEntry[] {
	const settled = new Map<string, GlossaryEntry>();
	for (const [index, entry] of entries.entries()) {
		const source = entry.source.trim();
		const target = entry.target.trim();
		for (const term of [source, target]) {
			const problem = findProblem(term);
			if (problem === undefined) continue;
			throw new InfinisstError('OPTION_INVALID', `Term ${index + 1} of ${place} ${problem}`, {
				hint: `A term and its translation have 1 to ${MAX_TERM_CHARACTERS} characters, none of them a line break or a tab.`,
			});
		}
		const language = entry.language?.trim() ?? '';
		const code = language === '' ? undefined : codeOf(language, `Term ${index + 1} of ${place}`);
		settled.set(`${source.toLowerCase()}\t${code ?? ''}`, {
			source,
			target,
			...(code !== undefined && {language: code}),
		});
	}
	if (settled.size <= MAX_GLOSSARY_TERMS) return [...settled.values()];
	throw new InfinisstError('OPTION_INVALID', `${place} has more than ${MAX_GLOSSARY_TERMS} terms`, {
		hint: 'Keep those of this talk.',
	});
}

/**
 * The terms that hold for a target: those of its language, and of the others that have no language those that the language
 * says nothing about.
 */
export function glossaryOf(target: string, entries: readonly GlossaryEntry[]): readonly GlossaryEntry[] {
	if (entries.every(({language}) => language === undefined)) return entries;
	const own = entries.filter(({language}) => language === target);
	const said = new Set(own.map(({source}) => source.toLowerCase()));
	return [
		...own,
		...entries.filter(({source, language}) => language === undefined && !said.has(source.toLowerCase())),
	];
}

/** @param place - what names the language. @throws {InfinisstError} `OPTION_INVALID`. */
export function codeOf(language: string, place: string): string {
	try {
		return parseLanguage(language).code;
	} catch (cause) {
		const hint = InfinisstError.is(cause) ? cause.hint : undefined;
		throw new InfinisstError('OPTION_INVALID', `${place} names no language that is known`, {
			...(hint !== undefined && {hint}),
			cause,
		});
	}
}

function findProblem(term: string): string | undefined {
	if (term === '') return 'is empty';
	if (term.length > MAX_TERM_CHARACTERS) return `has ${term.length} characters`;
	return /\p{Cc}/u.test(term) ? 'has a control character' : undefined;
}
