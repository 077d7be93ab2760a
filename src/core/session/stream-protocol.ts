import type {GlossaryEntry, SessionChange} from '../engine/engine.js';
import type {StreamEvent} from './stream-event.js';

/** Subprotocol of the sockets of `/v1/stream`. */
export const STREAM_PROTOCOL = 'infinisst.v1';

/** How samples are written on a stream's socket. */
export const STREAM_FORMATS = ['f32le', 's16le'] as const;

export type StreamFormat = (typeof STREAM_FORMATS)[number];

interface Stamp {
	/** Counts from 0, without gaps but for listeners that are slow. */
	readonly seq: number;
	/** Wall time since the session began. */
	readonly at_ms: number;
}

/** How much of what a client sent has been taken. The client sends on from there after a cut. */
export interface StreamPosition {
	/** Samples at the client's rate, from the first. Messages that were refused do not count. */
	readonly received_samples: number;
	/** Messages `session.update`, `flush` and `end`, from the first. Those that were refused do not count. */
	readonly received_commands: number;
}

/** What a session began with: sent with `session.created` beside the facts of `StreamSession`. */
export interface StreamCreation {
	/** Its name, as `/v1/stream/{session}/listen` and the other routes want it. */
	readonly session: string;
	/** Whoever has it may go on with the session. */
	readonly resume_token: string;
	readonly format: StreamFormat;
	readonly sample_rate: number;
	/** Of one message, bytes. */
	readonly max_message_bytes: number;
}

/** The text of a target so far. */
export interface SnapshotText {
	readonly target: string;
	/** Finals, joined as they are. */
	readonly final: string;
	/** What is likely to follow. */
	readonly partial: string;
}

/** What the server says about its own sockets, beside what a session says (see `StreamEvent`). */
export type StreamNotice = Stamp &
	(
		| ({
				/** First on a socket that goes on. Not an event of its own: `seq` is that of the last event the client has. */
				readonly type: 'session.resumed';
				readonly session: string;
		  } & StreamPosition &
				SavedPosition)
		| {
				/**
				 * First for listeners; for a client that comes back so late that events it lacks are no longer kept. Replaces
				 * all text before. Not an event of its own: `seq` is that of the last event it holds.
				 */
				readonly type: 'session.snapshot';
				readonly session: string;
				readonly source_language: string;
				readonly texts: readonly SnapshotText[];
		  }
		| {
				/** How the session stands before it is active, and when it has become so. */
				readonly type: 'session.progress';
				readonly status: 'initializing' | 'queued' | 'active' | 'ended';
				/** 1 is next; 0 unless it is queued. */
				readonly queue_position: number;
				readonly eta_ms: number | null;
				readonly activity: string | null;
		  }
		/** Answers `session.update`: what holds now. */
		| {
				readonly type: 'session.updated';
				readonly latency_multiplier: number;
				/** How many; 0 without a glossary. */
				readonly glossary_terms: number;
		  }
		/** Everything before is forgotten; texts and times begin again. */
		| {readonly type: 'session.reset'}
		/** Answers `flush`: all that was sent before is final. */
		| {readonly type: 'flushed'; readonly audio_ms: number}
	);

/** What `session.resumed`, and `lag` on a socket that sends, say in addition: nothing before is ever asked for again. */
export interface SavedPosition {
	readonly saved_samples: number;
	readonly saved_commands: number;
}

/** One JSON message from the server. */
export type ServerMessage = StreamEvent | StreamNotice;

/** One JSON message from a client; everything else it sends is audio. */
export type ClientMessage =
	/** First on a socket that goes on with a session. `last_seq` is that of the last event it has, -1 for none. */
	| {readonly type: 'resume'; readonly token: string; readonly last_seq: number}
	/** For the audio that follows. At least one of them is there; a glossary replaces the one before. */
	| {
			readonly type: 'session.update';
			readonly latency_multiplier?: NonNullable<SessionChange['latencyMultiplier']> | undefined;
			readonly glossary?: readonly GlossaryEntry[] | undefined;
	  }
	/** Makes final what was sent; the session goes on. */
	| {readonly type: 'flush'}
	/** No more audio comes. */
	| {readonly type: 'end'}
	/** Events up to this one need not be kept. */
	| {readonly type: 'ack'; readonly seq: number};

/** Why the server closed a socket, beside 1000, 1001, 1007, 1009 and 1011. */
export const STREAM_CLOSE_CODES = {
	/** A rule of the protocol was broken; the `error` event before it says which. */
	refused: 1008,
	/** There is no room now, or a listener was too slow: try again later. */
	tryAgainLater: 1013,
	/** Another socket goes on with the session. */
	replaced: 4001,
	/** The token opens nothing. */
	sessionUnknown: 4004,
	/** Nothing was sent for too long. */
	idle: 4008,
} as const;
