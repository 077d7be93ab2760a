import type {BatchSettings, Distribution} from '../../engine/engine.js';

/** What decoding sequences together has cost so far. */
export interface BatchStatistics {
	/** How often so many sequences made a step together, by their number. */
	readonly batchSizes: Readonly<Record<number, number>>;
	/** From being ready to be decoded to being begun. */
	readonly decodeWaitMs: Distribution;
	/** Reading prompts, one or several of the same length at a time. */
	readonly decodeBeginMs: Distribution;
	readonly decodeStepMs: Distribution;
}

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
