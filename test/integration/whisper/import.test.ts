import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {expect, it} from 'vitest';
import {buildWhisperGraphs} from '../../../src/core/models/whisper/build-whisper-graphs.js';
import {readDescription} from '../../../src/core/models/whisper/model-files.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';
import {convertToSafetensors} from '../../helpers/whisper-weights.js';
import {describeWithWhisperBase, ensureWhisperBase, pullWhisperBase} from '../../helpers/whisper-base.js';

const GRAPHS = ['encoder', 'cross', 'decoder'];

async function hashFile(path: string): Promise<string> {
	const hash = createHash('sha256');
	await pipeline(createReadStream(path), hash);
	return hash.digest('hex');
}

/** Of all graphs and their weights, and of what describes them. */
async function hashGraphs(directory: string): Promise<Record<string, string>> {
	const names = [
		...GRAPHS.flatMap(name => [`${name}.onnx`, `${name}.onnx.data`]),
		'vocabulary.json',
		'whisper.json',
	];
	return Object.fromEntries(
		await Promise.all(names.map(async name => [name, await hashFile(join(directory, name))] as const)),
	);
}

describeWithWhisperBase('weights of whisper-base as safetensors', () => {
	it.each([
		['in one file', 1],
		['in three files', 3],
	])('%s become the same graphs, bit for bit, as from CTranslate2', async (_title, shards) => {
		const expected = await ensureWhisperBase('int8');
		const {sourceDirectory} = await pullWhisperBase();
		const {dimensions} = await readDescription(expected);
		const folder = await temporaryDirectory();
		const outputDirectory = join(folder, 'graphs');
		await mkdir(outputDirectory);
		await convertToSafetensors(sourceDirectory, folder, dimensions, shards);
		const progress: number[] = [];
		await buildWhisperGraphs({
			sourceDirectory: folder,
			outputDirectory,
			precision: 'int8',
			onProgress: fraction => void progress.push(fraction),
		});
		expect(await hashGraphs(outputDirectory)).toEqual(await hashGraphs(expected));
		expect(progress).toEqual([...progress].sort((a, b) => a - b));
		expect(progress.at(-1)).toBe(1);
	});

	it('are given up when the signal fires, with its reason', async () => {
		const {sourceDirectory} = await pullWhisperBase();
		const outputDirectory = await temporaryDirectory();
		const controller = new AbortController();
		const reason = new Error('enough');
		const build = buildWhisperGraphs({
			sourceDirectory,
			outputDirectory,
			precision: 'q8',
			signal: controller.signal,
			onProgress: () => controller.abort(reason),
		});
		await expect(build).rejects.toBe(reason);
	});

	it('keep the text of every token', async () => {
		const graphs = await ensureWhisperBase('int8');
		const {model} = JSON.parse(await readFile(join(graphs, 'tokenizer.json'), 'utf8')) as {
			model: {vocab: Record<string, number>};
		};
		const tokens = JSON.parse(await readFile(join(graphs, 'vocabulary.json'), 'utf8')) as string[];
		expect(tokens).toHaveLength(50_257);
		for (const [text, id] of Object.entries(model.vocab)) if (id < 50_257) expect(tokens[id]).toBe(text);
	});
});
