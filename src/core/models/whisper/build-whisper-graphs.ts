import type {Precision} from '../precision.js';

export interface BuildWhisperGraphsOptions {
	/** Holds the weights as they were fetched: CTranslate2 `model.bin` or safetensors, and their JSON files. */
	readonly sourceDirectory: string;
	/** Exists and is empty; receives the graphs and everything else needed to run the model. */
	readonly outputDirectory: string;
	readonly precision: Precision;
	readonly signal?: AbortSignal;
	/** Called now and then with the share that is done, 0..1. */
	readonly onProgress?: (fraction: number) => void;
}

/**
 * Turns the weights of a Whisper model of any size into the ONNX graphs this program runs.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the weights are of another architecture or format;
 * `MODEL_CORRUPT` if they are damaged.
 */
export function buildWhisperGraphs(options: BuildWhisperGraphsOptions): Promise<void> {
	return Promise.reject(new Error(`not built yet: ${options.sourceDirectory}`));
}
