/** A server does not keep a rule. Not a fault of ours, so not an `InfinisstError`: `runCheck()` makes a result of it. */
export class Mismatch extends Error {
	override readonly name = 'Mismatch';

	constructor(
		readonly expected: string,
		readonly seen: string,
	) {
		super(`expected ${expected}, seen ${seen}`);
	}
}

/** A rule cannot be judged here, and why. */
export class NotApplicable extends Error {
	override readonly name = 'NotApplicable';
}

/** @throws {Mismatch} unless `holds`. */
export function expectThat(holds: boolean, expected: string, seen: unknown): asserts holds {
	if (!holds) throw new Mismatch(expected, describeSeen(seen));
}

const MAX_SEEN_CHARACTERS = 400;

/** A value as it is shown, cut if it is long. */
export function describeSeen(value: unknown): string {
	if (value === undefined) return 'nothing';
	if (value === '') return 'an empty text';
	const text = typeof value === 'string' ? value : JSON.stringify(value);
	return text.length <= MAX_SEEN_CHARACTERS ? text : `${text.slice(0, MAX_SEEN_CHARACTERS)}…`;
}
