import {describe} from 'vitest';
import {findPip} from '../../src/core/models/sources/pip.js';

const pip = await findPip(process.env);

/** A suite that needs Python's pip; skipped, with the reason in its title, where that is not installed. */
export function describeWithPip(title: string, body: () => void): void {
	if (pip === undefined) describe.skip(`${title} (needs pip)`, () => undefined);
	else describe(title, body);
}
