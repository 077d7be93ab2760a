import {InfinisstError} from '../../errors.js';
import type {Clock} from '../../util/clock.js';
import type {Device} from '../onnx-session.js';
import type {LanguageModel} from './language-model.js';

export interface LanguageModelOptions {
	/** As `buildDecoderLmGraphs` made it. */
	readonly graphsDirectory: string;
	/** Threads that share one operator. @default 1 */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	/** Rows that run together at most. @default 8 */
	readonly maxBatchSize?: number;
	readonly clock?: Clock;
}

/**
 * Loads a language model into the calling thread.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if a file is missing or damaged; `DEVICE_UNAVAILABLE`.
 */
export function openLanguageModel({graphsDirectory}: LanguageModelOptions): Promise<LanguageModel> {
	return Promise.reject(
		new InfinisstError('MODEL_UNSUPPORTED', `The language model in ${graphsDirectory} cannot be run yet`),
	);
}
