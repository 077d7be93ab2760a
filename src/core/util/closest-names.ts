import {distance} from 'fastest-levenshtein';

/**
 * The names a mistyped one may have been meant as, closest first: at most three, each within a third of
 * its length in edits, upper and lower case alike.
 */
export function closestNames(typed: string, names: Iterable<string>): string[] {
	const wanted = typed.toLowerCase();
	const close: {name: string; edits: number}[] = [];
	for (const name of names) {
		const edits = distance(wanted, name.toLowerCase());
		if (edits <= Math.max(wanted.length, name.length) / 3) close.push({name, edits});
	}

	return close
		.sort((a, b) => a.edits - b.edits)
		.slice(0, 3)
		.map(({name}) => name);
}
