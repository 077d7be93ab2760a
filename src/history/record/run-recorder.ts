import {randomBytes} from 'node:crypto';
import {availableParallelism, hostname, totalmem} from 'node:os';

import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {startThread, type ThreadHandle} from '../../core/util/thread-call.js';
import type {
	RecordedSession,
	RecordedUpload,
	SessionRecord,
	SessionRecorder,
} from '../../server/sessions/session-recorder.js';
import type {PartFacts, RecordEntry, RecordedCause, RunFacts} from './record-entry.js';
import type {ListArgument, RecordThreadData, WriteArgument} from './record-thread.js';
import {identifyProcess} from './run-process.js';
import type {EndedSession} from './run-writer.js';

/** What all sessions come to in this time is written together. */
const BATCH_MS = 1000;

/** Entries that wait for the thread: some MB. Of those above it the steps are left out, not the sessions. */
const MAX_WAITING_ENTRIES = 20_000;

/** Entries that are told to the thread at once: it answers in between. */
const MAX_BATCH_ENTRIES = 2000;

/** A run does not wait longer for a disk that does not answer. */
const END_TIMEOUT_MS = 3000;

/** A recording or a speaker of a run that has one job. */
export type RecordedPart = Pick<PartFacts, 'name' | 'model' | 'replica' | 'step'> & {
	readonly metadata?: Readonly<Record<string, string>>;
};

/** Keeps what happens in a run of this program. Nothing here throws, waits or slows: all is written by a thread, later. */
export interface RunRecorder {
	/** Those of a server: each is a job. */
	readonly sessions: SessionRecorder;
	/** One of the run's own job. */
	openPart(part: RecordedPart): SessionRecord;
	replicaStarted(replica: string, model: string): void;
	replicaEnded(replica: string, cause: unknown): void;
	/** Sessions of servers before this run, newest first. */
	listEndedSessions(owner: string | undefined, limit: number): Promise<readonly EndedSession[]>;
	/** Resolves when all is written, or cannot be, which was told; at the latest after some seconds. Idempotent. */
	end(cause?: unknown): Promise<void>;
}

export interface RunRecorderOptions {
	/** Of the history, absolute; made if it is not there. */
	readonly path: string;
	/** Such as `translate`. */
	readonly command: string;
	/** The command line without texts. */
	readonly entrypoint: string;
	readonly metadata?: Readonly<Record<string, string>>;
	/** Called once at most, with a sentence on why nothing more is kept. */
	readonly onWarning: (message: string) => void;
	readonly clock: Clock;
	/** Wall clock, ms since 1970. @default the system's */
	readonly nowMs?: () => number;
	/** @default a thread, started when there is something to write */
	readonly openThread?: (data: RecordThreadData) => Pick<ThreadHandle, 'call' | 'close'>;
}

export function createRunRecorder(options: RunRecorderOptions): RunRecorder {
	return new ThreadRunRecorder(options);
}

class ThreadRunRecorder implements RunRecorder {
	readonly sessions: SessionRecorder;
	readonly #options: RunRecorderOptions;
	readonly #nowMs: () => number;
	readonly #run: RunFacts;
	#thread: Pick<ThreadHandle, 'call' | 'close'> | undefined;
	#entries: RecordEntry[] = [];
	#parts = 0;
	#writing: Promise<void> | undefined;
	#cancelTimer: (() => void) | undefined;
	#isOver = false;
	#ending: Promise<void> | undefined;

	constructor(options: RunRecorderOptions) {
		this.#options = options;
		this.#nowMs = options.nowMs ?? Date.now;
		const startedAtMs = this.#nowMs();
		this.#run = {
			sessionName: nameSession(startedAtMs),
			seed: randomBytes(16).toString('hex'),
			command: options.command,
			entrypoint: options.entrypoint,
			metadata: options.metadata ?? {},
			startedAtMs,
			pid: process.pid,
			processIdentity: identifyProcess(process.pid) ?? '',
			hostname: hostname(),
			processors: availableParallelism(),
			memoryBytes: totalmem(),
		};
		this.sessions = {
			open: session => this.#open(describeSession(session)),
			openUpload: upload => this.#open(describeUpload(upload)),
		};
	}

	openPart({metadata = {}, ...part}: RecordedPart): SessionRecord {
		return this.#open({...part, metadata, isJob: false, createdAtMs: this.#nowMs()});
	}

	replicaStarted(replica: string, model: string): void {
		this.#push({type: 'replica-started', replica, model, atMs: this.#nowMs()});
	}

	replicaEnded(replica: string, cause: unknown): void {
		this.#push({type: 'replica-ended', replica, atMs: this.#nowMs(), cause: describeCause(cause)});
	}

	async listEndedSessions(owner: string | undefined, limit: number): Promise<readonly EndedSession[]> {
		if (this.#isOver) return [];
		const argument: ListArgument = {owner, limit};
		return (await this.#openThread().call('list', argument)) as readonly EndedSession[];
	}

	end(cause?: unknown): Promise<void> {
		return (this.#ending ??= this.#end(cause));
	}

	#open(facts: PartFacts): SessionRecord {
		const part = ++this.#parts;
		this.#push({type: 'part-opened', part, facts});
		return {
			began: atMs => this.#push({type: 'part-began', part, atMs}),
			updated: update => this.#push({type: 'part-updated', part, update}),
			reset: atMs => this.#push({type: 'part-reset', part, atMs}),
			ended: ({atMs, audioMs, cause}) =>
				this.#push({type: 'part-ended', part, atMs, audioMs, cause: describeCause(cause)}),
		};
	}

	#push(entry: RecordEntry): void {
		if (this.#isOver) return;
		if (entry.type === 'part-updated' && this.#entries.length >= MAX_WAITING_ENTRIES) return;
		this.#entries.push(entry);
		if (this.#writing === undefined)
			this.#cancelTimer ??= this.#options.clock.after(BATCH_MS, () => this.#flush());
	}

	#flush(): void {
		this.#cancelTimer = undefined;
		if (this.#isOver || this.#writing !== undefined || this.#entries.length === 0) return;
		this.#writing = this.#write(this.#entries.splice(0, MAX_BATCH_ENTRIES), false).then(() => {
			this.#writing = undefined;
			if (this.#entries.length > 0) {
				this.#cancelTimer ??= this.#options.clock.after(BATCH_MS, () => this.#flush());
			}
		});
	}

	/** Never rejects. */
	async #write(entries: readonly RecordEntry[], isLast: boolean): Promise<void> {
		try {
			await this.#openThread().call('write', {entries, isLast} satisfies WriteArgument);
		} catch (error) {
			this.#giveUp(error);
		}
	}

	async #end(cause: unknown): Promise<void> {
		this.#cancelTimer?.();
		// Where nothing happened there is nothing to tell.
		if (this.#thread !== undefined || this.#entries.length > 0) {
			this.#push({type: 'run-ended', atMs: this.#nowMs(), cause: describeCause(cause)});
			await this.#withDeadline(this.#writeRest());
		}

		this.#isOver = true;
		this.#entries = [];
		await this.#withDeadline(this.#thread?.close() ?? Promise.resolve());
	}

	async #writeRest(): Promise<void> {
		await this.#writing;
		this.#cancelTimer?.();
		if (!this.#isOver) await this.#write(this.#entries.splice(0), true);
	}

	async #withDeadline(work: Promise<void>): Promise<void> {
		let cancel: (() => void) | undefined;
		const late = new Promise<void>(resolve => {
			cancel = this.#options.clock.after(END_TIMEOUT_MS, () => {
				this.#giveUp(new Error(`it took longer than ${END_TIMEOUT_MS / 1000} s`));
				resolve();
			});
		});
		await Promise.race([work, late]);
		cancel?.();
	}

	#giveUp(error: unknown): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#entries = [];
		const reason = error instanceof Error ? error.message : String(error);
		this.#options.onWarning(`What happens in this run is not kept in the history: ${reason}`);
	}

	#openThread(): Pick<ThreadHandle, 'call' | 'close'> {
		const {path, openThread} = this.#options;
		const data: RecordThreadData = {path, run: this.#run};
		return (this.#thread ??=
			openThread?.(data) ?? startThread(import.meta.resolve('./record-thread.js'), data));
	}
}

function describeSession(session: RecordedSession): PartFacts {
	const {id, door, model, owner, agentType, languagePair, clientId, options, createdAtMs} = session;
	const {sourceLanguage, targets, latencyMultiplier, prompt} = options;
	const facts = {
		session_id: id,
		door,
		owner,
		agent_type: agentType,
		language_pair: languagePair,
		client_id: clientId,
		source: sourceLanguage,
		targets: targets.join(', '),
		latency_multiplier: latencyMultiplier === undefined ? undefined : String(latencyMultiplier),
		prompt,
	};
	return {name: id, metadata: dropUndefined(facts), model, step: 'look', isJob: true, createdAtMs};
}

function describeUpload({
	id,
	owner,
	file,
	model,
	sourceLanguage: source,
	targets,
	createdAtMs,
}: RecordedUpload): PartFacts {
	const metadata = dropUndefined({door: 'recording', owner, file, source, targets: targets.join(', ')});
	return {name: id, metadata, model, step: 'segment', isJob: true, createdAtMs};
}

function dropUndefined(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(facts).filter((entry): entry is [string, string] => entry[1] !== undefined),
	);
}

function describeCause(cause: unknown): RecordedCause | undefined {
	if (cause === undefined) return undefined;
	const message = cause instanceof Error ? cause.message : 'a fault that is no error';
	const code = InfinisstError.is(cause) ? cause.code : '';
	return {code, message, isStop: code === 'RESOURCE_CLOSED' || code === 'SESSION_UNKNOWN'};
}

/** As Ray names its sessions: `session_2026-11-23_04-47-06_673000_1234`, in UTC. */
function nameSession(atMs: number): string {
	const [, date, time, fraction] = /^(.*)T(.*)\.(\d+)Z$/.exec(new Date(atMs).toISOString())!;
	return `session_${date}_${time!.replaceAll(':', '-')}_${fraction}${randomBytes(2).readUInt16LE() % 1000}_${process.pid}`;
}
