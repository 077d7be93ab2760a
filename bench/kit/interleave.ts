/**
 * Runs every contestant once a round, in turn: A B C, C B A, A B C. What changes while a benchmark runs (heat,
 * a neighbour's load) then meets all of them alike, and a ratio within one round is worth more than two medians.
 *
 * @returns for each contestant its results by round.
 */
export async function interleave<Contestant, Result>(
	contestants: readonly Contestant[],
	rounds: number,
	run: (contestant: Contestant, round: number) => Promise<Result>,
): Promise<Map<Contestant, Result[]>> {
	const results = new Map<Contestant, Result[]>(contestants.map(contestant => [contestant, []]));
	for (let round = 0; round < rounds; round += 1) {
		const order = round % 2 === 0 ? contestants : [...contestants].reverse();
		for (const contestant of order) results.get(contestant)!.push(await run(contestant, round));
	}
	return results;
}
