import {closest, distance} from 'fastest-levenshtein';

/** The known name that was probably meant; undefined if none is near: more than a third of it would be wrong. */
export function findClosestName(name: string, known: readonly string[]): string | undefined {
	if (known.length === 0) return undefined;
	const wanted = name.toLowerCase();
	const partial = known.find(candidate => wanted.length >= 3 && candidate.endsWith(`-${wanted}`));
	if (partial !== undefined) return partial;
	const nearest = closest(wanted, known);
	return distance(wanted, nearest) <= Math.ceil(nearest.length / 3) ? nearest : undefined;
}
