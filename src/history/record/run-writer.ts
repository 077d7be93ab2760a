import {InfinisstError} from '../../core/errors.js';
import {EventBatch} from '../ingest/event-batch.js';
import type {EntityRecords} from '../ingest/entity-records.js';
import type {HistoryStore} from '../store/history-store.js';
import type {LogPiece} from '../store/history-types.js';
import {openDatabase} from '../store/open-database.js';
import {SqliteHistoryStore} from '../store/sqlite-history-store.js';
import {endDeadRuns} from './end-dead-runs.js';
import {LOCAL_CLUSTER, MAX_RUNS_READ} from './local-cluster.js';
import type {RecordEntry, RunFacts} from './record-entry.js';
import {RunEvents} from './run-events.js';

/** Another process that writes holds the file for the length of a batch. Nobody waits for us, but the end of a run does. */
const BUSY_TIMEOUT_MS = 1000;

/** What waits for a file that others keep; a few MB. */
const MAX_WAITING_EVENTS = 20_000;

/** Of a run that has ended: what its server's sessions left. */
export type EndedSession = EntityRecords['submission'];

/** Writes a run into a history, where its thread has time for it. */
export class RunWriter {
	readonly #store: HistoryStore;
	readonly #run: RunFacts;
	readonly #events: RunEvents;
	#sessionId: number | undefined;
	#batch = new EventBatch();
	#logPieces: LogPiece[] = [];

	/** The store is closed with it. */
	constructor(store: HistoryStore, run: RunFacts) {
		this.#store = store;
		this.#run = run;
		this.#events = new RunEvents(run);
	}

	/**
	 * Writes what it is told; while another process has the file it keeps it for the next time.
	 *
	 * @param isLast - there is no next time.
	 * @throws {InfinisstError} `DISK_FULL`; `HISTORY_LOCKED` when it is the last time, or too much waits.
	 */
	write(entries: readonly RecordEntry[], isLast: boolean): void {
		const {events, logPieces} = this.#events.take(entries);
		for (const event of events) this.#batch.add(event, 'recorded', this.#run.sessionName);
		this.#logPieces.push(...logPieces);
		try {
			this.#sessionId ??= this.#store.openSession(LOCAL_CLUSTER, this.#run.sessionName);
			this.#store.write(this.#sessionId, {events: this.#batch, logPieces: this.#logPieces});
		} catch (error) {
			const mayWait = !isLast && this.#batch.eventCount < MAX_WAITING_EVENTS;
			if (mayWait && InfinisstError.is(error, 'HISTORY_LOCKED')) return;
			throw error;
		}

		this.#batch = new EventBatch();
		this.#logPieces = [];
	}

	/** Sessions of the servers of other runs, newest first. */
	listEndedSessions(owner: string | undefined, limit: number): readonly EndedSession[] {
		const found: EndedSession[] = [];
		const runs = this.#store
			.sessions()
			.filter(({cluster, name}) => cluster.name === LOCAL_CLUSTER.name && name !== this.#run.sessionName);
		for (const {id} of runs.slice(0, MAX_RUNS_READ)) {
			const own = this.#store
				.read(id)
				.entities('submission')
				.filter(({metadata}) => metadata['session_id'] !== undefined && metadata['owner'] === owner);
			found.push(...own);
			if (found.length >= limit) break;
		}

		return found.sort((a, b) => b.startMs - a.startMs).slice(0, limit);
	}

	close(): void {
		this.#store.close();
	}
}

/** @throws {InfinisstError} `INPUT_UNREADABLE`. */
export async function openRunWriter(path: string, run: RunFacts): Promise<RunWriter> {
	// What is lost in a power cut is the run that it ended.
	const database = await openDatabase({path, survivesPowerCut: false});
	database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
	const store = new SqliteHistoryStore(database, path);
	try {
		endDeadRuns(store);
	} catch {
		// Another process writes: the next run, or whoever looks at the history, does it.
	}
	return new RunWriter(store, run);
}
