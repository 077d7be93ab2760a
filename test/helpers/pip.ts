import {describe} from 'vitest';
import {findPip} from '../../src/core/models/sources/pip.js';
import {skipSuite} from './requirements.js';

const pip = await findPip(process.env);

/** A suite that needs Python's pip; skipped, with the reason in its title, where that is not installed. */
export function describeWithPip(title: string, body: () => void): void {
	if (pip === undefined) skipSuite(title, 'pip');
	else describe(title, body);
}
