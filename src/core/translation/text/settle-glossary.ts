import type {GlossaryEntry} from '../../engine/engine.js';
import {InfinisstError} from '../../errors.js';

/** More is no glossary for a talk, and each is looked for in every turn. */
export const MAX_GLOSSARY_TERMS = 10_000;

/** Of a term or its translation; the longest names of laws and organisations have half of it. */
export const MAX_TERM_CHARACTERS = 200;

/**
 * Trims the terms of a glossary; of one that comes twice the last stays.
 *
 * @param place - named in messages, such as `glossary of a message`; terms are not.
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function settleGlossary(entries: readonly GlossaryEntry[], place: string): readonly GlossaryEntry[] {
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
		settled.set(source.toLowerCase(), {source, target});
	}
	if (settled.size <= MAX_GLOSSARY_TERMS) return [...settled.values()];
	throw new InfinisstError('OPTION_INVALID', `${place} has more than ${MAX_GLOSSARY_TERMS} terms`, {
		hint: 'Keep those of this talk.',
	});
}

function findProblem(term: string): string | undefined {
	if (term === '') return 'is empty';
	if (term.length > MAX_TERM_CHARACTERS) return `has ${term.length} characters`;
	return /\p{Cc}/u.test(term) ? 'has a control character' : undefined;
}
