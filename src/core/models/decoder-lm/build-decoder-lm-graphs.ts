import {constants, existsSync} from 'node:fs';
import {copyFile, readdir, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {GgufFile} from '../formats/gguf.js';
import type {Precision} from '../precision.js';
import type {BuiltDescription} from './built-description.js';
import {openDecoderCheckpoint, readConfig} from './decoder-checkpoint.js';
import {writeDecoderLmGraph} from './decoder-graph.js';
import type {DecoderFormat} from './decoder-layers.js';
import {DECODER_LM_FILES} from './decoder-lm-files.js';
import {readGgufTokenizer} from './gguf-tokenizer.js';
import {selectExport} from './exported-files.js';
import {readTextFacts} from './text-facts.js';
import {textConfig} from './transformers-dimensions.js';

export interface BuildDecoderLmGraphsOptions {
	/** Holds the weights as they were fetched: a GGUF file, safetensors or an exported graph and their JSON files. */
	readonly sourceDirectory: string;
	/** Exists and is empty; receives the graph and everything else needed to run the model. */
	readonly outputDirectory: string;
	readonly precision: Precision;
	readonly signal?: AbortSignal;
	/** Called now and then with the share that is done, 0..1. */
	readonly onProgress?: (fraction: number) => void;
}

/** Rows of a step are different sessions, which `int8` of {@link WeightFormat} would tie together: 8 bits are blocks. */
const FORMATS: Readonly<Record<Precision, DecoderFormat>> = {
	fp32: 'float32',
	fp16w: 'float16',
	int8: 'blocks8',
	q8: 'blocks8',
	q4: 'blocks4',
};

/**
 * Turns the weights of a decoder-only language model (Llama, Qwen2, Qwen3, Gemma 3) into the ONNX graph this program runs;
 * a graph that others exported is taken as it is.
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
	const output = (file: keyof typeof DECODER_LM_FILES): string =>
		join(outputDirectory, DECODER_LM_FILES[file]);
	const exported = await findExport(sourceDirectory);
	if (exported.length > 0) {
		await writeTokenizer(sourceDirectory, undefined, output('tokenizer'));
		await copyExport(sourceDirectory, exported, outputDirectory);
		await writeDescription(
			await describeExport(sourceDirectory, basename(exported[0]!)),
			output('description'),
		);
		return;
	}
	const checkpoint = await openDecoderCheckpoint(sourceDirectory);
	try {
		// First what is small, so that a model that cannot be used is noticed before its weights are read.
		await writeTokenizer(sourceDirectory, checkpoint.gguf, output('tokenizer'));
		const text = await readTextFacts(sourceDirectory, checkpoint.gguf);
		await writeDescription({kind: 'own', dimensions: checkpoint.dimensions, text}, output('description'));
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

/** Files of an export, where there are no weights that a graph of ours could be built of. */
async function findExport(sourceDirectory: string): Promise<string[]> {
	const paths = await readdir(sourceDirectory, {recursive: true});
	if (paths.some(path => path.endsWith('.safetensors') || path.endsWith('.gguf'))) return [];
	return selectExport(paths.map(path => path.replaceAll('\\', '/')));
}

/** They are run as they are, in whatever precision somebody asked for. */
async function copyExport(
	sourceDirectory: string,
	paths: readonly string[],
	outputDirectory: string,
): Promise<void> {
	for (const path of paths) {
		await copyFile(
			join(sourceDirectory, path),
			join(outputDirectory, basename(path)),
			constants.COPYFILE_FICLONE,
		);
	}
}

async function describeExport(sourceDirectory: string, file: string): Promise<BuiltDescription> {
	const place = join(sourceDirectory, 'config.json');
	const config = textConfig(await readConfig(place));
	const {model_type: architecture, vocab_size: vocabularySize, max_position_embeddings: maxTokens} = config;
	if (typeof architecture !== 'string' || !isSize(vocabularySize) || !isSize(maxTokens)) {
		throw new InfinisstError('MODEL_CORRUPT', `${place} does not say what the exported model is`, {
			hint: 'Check that all files of the model are there.',
		});
	}
	const text = await readTextFacts(sourceDirectory, undefined);
	return {kind: 'exported', file, sizes: {architecture, vocabularySize, maxTokens}, text};
}

function isSize(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) > 0;
}

async function writeDescription(description: BuiltDescription, output: string): Promise<void> {
	await writeFile(output, `${JSON.stringify(description, undefined, '\t')}\n`);
}
