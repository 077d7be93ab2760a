import type {Damage} from '../ingest/event-batch.js';
import type {ClusterKey, ImportProgress, SessionSummary, SessionWrite} from './history-types.js';
import type {SearchHit, SearchOptions} from './search-history.js';
import type {SessionReader} from './session-reader.js';

/**
 * A history: one file with every session of every cluster. Calls are synchronous, as SQLite is; what may
 * take long runs on a thread of its own (`collect/`), which opens the same file.
 */
export interface HistoryStore {
	readonly path: string;

	/** Finds the session or makes it. @returns its id. */
	openSession(cluster: ClusterKey, name: string): number;

	/**
	 * Writes in one transaction: all of it or, when it throws, nothing. What is there already changes nothing,
	 * so the same may be written again, and in any order.
	 *
	 * @throws {InfinisstError} `DISK_FULL`; `HISTORY_LOCKED` (retryable); `RESOURCE_CLOSED`.
	 */
	write(sessionId: number, what: SessionWrite): void;

	/** Newest first. */
	sessions(): readonly SessionSummary[];

	session(sessionId: number): SessionSummary | undefined;

	/** Everything of one session. */
	read(sessionId: number): SessionReader;

	/**
	 * All of a session as writes, a page at a time, which make the same session in another history or add to
	 * it what is new there.
	 */
	readWrites(sessionId: number): Iterable<SessionWrite>;

	importProgress(sessionId: number, path: string): ImportProgress | undefined;

	damages(sessionId: number, limit: number): {readonly count: number; readonly first: readonly Damage[]};

	search(text: string, options: SearchOptions): readonly SearchHit[];

	/**
	 * Takes a session out of sight at once, however large it is; `sweep()` deletes it. Events that come for it
	 * later begin a new one.
	 */
	discardSession(sessionId: number): void;

	/**
	 * Deletes some of what was discarded, so that a writer is never held up for long.
	 *
	 * @returns false when nothing is left to delete.
	 */
	sweep(maxRows: number): boolean;

	keepSession(sessionId: number, isKept: boolean): void;

	/** Sets the token for reading a cluster; "" for none. Only its hash is stored. */
	setClusterToken(cluster: ClusterKey, token: string): void;

	/** True where the cluster has no token, or this is it. */
	mayRead(cluster: ClusterKey, token: string): boolean;

	/** Bytes of the file. */
	sizeBytes(): number;

	/** Bytes of the file that hold something: room that was freed is used again before the file grows. */
	usedBytes(): number;

	/** Gives room that is free back to the file system. */
	vacuum(): void;

	/** @returns what is wrong with the file; nothing when it is sound. */
	verify(): readonly string[];

	/** Idempotent. */
	close(): void;
}
