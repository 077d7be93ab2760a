import {readFile} from 'node:fs/promises';
import {resolve} from 'node:path';

import type {GlossaryEntry} from '../../../core/engine/engine.js';
import {InfinisstError} from '../../../core/errors.js';
import {parseGlossary} from '../../../core/translation/text/parse-glossary.js';

/**
 * Reads a glossary.
 *
 * @param file - as given.
 * @throws {InfinisstError} `INPUT_UNREADABLE`; `OPTION_INVALID` with the line that is wrong.
 */
export async function readGlossary(file: string, cwd: string): Promise<readonly GlossaryEntry[]> {
	let text: string;
	try {
		text = await readFile(resolve(cwd, file), 'utf8');
	} catch (cause) {
		throw new InfinisstError('INPUT_UNREADABLE', `The glossary "${file}" cannot be read`, {
			hint: 'Name a file with a term and its translation in each line, a tab between them.',
			cause,
		});
	}

	return parseGlossary(text, file);
}
