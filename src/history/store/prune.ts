import type {HistoryStore} from './history-store.js';
import type {SessionSummary} from './history-types.js';

export interface PruneRules {
	/** Sessions whose last event is older go. */
	readonly olderThanMs?: number;
	/** The oldest go until no more of the file is in use. */
	readonly maxBytes?: number;
	/** So many of the newest of each cluster stay; older ones go. */
	readonly keepCount?: number;
}

/** Rows that are deleted in one transaction: some 50 ms of work, for which other writers wait. */
export const SWEEP_ROWS = 2000;

/** Which sessions the rules of age and count let go, the oldest first. Those that are marked as kept never do. */
export function choosePruned(
	sessions: readonly SessionSummary[],
	{olderThanMs, keepCount}: PruneRules,
	nowMs: number,
): readonly SessionSummary[] {
	const counts = new Map<string, number>();
	return sessions
		.filter(session => {
			const key = JSON.stringify(session.cluster);
			const rank = (counts.get(key) ?? 0) + 1;
			counts.set(key, rank);
			if (session.isKept) return false;
			const isOld = olderThanMs !== undefined && nowMs - lastSeen(session) > olderThanMs;
			return isOld || (keepCount !== undefined && rank > keepCount);
		})
		.toReversed();
}

/** Of its last event, or when its head answered last. */
function lastSeen({lastMs, headSeenMs}: SessionSummary): number {
	return Math.max(lastMs ?? 0, headSeenMs ?? 0);
}

export interface PruneOptions {
	/** Milliseconds since 1970. */
	readonly nowMs: number;
	/** False for a session that must not go now, whatever the rules say. @default all may */
	readonly mayGo?: (session: SessionSummary) => boolean;
	readonly signal: AbortSignal;
}

/**
 * Deletes what the rules let go. The sessions are out of sight at once; what they held is deleted in small
 * steps, between which others write. The file keeps its size: `vacuum()` gives the room back.
 *
 * @returns the deleted sessions.
 * @throws {InfinisstError} `HISTORY_LOCKED`; `DISK_FULL`. What is left is deleted the next time.
 */
export async function prune(
	store: HistoryStore,
	rules: PruneRules,
	{nowMs, mayGo = () => true, signal}: PruneOptions,
): Promise<readonly SessionSummary[]> {
	const gone: SessionSummary[] = [];
	// What a crash has left of an earlier time counts as used.
	await sweepAll(store, signal);
	for (const session of choosePruned(store.sessions(), rules, nowMs).filter(mayGo)) {
		store.discardSession(session.id);
		gone.push(session);
	}

	await sweepAll(store, signal);
	while (rules.maxBytes !== undefined && store.usedBytes() > rules.maxBytes) {
		const oldest = store.sessions().findLast(session => !session.isKept && mayGo(session));
		if (oldest === undefined) break;
		store.discardSession(oldest.id);
		gone.push(oldest);
		await sweepAll(store, signal);
	}

	return gone;
}

async function sweepAll(store: HistoryStore, signal: AbortSignal): Promise<void> {
	while (store.sweep(SWEEP_ROWS)) {
		signal.throwIfAborted();
		await new Promise(resolve => setImmediate(resolve));
	}
}
