import {splitPython} from '../../../core/scoring/python-whitespace.js';

/** What texts are counted in, as SimulEval does: words between white space, or characters without spaces. */
export type TextUnit = 'word' | 'character';

/** The units that a text adds to one before it. */
export interface AddedUnits {
	/** The text begins in the middle of the last unit of the one before: this is all of that unit. */
	readonly grown: string | undefined;
	readonly added: readonly string[];
}

/**
 * @param before - the last unit so far, and whether white space came behind it.
 */
export function addUnits(
	unit: TextUnit,
	before: {readonly last: string | undefined; readonly isClosed: boolean},
	text: string,
): AddedUnits {
	if (unit === 'character') return {grown: undefined, added: Array.from(text.replaceAll(' ', ''))};
	const pieces = splitPython(text);
	const [first] = pieces;
	const isGrowing =
		before.last !== undefined && !before.isClosed && first !== undefined && text.startsWith(first);
	return isGrowing ? {grown: before.last + first, added: pieces.slice(1)} : {grown: undefined, added: pieces};
}

/** Units written as a text again. */
export function joinUnits(unit: TextUnit, units: readonly string[]): string {
	return units.join(unit === 'word' ? ' ' : '');
}
