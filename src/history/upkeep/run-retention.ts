import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {wait} from '../collect/wait.js';
import {isRunningHere} from '../record/end-dead-runs.js';
import type {HistoryStore} from '../store/history-store.js';
import type {SessionSummary} from '../store/history-types.js';
import {prune, type PruneRules} from '../store/prune.js';

export interface RetentionOptions {
	readonly store: HistoryStore;
	readonly rules: PruneRules;
	/** How often the rules are applied, milliseconds. @default 60000 */
	readonly intervalMs?: number;
	readonly clock: Clock;
	/** @returns milliseconds since 1970. */
	readonly now: () => number;
	/** Told of sessions that went, and of what stood in the way. */
	readonly onNotice: (text: string) => void;
}

const DEFAULT_INTERVAL_MS = 60_000;

/**
 * Deletes old sessions while a collector or a server runs, until the signal fires. A session that somebody
 * writes to never goes: neither that of a run of this machine whose process lives, nor one that changed since the time
 * before, whoever changed it, nor the newest of its cluster by any rule but that of age.
 */
export async function runRetention(options: RetentionOptions, signal: AbortSignal): Promise<void> {
	const {store, clock, intervalMs = DEFAULT_INTERVAL_MS} = options;
	const isEnding = () => signal.aborted;
	let revisions = readRevisions(store);
	for (;;) {
		await wait(clock, intervalMs, signal);
		if (isEnding()) return;
		const before = revisions;
		try {
			await applyRules(options, before, signal);
		} catch (error) {
			if (isEnding()) return;
			if (!InfinisstError.is(error)) throw error;
			// The next time may go better.
			options.onNotice(`old sessions could not be deleted: ${error.message}`);
		}

		revisions = readRevisions(store);
	}
}

async function applyRules(
	{store, rules, now, onNotice}: RetentionOptions,
	revisions: ReadonlyMap<number, number>,
	signal: AbortSignal,
): Promise<void> {
	const nowMs = now();
	const newest = findNewest(store.sessions());
	const mayGo = (session: SessionSummary): boolean =>
		revisions.get(session.id) === session.revision &&
		(!newest.has(session.id) || isTooOld(session, rules, nowMs)) &&
		!isRunningHere(store, session);
	for (const {cluster, name} of await prune(store, rules, {nowMs, mayGo, signal})) {
		onNotice(`deleted ${cluster.namespace}/${cluster.name} ${name}, which is past what is kept`);
	}
}

function isTooOld(
	{lastMs, headSeenMs}: SessionSummary,
	{olderThanMs = Infinity}: PruneRules,
	nowMs: number,
): boolean {
	return nowMs - Math.max(lastMs ?? 0, headSeenMs ?? 0) > olderThanMs;
}

/** Of each cluster. @param sessions - newest first. */
function findNewest(sessions: readonly SessionSummary[]): ReadonlySet<number> {
	const newest = new Map<string, number>();
	for (const {id, cluster} of sessions) {
		const key = JSON.stringify(cluster);
		if (!newest.has(key)) newest.set(key, id);
	}

	return new Set(newest.values());
}

function readRevisions(store: HistoryStore): ReadonlyMap<number, number> {
	return new Map(store.sessions().map(({id, revision}) => [id, revision]));
}
