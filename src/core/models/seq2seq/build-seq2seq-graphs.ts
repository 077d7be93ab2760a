import {existsSync} from 'node:fs';
import {copyFile, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {HALF_FORMATS} from '../graph/half-formats.js';
import {probeIntegerRange} from '../graph/integer-range.js';
import type {WeightFormat} from '../graph/linear.js';
import type {Precision} from '../precision.js';
import type {BuildGraphsOptions} from '../store/graph-builders.js';
import {writeDecoderGraph} from './decoder-graph.js';
import {describeSeq2seq} from './describe-seq2seq.js';
import {writeEncoderGraph} from './encoder-graph.js';
import {findHubGraphs} from './hub-graphs.js';
import {readJsonFile, TOKENIZER_FILES} from './model-folder.js';
import {networkShape} from './network-shape.js';
import {openSeq2seqCheckpoint} from './seq2seq-checkpoint.js';
import {SEQ2SEQ_FILES, type Seq2seqDescription} from './seq2seq-description.js';

/**
 * Turns the weights of a translation model into the graphs this program runs. Exported graphs are taken as they are, those
 * that come closest to the precision.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if the weights are of another architecture or format;
 * `MODEL_CORRUPT` if they are damaged.
 */
export async function buildSeq2seqGraphs({
	sourceDirectory,
	outputDirectory,
	precision,
	signal,
	onProgress,
}: BuildGraphsOptions): Promise<void> {
	const exported = findHubGraphs(sourceDirectory, precision);
	const description = await describeSeq2seq(sourceDirectory, exported === undefined ? 'own' : 'hub');
	const output = (file: string): string => join(outputDirectory, file);
	const steps =
		exported === undefined
			? await writingSteps(sourceDirectory, output, precision, description)
			: [
					() => copyFile(exported.encoder, output(SEQ2SEQ_FILES.encoder)),
					() => copyFile(exported.decoder, output(SEQ2SEQ_FILES.decoder)),
					...exported.data.map(path => () => copyFile(path, output(basename(path)))),
				];
	const rest = [
		() => copyTokenizer(sourceDirectory, output, description),
		() => writeFile(output(SEQ2SEQ_FILES.description), JSON.stringify(description, null, '\t') + '\n'),
	];
	for (const [index, step] of [...steps, ...rest].entries()) {
		signal?.throwIfAborted();
		await step();
		onProgress?.((index + 1) / (steps.length + rest.length));
	}
}

async function writingSteps(
	sourceDirectory: string,
	output: (file: string) => string,
	precision: Precision,
	description: Seq2seqDescription,
): Promise<(() => Promise<void>)[]> {
	const config = await readJsonFile(sourceDirectory, 'config.json');
	const shape = networkShape(config, description);
	const formats = HALF_FORMATS[precision];
	const largestInteger = await probeIntegerRange();
	const write = async (
		writeGraph: typeof writeEncoderGraph,
		file: string,
		format: WeightFormat,
	): Promise<void> => {
		const checkpoint = await openSeq2seqCheckpoint(sourceDirectory);
		try {
			const source = {checkpoint, shape, dimensions: description.dimensions};
			await writeGraph(output(file), source, {format, largestInteger});
		} finally {
			await checkpoint.close();
		}
	};
	return [
		() => write(writeEncoderGraph, SEQ2SEQ_FILES.encoder, formats.encoder),
		() => write(writeDecoderGraph, SEQ2SEQ_FILES.decoder, formats.decoder),
	];
}

async function copyTokenizer(
	sourceDirectory: string,
	output: (file: string) => string,
	{tokenizer}: Seq2seqDescription,
): Promise<void> {
	const {required, optional} = TOKENIZER_FILES[tokenizer];
	for (const name of [...required, ...optional]) {
		const from = join(sourceDirectory, name);
		if (existsSync(from)) await copyFile(from, output(name));
	}
}
