import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {openModelStore, type ModelStore} from '../../../../../src/core/models/model-store.js';
import {openSeq2seqTranslator} from '../../../../../src/core/translation/text/cascade/open-seq2seq-translator.js';
import {startFakeHub, type FakeHub} from '../../../../helpers/fake-hub.js';
import {fixtureFolder, makeTranslationModel} from '../../../../helpers/random-translation-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

let hub: FakeHub;
let store: ModelStore;

beforeEach(async () => {
	hub = await startFakeHub({});
	store = openModelStore({
		rootDirectory: await temporaryDirectory(),
		hub: {endpoint: hub.endpoint, delay: () => Promise.resolve(), stallTimeoutMs: 500},
	});
});
afterEach(() => hub.close());

/** Files of a folder by their path in a repository. */
async function readFolder(folder: string, below = ''): Promise<Record<string, Buffer>> {
	const files: Record<string, Buffer> = {};
	for (const entry of await readdir(join(folder, below), {withFileTypes: true})) {
		const path = below === '' ? entry.name : `${below}/${entry.name}`;
		if (entry.isDirectory()) Object.assign(files, await readFolder(folder, path));
		else files[path] = await readFile(join(folder, path));
	}
	return files;
}

it('pulls a model of texts, builds its graphs and translates with it', async () => {
	const files = await readFolder(await makeTranslationModel('marian'));
	hub.repositories.set('owner/opus-mt-en-de', {files, lfs: ['model.safetensors', 'source.spm']});
	const model = await store.pull('owner/opus-mt-en-de');
	expect(model).toMatchObject({
		name: 'owner--opus-mt-en-de',
		family: 'seq2seq',
		languages: ['en'],
		targets: ['de'],
		tasks: ['translate-text'],
	});
	const directory = await store.ensureGraphs(model.name, 'int8');
	const translator = await openSeq2seqTranslator({directory, name: model.name, beams: 1});
	const translation = translator.open({
		sourceLanguage: 'en',
		target: 'de',
		latencyMultiplier: 1,
		glossary: [],
	});
	const {words} = await translation.translate({
		words: ['The', ' speaker', ' thanks.'].map((text, place) => ({
			text,
			startMs: 500 * place,
			endMs: 500 * place + 400,
		})),
		closes: true,
	});
	expect(words.length).toBeGreaterThan(0);
	for (const {startMs, endMs, probability} of words) {
		expect(endMs).toBeLessThanOrEqual(1400);
		expect(startMs).toBeLessThanOrEqual(endMs);
		expect(probability).toBeGreaterThan(0);
	}
	await translator.close();
});

it('pulls exported graphs out of their folder, and goes on with one that broke off', async () => {
	const {config, ...exported} = await readExported();
	hub.repositories.set('Xenova/opus-mt-en-de', {files: {'config.json': config!, ...exported}});
	hub.plan('hub', 'onnx/decoder_model_merged.onnx', {kind: 'cut', afterBytes: 20_000});
	const model = await store.pull('Xenova/opus-mt-en-de');
	expect(model.files.map(({path}) => path)).toContain('onnx/decoder_model_merged.onnx');
	const directory = await store.ensureGraphs(model.name, 'int8');
	expect(await readdir(directory)).toEqual(
		expect.arrayContaining(['encoder.onnx', 'decoder.onnx', 'source.spm']),
	);
	const downloads = hub.downloadsOf('onnx/decoder_model_merged.onnx');
	expect(downloads.some(({range}) => range !== undefined)).toBe(true);
});

it('imports a folder with exported graphs', async () => {
	const folder = join(await temporaryDirectory(), 'opus-mt-en-de');
	await mkdir(join(folder, 'onnx'), {recursive: true});
	const {config, ...files} = await readExported();
	for (const [path, bytes] of Object.entries({'config.json': config!, ...files}))
		await writeFile(join(folder, path), bytes);
	const model = await store.pull(folder);
	expect(model).toMatchObject({family: 'seq2seq', languages: ['en'], targets: ['de']});
});

it('fetches no weights of a model whose languages nobody tells', async () => {
	const files = await readFolder(await makeTranslationModel('marian'));
	hub.repositories.set('owner/nameless', {files: {...files, 'tokenizer_config.json': Buffer.from('{}')}});
	const error = await store.pull('owner/nameless').then(undefined, (reason: unknown) => reason);
	expect(error).toMatchObject({
		code: 'MODEL_UNSUPPORTED',
		hint: expect.stringContaining('source_lang') as string,
	});
	expect(hub.downloadsOf('model.safetensors')).toEqual([]);
});

async function readExported(): Promise<Record<string, Buffer>> {
	const {
		'config.json': config,
		'onnx/encoder_model.onnx': encoder,
		'onnx/decoder_model_merged.onnx': decoder,
	} = await readFolder(fixtureFolder('marian-hub'));
	const names = ['source.spm', 'target.spm', 'vocab.json', 'generation_config.json'];
	const tokenizer = await Promise.all(
		names.map(async name => [name, await readFile(join(fixtureFolder('marian'), name))] as const),
	);
	return {
		config: config!,
		...Object.fromEntries(tokenizer),
		'onnx/encoder_model.onnx': encoder!,
		'onnx/decoder_model_merged.onnx': decoder!,
	};
}
