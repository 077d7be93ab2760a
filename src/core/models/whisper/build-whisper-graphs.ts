import {copyFile, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {HALF_FORMATS} from '../graph/half-formats.js';
import {probeIntegerRange} from '../graph/integer-range.js';
import type {WeightStyle} from '../graph/linear.js';
import type {BuildGraphsOptions} from '../store/graph-builders.js';
import {crossFormatOf} from './cross-attention.js';
import {openWhisperCheckpoint} from './whisper-checkpoint.js';
import {writeDecoderGraph} from './whisper-decoder-graph.js';
import {WHISPER_FILES} from './whisper-files.js';
import {describeWhisper, type WhisperDescription} from './whisper-description.js';
import {listTokens, type TokenizerFile} from './whisper-vocabulary.js';
import {writeCrossGraph, writeEncoderGraph} from './whisper-encoder-graph.js';

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
}: BuildGraphsOptions): Promise<void> {
	const formats = HALF_FORMATS[precision];
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
