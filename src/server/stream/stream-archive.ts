import type {SessionCheckpoint, SessionOptions} from '../../core/engine/engine.js';
import type {StreamFormat} from '../../core/session/stream-protocol.js';

/** What a stream began with. */
export interface ArchivedFacts {
	/** Of the session. */
	readonly id: string;
	/** SHA-256 of the resume token, hex. */
	readonly tokenHash: string;
	/** Id of the key that it was opened with. */
	readonly owner: string | undefined;
	/** Wall clock, ms since 1970. */
	readonly createdAtMs: number;
	readonly model: string;
	/** As they were at the beginning. */
	readonly options: SessionOptions;
	readonly format: StreamFormat;
	/** Of the client's audio. */
	readonly sampleRateHz: number;
}

/** A final event, as it was or will be sent. */
export interface ArchivedFinal {
	/** Counts the finals of a stream from 0. */
	readonly ordinal: number;
	/** Its number among the events; not that in `json`. */
	readonly seq: number;
	readonly json: string;
}

/** What one update of a session came to: kept as a whole or not at all. */
export interface ArchivedUpdate {
	readonly finals: readonly ArchivedFinal[];
	/** State after them. */
	readonly checkpoint: SessionCheckpoint;
	/** Segments that have ended in all. */
	readonly segments: number;
	/** Spoken now, as far as it is known. */
	readonly sourceLanguage: string | null;
	/** Those of the checkpoint, where a change has come so far since the update before. */
	readonly options?: SessionOptions;
}

/** Its options are those of the checkpoint. */
export interface ArchivedStream extends ArchivedFacts {
	readonly finals: readonly ArchivedFinal[];
	readonly segments: number;
	readonly sourceLanguage: string | null;
	/** Undefined before the first update. */
	readonly checkpoint: SessionCheckpoint | undefined;
}

/**
 * Keeps of each stream what a client needs to go on after the server was killed: a final is sent only after it was
 * saved, so that the archive never knows less than a client.
 */
export interface StreamArchive {
	/** Resolves when it is kept: before that no client learns its token. */
	open(facts: ArchivedFacts): Promise<void>;
	/** Resolves when it is kept, in the order of the calls. Never changes a final but its `seq`. Unknown streams are left out. */
	save(id: string, update: ArchivedUpdate): Promise<void>;
	/** By the hash of its token; includes what was saved and is not yet written. */
	find(tokenHash: string): Promise<ArchivedStream | undefined>;
	/** Nobody comes back to it. */
	forget(id: string): void;
	/** Writes what is left. Idempotent. */
	close(): Promise<void>;
}
