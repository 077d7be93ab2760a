import type {GlossaryEntry} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';

/** Of a message with a glossary: 10 000 terms of a hundred characters, translations and punctuation included. */
export const MAX_GLOSSARY_CHARACTERS = 1024 * 1024;

/**
 * Glossaries a client may send in all, characters: what is not translated yet is kept for a replica that takes over, and
 * memory is bounded. Ten of the largest; a thousand of a hundred terms.
 */
const MAX_GLOSSARIES_CHARACTERS = 4 * MAX_GLOSSARY_CHARACTERS;

/** Counts the glossaries of one session. */
export class GlossaryBudget {
	#characters = 0;

	/** @throws {InfinisstError} `LIMIT_EXCEEDED` when this one would be too many; it is not counted then. */
	take(glossary: readonly GlossaryEntry[]): void {
		const characters = glossary.reduce((sum, {source, target}) => sum + source.length + target.length, 0);
		if (this.#characters + characters > MAX_GLOSSARIES_CHARACTERS) {
			throw new InfinisstError(
				'LIMIT_EXCEEDED',
				`The glossaries of a session may have ${MAX_GLOSSARIES_CHARACTERS} characters in all`,
				{hint: 'Send only what is needed for this talk; this one was left out.'},
			);
		}
		this.#characters += characters;
	}
}
