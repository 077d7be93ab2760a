import type {HistoryStore} from './history-store.js';
import type {SessionSummary} from './history-types.js';

export interface PruneRules {
	/** Sessions whose last event is older go. */
	readonly olderThanMs?: number;
	/** The oldest go until the file is no larger. */
	readonly maxBytes?: number;
	/** So many of the newest of each cluster stay; older ones go. */
	readonly keepCount?: number;
}

/** Which sessions the rules let go, the oldest first. Those that are marked as kept never do. */
export function choosePruned(
	sessions: readonly SessionSummary[],
	{olderThanMs, keepCount}: PruneRules,
	nowMs: number,
): readonly SessionSummary[] {
	const counts = new Map<string, number>();
	return sessions
		.filter(session => {
			const {namespace, name} = session.cluster;
			const key = `${namespace}/${name}`;
			const rank = (counts.get(key) ?? 0) + 1;
			counts.set(key, rank);
			if (session.isKept) return false;
			const isOld = olderThanMs !== undefined && nowMs - (session.lastMs ?? 0) > olderThanMs;
			return isOld || (keepCount !== undefined && rank > keepCount);
		})
		.toReversed();
}

/**
 * Deletes what the rules let go, and gives the room back.
 *
 * @returns the deleted sessions, or with `isDryRun` those that would be; for a size only those by the other
 * rules are known beforehand.
 */
export function prune(
	store: HistoryStore,
	rules: PruneRules,
	{nowMs, isDryRun}: {readonly nowMs: number; readonly isDryRun: boolean},
): readonly SessionSummary[] {
	const chosen = [...choosePruned(store.sessions(), rules, nowMs)];
	if (isDryRun) return chosen;
	for (const {id} of chosen) store.deleteSession(id);
	if (chosen.length > 0) store.vacuum();
	while (rules.maxBytes !== undefined && store.sizeBytes() > rules.maxBytes) {
		const oldest = store.sessions().findLast(({isKept}) => !isKept);
		if (oldest === undefined) break;
		store.deleteSession(oldest.id);
		store.vacuum();
		chosen.push(oldest);
	}

	return chosen;
}
