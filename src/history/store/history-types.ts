import type {Damage, EventGroup} from '../ingest/event-batch.js';

/** What tells one cluster from all others. `ownerKind` is "raycluster", "rayjob", "rayservice" or "". */
export interface ClusterKey {
	readonly namespace: string;
	readonly name: string;
	readonly ownerKind: string;
	readonly ownerName: string;
}

export interface SessionSummary {
	readonly id: number;
	readonly cluster: ClusterKey;
	readonly name: string;
	/** Of its first and last event, milliseconds since 1970; null before there is one. */
	readonly firstMs: number | null;
	readonly lastMs: number | null;
	/** Grows with each write to the session. */
	readonly revision: number;
	/** Never pruned. */
	readonly isKept: boolean;
	/** Where its head answered while it was collected, for example "http://head:8265"; null where nobody asked it. */
	readonly headAddress: string | null;
	/** When the head last answered, milliseconds since 1970. */
	readonly headSeenMs: number | null;
}

/** An answer of the live head, kept as it came. */
export interface Snapshot {
	/** Without the query, beginning with a slash and not ending in one. */
	readonly path: string;
	readonly query: string;
	readonly fetchedMs: number;
	readonly body: string;
}

export interface LogFile {
	readonly id: number;
	readonly nodeId: string;
	/** Within the node's log folder, with forward slashes. */
	readonly path: string;
	readonly sizeBytes: number;
	/** Of the file on the disk that it is followed in; null where it was read once. */
	readonly identity: string | null;
}

/** A line of a file of the event page, as JSON. */
export interface LogEventLine {
	readonly eventId: string;
	/** "global" where it belongs to no job. */
	readonly jobId: string;
	readonly timestamp: string;
	readonly json: string;
}

/** What one transaction writes to a session. */
export interface SessionWrite {
	readonly events?: EventGroup;
	readonly snapshots?: readonly Snapshot[];
	readonly logEvents?: readonly LogEventLine[];
	readonly logPieces?: readonly LogPiece[];
	/** Done before anything is appended, all at once: two files may change names with each other. */
	readonly logMoves?: readonly LogMove[];
	readonly logAppends?: readonly LogAppend[];
	readonly head?: HeadSighting;
	readonly damages?: readonly Damage[];
	readonly progress?: ImportProgress;
}

/** Bytes of a log file from `offset` on. */
export interface LogPiece {
	readonly nodeId: string;
	readonly path: string;
	readonly offset: number;
	readonly bytes: Buffer;
}

/** How far a file of an import was read. */
export interface ImportProgress {
	readonly path: string;
	readonly sizeBytes: number;
	readonly modifiedMs: number;
	readonly linesRead: number;
	readonly isComplete: boolean;
}

/** More bytes of a log file that is followed; those before `offset` are stored. */
export interface LogAppend extends LogPiece {
	/** Of the file on the disk. */
	readonly identity: string;
}

/** A log file that has another name from now on. */
export interface LogMove {
	readonly nodeId: string;
	readonly from: string;
	readonly to: string;
	/** Of the file that is meant: if `from` is another by now it keeps its name. */
	readonly identity: string | null;
}

/** The session's head has answered. */
export interface HeadSighting {
	readonly address: string;
	/** Milliseconds since 1970. */
	readonly seenMs: number;
}
