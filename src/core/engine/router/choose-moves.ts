/** A session that came to a replica because another was lost. */
export interface Guest<Session> {
	readonly session: Session;
	readonly workPerSecondMs: number;
}

export interface CrowdedReplica<Session> {
	/** Of all its sessions. */
	readonly workPerSecondMs: number;
	readonly guests: readonly Guest<Session>[];
}

/**
 * Which guests go on to the replica with the least work: one after another from the replica with the most work, as
 * long as that leaves it with no more work than the one they leave.
 *
 * @param leastWorkPerSecondMs - of the sessions that it has already.
 */
export function chooseMoves<Session>(
	crowded: readonly CrowdedReplica<Session>[],
	leastWorkPerSecondMs: number,
): Session[] {
	const replicas = crowded.map(({workPerSecondMs, guests}) => ({
		workMs: workPerSecondMs,
		guests: [...guests].sort((a, b) => b.workPerSecondMs - a.workPerSecondMs),
	}));
	let leastMs = leastWorkPerSecondMs;
	const moves: Session[] = [];
	for (;;) {
		let best: {readonly replica: (typeof replicas)[number]; readonly index: number} | undefined;
		for (const replica of replicas) {
			if (best !== undefined && best.replica.workMs >= replica.workMs) continue;
			const index = replica.guests.findIndex(
				({workPerSecondMs}) => leastMs + workPerSecondMs <= replica.workMs - workPerSecondMs,
			);
			if (index !== -1) best = {replica, index};
		}
		if (best === undefined) return moves;
		const [guest] = best.replica.guests.splice(best.index, 1);
		best.replica.workMs -= guest!.workPerSecondMs;
		leastMs += guest!.workPerSecondMs;
		moves.push(guest!.session);
	}
}
