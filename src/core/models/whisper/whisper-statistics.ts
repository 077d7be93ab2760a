import type {BatchSettings, Distribution} from '../../engine/engine.js';
import type {BatchStatistics} from '../decoding/batch-statistics.js';

/** Of the writing half. */
export interface DecoderStatistics extends BatchStatistics {
	/** What all steps of the decoder look at. */
	readonly prepareMs: Distribution;
	readonly settings: BatchSettings;
}

/** Of the listening half. */
export interface EncoderStatistics {
	/** From being asked for to being begun. */
	readonly encodeWaitMs: Distribution;
	/** Log-mel and encoder. */
	readonly encodeMs: Distribution;
}

/** What a model has done so far, and how it is set. */
export type WhisperStatistics = EncoderStatistics & DecoderStatistics;
