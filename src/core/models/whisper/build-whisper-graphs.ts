import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {probeIntegerRange} from '../graph/integer-range.js';
import type {WeightFormat, WeightStyle} from '../graph/linear.js';
import type {Precision} from '../precision.js';
import {crossFormatOf} from './cross-attention.js';
import {openWhisperCheckpoint} from './whisper-checkpoint.js';
import {writeDecoderGraph} from './whisper-decoder-graph.js';
import {WHISPER_FILES} from './whisper-files.js';
import {describeWhisper, type WhisperDescription} from './whisper-description.js';
import {listTokens, type TokenizerFile} from './whisper-vocabulary.js';
import {writeCrossGraph, writeEncoderGraph} from './whisper-encoder-graph.js';

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

/** Weights of the two halves: only the encoder, which runs one session at a time, may tie rows together. */
const FORMATS: Readonly<Record<Precision, {encoder: WeightFormat; decoder: WeightFormat}>> = {
	fp32: {encoder: 'float32', decoder: 'float32'},
	fp16w: {encoder: 'float16', decoder: 'float16'},
	int8: {encoder: 'int8', decoder: 'blocks8'},
	q8: {encoder: 'blocks8', decoder: 'blocks8'},
	q4: {encoder: 'blocks8', decoder: 'blocks8'},
};

/**
 * Turns the weights of a Whisper model of any size into the ONNX graphs this program runs.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the weights are of another architecture or format;
 * `MODEL_CORRUPT` if they are damaged.
 */
export async function buildWhisperGraphs({
	sourceDirectory,
	outputDirectory,
	precision,
	signal,
	onProgress,
}: BuildWhisperGraphsOptions): Promise<void> {
	const formats = FORMATS[precision];
	const largestInteger = await probeIntegerRange();
	const encoder: WeightStyle = {format: formats.encoder, largestInteger};
	const decoder: WeightStyle = {format: formats.decoder, largestInteger};
	const checkpoint = await openWhisperCheckpoint(sourceDirectory);
	const output = (file: string): string => join(outputDirectory, file);
	try {
		const crossFormat = crossFormatOf(formats.decoder);
		const description: WhisperDescription = {
			...(await describeWhisper(sourceDirectory, checkpoint.dimensions)),
			crossFormat,
		};
		const steps = [
			() => writeEncoderGraph(output(WHISPER_FILES.encoder), checkpoint, encoder),
			() => writeCrossGraph(output(WHISPER_FILES.cross), checkpoint, encoder, crossFormat),
			() => writeDecoderGraph(output(WHISPER_FILES.decoder), checkpoint, decoder, description.alignmentHeads),
			() => copyFile(join(sourceDirectory, 'tokenizer.json'), output(WHISPER_FILES.tokenizer)),
			async () => {
				const tokenizer = JSON.parse(
					await readFile(output(WHISPER_FILES.tokenizer), 'utf8'),
				) as TokenizerFile;
				const tokens = listTokens(tokenizer, description.specialTokens.endOfText);
				await writeFile(output(WHISPER_FILES.vocabulary), JSON.stringify(tokens));
			},
			() => writeFile(output(WHISPER_FILES.description), JSON.stringify(description, null, '\t') + '\n'),
		];
		for (const [index, step] of steps.entries()) {
			signal?.throwIfAborted();
			await step();
			onProgress?.((index + 1) / steps.length);
		}
	} finally {
		await checkpoint.close();
	}
}
