import {existsSync} from 'node:fs';
import {copyFile, mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Precision} from '../../src/core/models/precision.js';
import {buildSeq2seqGraphs} from '../../src/core/models/seq2seq/build-seq2seq-graphs.js';
import {
	openTranslationModel,
	type OpenTranslationModelOptions,
} from '../../src/core/models/seq2seq/open-translation-model.js';
import type {TranslationModel} from '../../src/core/models/seq2seq/translation-model.js';
import {writeSafetensors, type TensorToWrite} from './make-safetensors.js';
import {seededValues} from './seeded-weights.js';
import {temporaryDirectory} from './temporary-directory.js';

/** What the reference made of a text; written by test/fixtures/seq2seq/make-goldens.py. */
export interface GoldenCase {
	readonly source: readonly number[];
	/** Of the encoder, [source, width]. */
	readonly states: readonly number[];
	readonly decoderTokens: readonly number[];
	/** Behind the last of them. */
	readonly logits: readonly number[];
	/** Of the last of them, to the source. */
	readonly attention: readonly number[];
	readonly searches: readonly {
		readonly options: {
			readonly num_beams: number;
			readonly max_length?: number;
			readonly length_penalty?: number;
			readonly no_repeat_ngram_size?: number;
			readonly bad_words_ids?: readonly (readonly number[])[];
		};
		readonly forcedPrefix: readonly number[];
		readonly tokens: readonly number[];
		readonly isComplete: boolean;
		readonly score?: number;
	}[];
}

export interface Golden {
	readonly tensors: Readonly<Record<string, readonly number[]>>;
	readonly cases: readonly GoldenCase[];
}

export interface GoldenTokens {
	readonly sources: readonly {readonly text: string; readonly tokens: readonly number[]}[];
	readonly targets: readonly {
		readonly text: string;
		readonly tokens: readonly number[];
		readonly decoded: string;
	}[];
}

export type FixtureName = 'marian' | 'marian-hub' | 'nllb' | 'm2m';

export function fixtureFolder(name: FixtureName): string {
	return join(import.meta.dirname, '../fixtures/seq2seq', name);
}

export async function readFixture<Content>(name: FixtureName, file: string): Promise<Content> {
	return JSON.parse(await readFile(join(fixtureFolder(name), file), 'utf8')) as Content;
}

export interface MakeOptions {
	/** @default 1 */
	readonly shards?: number;
	/** Holds the folder, and graphs beside it; in a hook it must be given. @default one that the test removes */
	readonly parent?: string;
}

/** A folder as the hub has it: configuration and tokenizer of the fixture, and its weights in so many files. */
export async function makeTranslationModel(
	name: FixtureName,
	{shards = 1, parent}: MakeOptions = {},
): Promise<string> {
	const folder = join(parent ?? (await temporaryDirectory()), name);
	await mkdir(folder);
	// The small model that was exported has the tokenizer of the other.
	for (const from of name === 'marian-hub' ? (['marian', name] as const) : [name]) {
		for (const file of await readdir(fixtureFolder(from))) {
			if (!/^(golden|tokens)\.json$|^onnx$/.test(file))
				await copyFile(join(fixtureFolder(from), file), join(folder, file));
		}
	}
	if (!existsSync(join(fixtureFolder(name), 'golden.json'))) return folder;
	const {tensors} = await readFixture<Golden>(name, 'golden.json');
	const entries = Object.entries(tensors).map(
		([tensor, shape]) => [tensor, makeTensor(tensor, shape)] as const,
	);
	if (shards === 1) {
		await writeSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(entries));
		return folder;
	}
	const weightMap: Record<string, string> = {};
	for (let shard = 0; shard < shards; shard++) {
		const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
		const part = entries.filter((_, index) => index % shards === shard);
		for (const [tensor] of part) weightMap[tensor] = file;
		await writeSafetensors(join(folder, file), Object.fromEntries(part));
	}
	await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({weight_map: weightMap}));
	return folder;
}

/** As `fill` in the script. */
function makeTensor(name: string, shape: readonly number[]): TensorToWrite {
	const values = seededValues(
		name,
		shape.reduce((product, size) => product * size, 1),
	);
	const scaled = name.endsWith('norm.weight')
		? values.map(value => 1 + value * 0.25)
		: values.map(value => value * scaleOf(name));
	return {dtype: 'F32', shape, bytes: new Uint8Array(scaled.buffer)};
}

function scaleOf(name: string): number {
	if (name.endsWith('bias')) return 0.25;
	return /embed|shared/.test(name) ? 0.5 : 0.375;
}

export async function buildTranslationModel(
	name: FixtureName,
	precision: Precision,
	options: MakeOptions = {},
): Promise<string> {
	const sourceDirectory = await makeTranslationModel(name, options);
	const outputDirectory = join(sourceDirectory, '../graphs');
	await mkdir(outputDirectory);
	await buildSeq2seqGraphs({sourceDirectory, outputDirectory, precision});
	return outputDirectory;
}

export async function openRandomTranslationModel(
	name: FixtureName,
	precision: Precision = 'fp32',
	{parent, ...options}: Partial<OpenTranslationModelOptions> & MakeOptions = {},
): Promise<TranslationModel> {
	const directory = await buildTranslationModel(name, precision, parent === undefined ? {} : {parent});
	return openTranslationModel({directory, name, ...options});
}
