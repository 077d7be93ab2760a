import type {Fault} from '../../util/fault.js';
import type {
	BatchSettings,
	EngineCapabilities,
	SessionChange,
	SessionCheckpoint,
	SessionOptions,
	SessionUpdate,
} from '../engine.js';

/**
 * What the user of an engine sends to where it runs. Sessions are numbered by the user, and so are calls.
 *
 * Two things are counted so that neither end is flooded: audio is sent while less than {@link AUDIO_WINDOW_SAMPLES}
 * of it are not yet answered by `room`; updates while less than {@link UPDATE_WINDOW} are not yet answered by `read`.
 */
export type EngineRequest =
	| {
			readonly type: 'open';
			readonly session: number;
			readonly id: string | undefined;
			readonly options: SessionOptions;
			readonly checkpoint: SessionCheckpoint | undefined;
	  }
	| {readonly type: 'audio'; readonly session: number; readonly samples: Float32Array}
	| {readonly type: 'change'; readonly session: number; readonly change: SessionChange}
	| {readonly type: 'flush'; readonly session: number}
	| {readonly type: 'end'; readonly session: number}
	| {readonly type: 'read'; readonly session: number; readonly updates: number}
	/** Also one that is not open yet. */
	| {readonly type: 'destroy'; readonly session: number}
	| {readonly type: 'statistics'; readonly call: number}
	| {readonly type: 'configure'; readonly call: number; readonly settings: Partial<BatchSettings>};

/** What comes back. */
export type EngineResponse =
	/** The first: the engine is open, ... */
	| {readonly type: 'ready'; readonly id: string; readonly capabilities: EngineCapabilities}
	/** ... or could not be opened. */
	| {readonly type: 'unavailable'; readonly fault: Fault}
	| {readonly type: 'opened'; readonly session: number}
	| {readonly type: 'room'; readonly session: number; readonly samples: number}
	| {readonly type: 'update'; readonly session: number; readonly update: SessionUpdate}
	/** The last of a session: it has ended, ... */
	| {readonly type: 'finished'; readonly session: number}
	/** ... or failed, or could not be opened. */
	| {readonly type: 'failed'; readonly session: number; readonly fault: Fault}
	| {readonly type: 'result'; readonly call: number; readonly value: unknown}
	| {readonly type: 'fault'; readonly call: number; readonly fault: Fault};

/** Two seconds: enough to hide the way there and back, little to lose and to wait behind. */
export const AUDIO_WINDOW_SAMPLES = 32_000;

export const UPDATE_WINDOW = 16;
