import type {Distribution} from '../../engine/engine.js';

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
