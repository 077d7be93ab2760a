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
 * Which guests go on to a replica that was just started: one after another from the replica with the most work, as
 * long as that leaves the new one with no more work than the one they leave.
 *
 * @param freshWorkPerSecondMs - of the sessions that the new replica has already.
 */
export function chooseMoves<Session>(
	crowded: readonly CrowdedReplica<Session>[],
	freshWorkPerSecondMs: number,
): Session[] {
	const replicas = crowded.map(({workPerSecondMs, guests}) => ({
		workMs: workPerSecondMs,
		guests: [...guests].sort((a, b) => b.workPerSecondMs - a.workPerSecondMs),
	}));
	let freshMs = freshWorkPerSecondMs;
	const moves: Session[] = [];
	for (;;) {
		let best: {readonly replica: (typeof replicas)[number]; readonly index: number} | undefined;
		for (const replica of replicas) {
			if (best !== undefined && best.replica.workMs >= replica.workMs) continue;
			const index = replica.guests.findIndex(
				({workPerSecondMs}) => freshMs + workPerSecondMs <= replica.workMs - workPerSecondMs,
			);
			if (index !== -1) best = {replica, index};
		}
		if (best === undefined) return moves;
		const [guest] = best.replica.guests.splice(best.index, 1);
		best.replica.workMs -= guest!.workPerSecondMs;
		freshMs += guest!.workPerSecondMs;
		moves.push(guest!.session);
	}
}
