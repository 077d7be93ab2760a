import {copyFile, mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {buildSeq2seqGraphs} from '../../../../../src/core/models/seq2seq/build-seq2seq-graphs.js';
import {openTranslationModel} from '../../../../../src/core/models/seq2seq/open-translation-model.js';
import type {TranslationModel} from '../../../../../src/core/models/seq2seq/translation-model.js';
import {
	fixtureFolder,
	makeTranslationModel,
	readFixture,
	type Golden,
} from '../../../../helpers/random-translation-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

/** The export of optimum, with the tokenizer beside it, as repositories of the hub hold them. */
async function makeRepository(): Promise<string> {
	const folder = join(await temporaryDirectory(), 'opus-mt-en-de');
	await mkdir(join(folder, 'onnx'), {recursive: true});
	for (const file of ['source.spm', 'target.spm', 'vocab.json', 'generation_config.json'])
		await copyFile(join(fixtureFolder('marian'), file), join(folder, file));
	for (const file of ['config.json', 'onnx/encoder_model.onnx', 'onnx/decoder_model_merged.onnx'])
		await copyFile(join(fixtureFolder('marian-hub'), file), join(folder, file));
	return folder;
}

async function open(sourceDirectory: string): Promise<TranslationModel> {
	const directory = await temporaryDirectory();
	await buildSeq2seqGraphs({sourceDirectory, outputDirectory: directory, precision: 'fp32'});
	return openTranslationModel({directory, name: 'opus-mt-en-de'});
}

it('runs graphs of the hub as they are, to the same translations as graphs of our own from the same weights', async () => {
	const exported = await open(await makeRepository());
	const own = await open(await makeTranslationModel('marian-hub'));
	expect([...exported.pairs]).toEqual([['en', ['de']]]);
	const {cases} = await readFixture<Golden>('marian', 'golden.json');
	const requests = cases.flatMap(({source}) =>
		[1, 4].flatMap(beams =>
			[[], [5, 9]].map(forcedPrefix => ({tokens: source, target: 'de', beams, forcedPrefix, maxTokens: 20})),
		),
	);
	const expected = await own.translate(requests);
	const results = await exported.translate(requests);
	expect(results.map(({tokens}) => tokens)).toEqual(expected.map(({tokens}) => tokens));
	for (const [index, {score, alignments}] of results.entries()) {
		expect(score).toBeCloseTo(expected[index]!.score, 4);
		expect(alignments).toBeUndefined();
	}
	expect(new Set(results.map(({tokens}) => tokens.join())).size).toBeGreaterThan(4);
	await exported.close();
	await own.close();
});

it('takes the quantised graphs for 8-bit precisions', async () => {
	const folder = await makeRepository();
	for (const name of ['encoder_model', 'decoder_model_merged'])
		await copyFile(join(folder, `onnx/${name}.onnx`), join(folder, `onnx/${name}_quantized.onnx`));
	await copyFile(join(folder, 'config.json'), join(folder, 'onnx/encoder_model_quantized.onnx'));
	const outputDirectory = await temporaryDirectory();
	await buildSeq2seqGraphs({sourceDirectory: folder, outputDirectory, precision: 'int8'});
	expect(await readFile(join(outputDirectory, 'encoder.onnx'))).toEqual(
		await readFile(join(folder, 'config.json')),
	);
});
