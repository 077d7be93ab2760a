import {InfinisstError} from '../errors.js';

/**
 * @throws {InfinisstError} `OPTION_INVALID` unless there is one reference for every hypothesis.
 */
export function assertParallel(hypotheses: readonly string[], references: readonly string[]): void {
	if (hypotheses.length === references.length) return;
	throw new InfinisstError(
		'OPTION_INVALID',
		`Cannot score ${hypotheses.length} hypotheses against ${references.length} references`,
		{hint: 'Give one reference line for every hypothesis line.'},
	);
}
