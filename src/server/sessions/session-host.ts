import type {SessionChange, SessionCheckpoint, SessionOptions} from '../../core/engine/engine.js';
import type {SessionEvent} from '../../core/session/session-event.js';

/** Which door a session came in by. */
export type SessionDoor = 'compatible' | 'stream' | 'openai';

/**
 * `initializing`: its model is being fetched or started; `queued`: it waits for a place; `active`: audio is being
 * translated; `ended`: it takes no more.
 */
export type SessionStatus = 'initializing' | 'queued' | 'active' | 'ended';

export interface OpenHostedSession {
	/** Unique; what the client is told. */
	readonly id: string;
	readonly door: SessionDoor;
	readonly options: SessionOptions;
	/** @default the host's first that can translate so */
	readonly model?: string;
	/** Whose limits count: the id of the key it was opened with. */
	readonly owner?: string;
	/** As the client named them; only told back. */
	readonly agentType?: string;
	readonly languagePair?: string;
	readonly clientId?: string;
	/** Go on from here, after a restart of the server; the first sample written is then the checkpoint's. */
	readonly checkpoint?: SessionCheckpoint;
}

/** How a session stands before it is active. */
export interface SessionProgress {
	readonly status: SessionStatus;
	/** 1 is next; 0 unless it is queued. */
	readonly queuePosition: number;
	/** Predicted; undefined unless it is queued. */
	readonly etaMs: number | undefined;
	/** What is being done for its model, for people, such as `Fetching whisper-base: 45 %`. */
	readonly activity: string | undefined;
}

export type HostedEvent =
	| SessionEvent
	/** Also when only the position or the activity has changed. */
	| ({readonly type: 'progress'} & SessionProgress)
	/** Everything told before is forgotten; the session begins again with nothing. */
	| {readonly type: 'session-reset'}
	/** Always last. `cause` is what broke the session, or why it was taken away; undefined if it ended by itself. */
	| {readonly type: 'session-closed'; readonly cause: unknown};

/** What was said in a stretch: since the session began, was reset, or was flushed and spoken to again. */
export interface TargetText {
	/** Finals, joined as they are. */
	readonly final: string;
	/** What is likely to follow. */
	readonly partial: string;
}

/**
 * One speaker at this server: a session of an engine with a name, an owner, a place in the line and listeners. It
 * outlives the sockets it is used over.
 */
export interface HostedSession extends Omit<OpenHostedSession, 'options' | 'checkpoint'> {
	/** As they are now, with all changes. */
	readonly options: SessionOptions;
	readonly progress: SessionProgress;
	/** Wall time, ms since 1970. */
	readonly createdAtMs: number;
	/** Since its client last wrote, pinged or touched it. */
	readonly inactiveMs: number;
	/** Audio taken in all, ms. */
	readonly audioMs: number;
	/**
	 * Where another session would go on: the state after the last update, whose events are all told in one turn and
	 * find it already there. Undefined before the first, and after a reset.
	 */
	readonly checkpoint: SessionCheckpoint | undefined;
	/** What another session would go on with from there: the same object until a change has come so far. */
	readonly optionsAtCheckpoint: SessionOptions;
	/** Of one target of `options.targets`. */
	text(target: string): TargetText;
	/** Somebody is there: puts off the removal of sessions that were left. */
	touch(): void;
	/**
	 * Somebody is there and waits to be let in, so need not say anything: the session is not left before the returned
	 * function was called.
	 */
	keep(): () => void;
	/**
	 * Audio waits here until the session is active. Resolves when there is room for more; bounded. Calls must not overlap.
	 *
	 * @param samples - mono float32 at 16 kHz; never changes any more.
	 * @param signal - fires when whoever writes is gone. The audio is taken all the same, and what follows it still waits
	 * for room; but a session is not left while somebody waits to write to it, and that is nobody then.
	 * @throws {InfinisstError} `RESOURCE_CLOSED` after its end, `LIMIT_EXCEEDED`, or what ended the session.
	 */
	write(samples: Float32Array, signal?: AbortSignal): Promise<void>;
	/** For what is written after it. */
	change(change: SessionChange): void;
	/** Makes final what was written; emits `stretch-ended` after the last of it. The session goes on. */
	flush(): void;
	/** Forgets text, audio and caches at once, and begins again under the same name. */
	reset(): void;
	/** No more audio comes: the rest becomes final, then `session-ended` and `session-closed` are emitted. */
	end(): void;
	/** Takes the session away and frees its memory at once; leaves the line. Idempotent. */
	destroy(reason?: unknown): void;
	/**
	 * Calls `listener` for each event from now on, in order. The session does not wait for listeners; whoever sends
	 * on what it hears bounds what waits. Must not throw. @returns ends it.
	 */
	subscribe(listener: (event: HostedEvent) => void): () => void;
}

/** The sessions of a server. */
export interface SessionHost {
	/**
	 * Returns at once; loading, waiting and failing later are told by events.
	 *
	 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`, naming what is possible; `MODEL_UNKNOWN`; `OPTION_INVALID`; `ENGINE_BUSY`
	 * when the line is full; `LIMIT_EXCEEDED` when the owner has too many; `RESOURCE_CLOSED` while shutting down.
	 */
	open(request: OpenHostedSession): HostedSession;
	find(id: string): HostedSession | undefined;
	/** Not ended, oldest first. */
	list(): readonly HostedSession[];
	/** Called for each session that is opened. @returns ends it. */
	watch(listener: (session: HostedSession) => void): () => void;
	/** To be called when what limits sessions has changed: lets in who waits, and counts how long clients are silent anew. */
	settingsChanged(): void;
	/**
	 * Takes no new sessions, ends those there are, waits until all they buffered is translated, then closes the models.
	 *
	 * @param signal - ends the waiting, and all that runs. @throws `signal.reason`.
	 */
	close(signal: AbortSignal): Promise<void>;
	/** Now. Idempotent. */
	destroy(reason?: unknown): Promise<void>;
}
