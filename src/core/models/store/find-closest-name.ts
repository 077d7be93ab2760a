import {closestNames} from '../../util/closest-names.js';

/** The known name that was probably meant: one that ends in it ("base"), or is spelt nearly like it. */
export function findClosestName(typed: string, known: readonly string[]): string | undefined {
	const ending = typed.length >= 3 ? `-${typed.toLowerCase()}` : undefined;
	return known.find(name => ending !== undefined && name.endsWith(ending)) ?? closestNames(typed, known)[0];
}
