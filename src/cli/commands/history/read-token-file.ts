import {readFile} from 'node:fs/promises';

import {InfinisstError} from '../../../core/errors.js';

/** @throws {InfinisstError} `INPUT_UNREADABLE`. */
export async function readTokenFile(path: string): Promise<string> {
	try {
		return (await readFile(path, 'utf8')).trim();
	} catch (error) {
		throw new InfinisstError('INPUT_UNREADABLE', `Cannot read the token in ${path}`, {
			hint: 'See that the file is there and may be read.',
			cause: error,
		});
	}
}
