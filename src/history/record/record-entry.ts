import type {RecordedUpdate} from '../../server/sessions/session-recorder.js';

/** A run of this program: a session of the cluster `local`. */
export interface RunFacts {
	/** Of the history's session, unique. */
	readonly sessionName: string;
	/** 32 hex digits, unique: ids of the run begin with them. */
	readonly seed: string;
	/** Such as `translate`. */
	readonly command: string;
	/** The command with what it was given, but for texts. */
	readonly entrypoint: string;
	readonly metadata: Readonly<Record<string, string>>;
	/** Wall time, ms since 1970, as are all times here. */
	readonly startedAtMs: number;
	readonly pid: number;
	/** Tells its process from others: see `identifyProcess()`. */
	readonly processIdentity: string;
	readonly hostname: string;
	readonly processors: number;
	readonly memoryBytes: number;
}

/** A speaker or a recording. */
export interface PartFacts {
	/** Id of the session, or the recording as it was named. */
	readonly name: string;
	readonly metadata: Readonly<Record<string, string>>;
	readonly model: string;
	/** Replica that works on it, where there is no doubt. */
	readonly replica?: string;
	/** A look at live audio, or a segment of a recording. */
	readonly step: 'look' | 'segment';
	/** Whether it is a job of its own, and not a part of the run's. */
	readonly isJob: boolean;
	readonly createdAtMs: number;
}

/** Why something ended before its time. */
export interface RecordedCause {
	/** Of an `InfinisstError`. */
	readonly code: string;
	readonly message: string;
	/** Somebody wanted it so. */
	readonly isStop: boolean;
}

/** What goes to the thread that writes: plain data. Parts are numbered from 1. */
export type RecordEntry =
	| {
			readonly type: 'replica-started';
			readonly replica: string;
			readonly model: string;
			readonly atMs: number;
	  }
	| {
			readonly type: 'replica-ended';
			readonly replica: string;
			readonly atMs: number;
			readonly cause: RecordedCause | undefined;
	  }
	| {readonly type: 'part-opened'; readonly part: number; readonly facts: PartFacts}
	| {readonly type: 'part-began'; readonly part: number; readonly atMs: number}
	| {readonly type: 'part-updated'; readonly part: number; readonly update: RecordedUpdate}
	| {readonly type: 'part-reset'; readonly part: number; readonly atMs: number}
	| {
			readonly type: 'part-ended';
			readonly part: number;
			readonly atMs: number;
			readonly audioMs: number;
			readonly cause: RecordedCause | undefined;
	  }
	| {readonly type: 'run-ended'; readonly atMs: number; readonly cause: RecordedCause | undefined};
