import type {GlossaryEntry} from '../../engine/engine.js';
import {InfinisstError} from '../../errors.js';
import {codeOf, settleGlossary} from './settle-glossary.js';

/**
 * Reads a glossary: a term and its translation in each line, a tab between them, and behind another tab perhaps the
 * language that the translation is in. Empty lines and those that begin with
 * `#` are left out; of a term that comes twice the last stays.
 *
 * @param place - named in messages.
 * @throws {InfinisstError} `OPTION_INVALID` with the line that is wrong.
 */
export function parseGlossary(text: string, place: string): readonly GlossaryEntry[] {
	const entries: GlossaryEntry[] = [];
	for (const [index, line] of text
		.replace(/^\u{FEFF}/u, '')
		.split(/\r?\n/)
		.entries()) {
		if (line.trim() === '' || line.startsWith('#')) continue;
		const [source = '', target = '', language = '', ...more] = line.split('\t').map(part => part.trim());
		if (source === '' || target === '' || more.some(part => part !== '')) {
			throw new InfinisstError(
				'OPTION_INVALID',
				`Line ${index + 1} of ${place} is no term with its translation`,
				{
					hint: 'Write the term, a tab, and the translation; behind another tab perhaps the language it is in.',
				},
			);
		}
		entries.push({
			source,
			target,
			...(language !== '' && {language: codeOf(language, `Line ${index + 1} of ${place}`)}),
		});
	}
	return settleGlossary(entries, place);
}
