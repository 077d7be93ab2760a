/** How often each n-gram of `order` units occurs. Units must be told apart when joined by `separator`. */
export function countNgrams(units: readonly string[], order: number, separator: string): Map<string, number> {
	const counts = new Map<string, number>();
	for (let start = 0; start + order <= units.length; start += 1) {
		const ngram = units.slice(start, start + order).join(separator);
		counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
	}
	return counts;
}

/** How many n-grams the two have in common; one that occurs twice here and once there counts once. */
export function countCommon(left: ReadonlyMap<string, number>, right: ReadonlyMap<string, number>): number {
	let common = 0;
	for (const [ngram, count] of left) common += Math.min(count, right.get(ngram) ?? 0);
	return common;
}
