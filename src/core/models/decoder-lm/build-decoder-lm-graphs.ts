import {existsSync} from 'node:fs';
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {GgufFile} from '../formats/gguf.js';
import type {Precision} from '../precision.js';
import type {BuiltDescription} from './built-description.js';
import {openDecoderCheckpoint, type DecoderCheckpoint} from './decoder-checkpoint.js';
import {writeDecoderLmGraph} from './decoder-graph.js';
import type {DecoderFormat} from './decoder-layers.js';
import {DECODER_LM_FILES} from './decoder-lm-files.js';
import {readGgufTokenizer} from './gguf-tokenizer.js';
import {readTextFacts} from './text-facts.js';

export interface BuildDecoderLmGraphsOptions {
	/** Holds the weights as they were fetched: a GGUF file, or safetensors and their JSON files. */
	readonly sourceDirectory: string;
	/** Exists and is empty; receives the graph and everything else needed to run the model. */
	readonly outputDirectory: string;
	readonly precision: Precision | 'q4';
	readonly signal?: AbortSignal;
	/** Called now and then with the share that is done, 0..1. */
	readonly onProgress?: (fraction: number) => void;
}

/** Rows of a step are different sessions, which `int8` of {@link WeightFormat} would tie together: 8 bits are blocks. */
const FORMATS: Readonly<Record<Precision | 'q4', DecoderFormat>> = {
	fp32: 'float32',
	fp16w: 'float16',
	int8: 'blocks8',
	q8: 'blocks8',
	q4: 'blocks4',
};

/**
 * Turns the weights of a decoder-only language model (Llama, Qwen2, Qwen3, Gemma 3) into the ONNX graph this program runs.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the weights are of another architecture or format; `MODEL_CORRUPT` if
 * they are damaged.
 */
export async function buildDecoderLmGraphs({
	sourceDirectory,
	outputDirectory,
	precision,
	signal,
	onProgress,
}: BuildDecoderLmGraphsOptions): Promise<void> {
	const checkpoint = await openDecoderCheckpoint(sourceDirectory);
	try {
		const output = (file: keyof typeof DECODER_LM_FILES): string =>
			join(outputDirectory, DECODER_LM_FILES[file]);
		// First what is small, so that a model that cannot be used is noticed before its weights are read.
		await writeTokenizer(sourceDirectory, checkpoint.gguf, output('tokenizer'));
		await writeDescription(sourceDirectory, checkpoint, output('description'));
		await writeDecoderLmGraph(output('graph'), checkpoint, FORMATS[precision], layer => {
			signal?.throwIfAborted();
			onProgress?.(layer / checkpoint.dimensions.layers);
		});
		signal?.throwIfAborted();
		onProgress?.(1);
	} finally {
		await checkpoint.close();
	}
}

async function writeTokenizer(
	sourceDirectory: string,
	gguf: GgufFile | undefined,
	output: string,
): Promise<void> {
	if (gguf !== undefined) {
		await writeFile(output, JSON.stringify(readGgufTokenizer(gguf, sourceDirectory)));
		return;
	}
	const source = join(sourceDirectory, 'tokenizer.json');
	if (!existsSync(source)) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${sourceDirectory} has no tokenizer.json`, {
			hint: 'Take a repository that has one, or the same model as a GGUF file.',
		});
	}
	await copyFile(source, output);
}

async function writeDescription(
	sourceDirectory: string,
	{dimensions, gguf}: DecoderCheckpoint,
	output: string,
): Promise<void> {
	const description: BuiltDescription = {
		dimensions,
		text: await readTextFacts(sourceDirectory, gguf),
	};
	const text = JSON.stringify(description, undefined, '\t');
	await writeFile(output, `${text}\n`);
	// What is not a number in JSON would come back as null.
	if (text.includes('null'))
		throw new InfinisstError('MODEL_CORRUPT', `${sourceDirectory} gives sizes that are no numbers`);
}
