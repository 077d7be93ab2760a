import type {SessionEvent} from '../session/session-event.js';

/** A term that a text shall always be translated by. */
export interface GlossaryEntry {
	readonly source: string;
	readonly target: string;
	/** Code of the language that `target` is in; absent where only one is written, or it is the same in all. */
	readonly language?: string;
}

/** When to commit: see `core/translation/policy`. */
export const POLICY_NAMES = ['align-att', 'local-agreement', 'wait-k'] as const;

export type PolicyName = (typeof POLICY_NAMES)[number];

/** 1 is fastest, 4 is best. */
export const LATENCY_MULTIPLIERS = [1, 2, 3, 4] as const;

export type LatencyMultiplier = (typeof LATENCY_MULTIPLIERS)[number];

/** How a live session shall be translated. */
export interface SessionOptions {
	/** Language spoken, a code such as `de`, or `auto` to detect it. */
	readonly sourceLanguage: string;
	/** What to write, at least one, all different: codes of languages, or `same` for captions. */
	readonly targets: readonly string[];
	/** @default 2 */
	readonly latencyMultiplier?: LatencyMultiplier;
	/** Also tell what is likely to follow the final text. @default true */
	readonly partials?: boolean;
	/** Also time every word. @default false */
	readonly words?: boolean;
	/** Text that sets names, spelling and style. */
	readonly prompt?: string;
	/** Terms that translated text shall keep to; captions, and English by the speech model, do not. @default none */
	readonly glossary?: readonly GlossaryEntry[];
	/** @default the first of the engine's */
	readonly policy?: PolicyName;
	/**
	 * Whether to look at the audio less often while more of it waits than a listener would bear. Without, the text
	 * depends on the audio alone, however fast it comes. @default false
	 */
	readonly catchUp?: boolean;
}

/** What may change while a session runs. */
export interface SessionChange {
	/** From the next look at the audio on. */
	readonly latencyMultiplier?: LatencyMultiplier;
	/** Replaces the one before, from the next turn of translated text on. */
	readonly glossary?: readonly GlossaryEntry[];
}

/**
 * A session as it was after some update: together with the audio from `firstSample` on, another engine with the
 * same model goes on from here, with the same text as if nothing had happened.
 */
export interface SessionCheckpoint {
	/** Counted from the session's first sample. */
	readonly firstSample: number;
	/** Changes and flushes that the state has seen, counted from the session's begin. */
	readonly commands: number;
	/** Of interest to the engine only. Plain data that can be cloned between threads and processes; kilobytes. */
	readonly state: unknown;
}

/** Who did the work of an update, and how: for those who watch, and nothing depends on it. Durations only: clocks differ. */
export interface UpdateWork {
	/** Id of the engine that looked at the audio; behind a router that of the replica. */
	readonly replica: string;
	/** The last look took so long, waiting included. */
	readonly workMs: number;
	/** Of that, it waited for what the replica did for others. */
	readonly queueWaitMs: number;
	/** Counts the batches of the replica; undefined where nothing was decoded. */
	readonly batch?: number;
	/** The most sequences that were decoded together while it was decoded, itself among them. */
	readonly batchSize?: number;
}

/** What one look at the audio brought. Either all of it has happened or nothing. */
export interface SessionUpdate {
	readonly events: readonly SessionEvent[];
	readonly work?: UpdateWork;
	/** State after these events. */
	readonly checkpoint: SessionCheckpoint;
}

/** A speaker being translated. */
export interface EngineSession {
	/**
	 * In order; read once. A session pauses when many wait to be read, and so do writes to it. Ends after `session-ended`. Throws if the session cannot go on: `REPLICA_LOST` where
	 * another replica can take over from the last checkpoint, else what happened; after `destroy(reason)` the reason.
	 */
	readonly updates: AsyncIterable<SessionUpdate>;
	/**
	 * Takes audio, any amount. Resolves when there is room for more: at once as long as it comes no faster than
	 * it is listened to. Calls must not overlap.
	 *
	 * @param samples - mono float32 at 16 kHz, nominal range -1..1. Never changes any more: both may keep it, as copies of
	 * all audio are what a server with many speakers stops for (docs/server.md).
	 * @throws {InfinisstError} `RESOURCE_CLOSED` after `end()`, or what ended the session.
	 */
	write(samples: Float32Array): Promise<void>;
	/** Applies to the audio written after it. */
	change(change: SessionChange): void;
	/** Makes all that was written final, as at a pause, and emits `stretch-ended`; the session goes on. */
	flush(): void;
	/** No more audio comes: the rest becomes final, then the updates end. */
	end(): void;
	/** Gives up the session and frees its memory at once. Idempotent. */
	destroy(reason?: unknown): void;
}

/** How sessions share a model; all may change while they run. */
export interface BatchSettings {
	/** Sequences decoded together at most, 1..256. */
	readonly maxBatchSize: number;
	/** Under load, wait for so many, 1..maxBatchSize, ... */
	readonly minBatchSize: number;
	/** ... but no longer than this, 0..10000. */
	readonly batchTimeoutMs: number;
	/** Let sequences join and leave between steps; without, a batch is decoded to its end. */
	readonly dynamicBatching: boolean;
}

export interface EngineCapabilities {
	/** As people name it. */
	readonly model: string;
	/** Codes of the languages it understands. */
	readonly sourceLanguages: readonly string[];
	/** What it can write: codes of languages, and `same` for captions. */
	readonly targets: readonly string[];
	/** The default first. */
	readonly policies: readonly PolicyName[];
}

/** Count, mean and largest of a quantity since the engine began, with percentiles of the last thousand. */
export interface Distribution {
	readonly count: number;
	readonly mean: number;
	readonly p50: number;
	readonly p95: number;
	readonly max: number;
}

export interface SessionStatistics {
	readonly id: string;
	/** Audio taken and not yet listened to. */
	readonly waitingMs: number;
	/** The last `lagMs`. */
	readonly lagMs: number;
	/** Processor time for a second of audio, mean over the last minute; what placement predicts from. */
	readonly workPerSecondMs: number;
}

export interface ReplicaStatistics {
	readonly id: string;
	readonly model: string;
	readonly upMs: number;
	readonly sessions: readonly SessionStatistics[];
	/** How often so many sequences were decoded together, by their number. */
	readonly batchSizes: Readonly<Record<number, number>>;
	/** From being ready to being begun. */
	readonly queueWaitMs: Distribution;
	readonly encodeMs: Distribution;
	readonly decodeStepMs: Distribution;
	/** Loops that were stopped, texts on silence that were dropped, rewinds. */
	readonly guards: Readonly<Record<string, number>>;
	readonly residentBytes: number;
	/** Memory that is left on its device. */
	readonly freeDeviceBytes: number;
	readonly settings: BatchSettings;
}

export interface OpenSessionOptions {
	/** How statistics call the session, unique. @default one of the engine's own */
	readonly id?: string;
	/**
	 * Go on from here; the first sample written is then the checkpoint's. The options are those of then: the first ones
	 * with all changes that the checkpoint has seen.
	 */
	readonly checkpoint?: SessionCheckpoint;
	/** Gives up waiting for the session; it does not end it later. */
	readonly signal?: AbortSignal;
}

/**
 * Translates speakers. The contract of everything that does: a model in this thread, in another thread, in another
 * process, on another machine, or several of those behind a router.
 */
export interface Engine {
	readonly contractVersion: 1;
	/** Unique among the engines of a program. */
	readonly id: string;
	readonly capabilities: EngineCapabilities;
	/**
	 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED`, `OPTION_INVALID`; `ENGINE_BUSY` (retryable) when there is no
	 * room; `REPLICA_LOST` (retryable); `RESOURCE_CLOSED`.
	 */
	openSession(options: SessionOptions, open?: OpenSessionOptions): Promise<EngineSession>;
	/** One entry a replica. */
	statistics(): Promise<readonly ReplicaStatistics[]>;
	/**
	 * Takes effect between two steps. @returns the settings now.
	 *
	 * @throws {InfinisstError} `OPTION_INVALID`.
	 */
	configure(settings: Partial<BatchSettings>): Promise<BatchSettings>;
	/** Takes no new sessions, waits for those that run, frees the models. Idempotent. */
	close(): Promise<void>;
	/** Ends now: what runs throws `reason`. Idempotent. */
	destroy(reason?: unknown): Promise<void>;
}
