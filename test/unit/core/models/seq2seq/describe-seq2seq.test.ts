import {cp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {describeSeq2seq} from '../../../../../src/core/models/seq2seq/describe-seq2seq.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {fixtureFolder, readFixture, type FixtureName} from '../../../../helpers/random-translation-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

/** A copy of a fixture with other contents in some of its files. */
async function makeFolder(
	name: FixtureName,
	changes: Readonly<Record<string, unknown>> = {},
	folderName = 'model',
): Promise<string> {
	const folder = join(await temporaryDirectory(), folderName);
	await cp(fixtureFolder(name), folder, {recursive: true});
	for (const [file, content] of Object.entries(changes))
		await writeFile(join(folder, file), JSON.stringify(content));
	return folder;
}

describe('describeSeq2seq', () => {
	it('reads the search that the makers recommend, and never lets filler be written', async () => {
		const folder = await makeFolder('marian', {
			'generation_config.json': {
				num_beams: 6,
				max_length: 512,
				length_penalty: 0.8,
				decoder_start_token_id: 3,
			},
		});
		const {search, badWords, startToken, padToken} = await describeSeq2seq(folder, 'own');
		expect(search).toMatchObject({beams: 6, lengthPenalty: 0.8, maxTokens: 127, forcesEnd: true});
		expect(badWords).toEqual([[padToken]]);
		expect(startToken).toBe(3);
	});

	it('knows the languages of NLLB by its tokens', async () => {
		const {sources, targets, targetTokenIn} = await describeSeq2seq(fixtureFolder('nllb'), 'own');
		const {model, added_tokens: added} = await readFixture<{
			model: unknown;
			added_tokens: {content: string; id: number}[];
		}>('nllb', 'tokenizer.json');
		expect(model).toBeDefined();
		const idOf = (content: string) => added.find(token => token.content === content)!.id;
		expect(sources).toMatchObject({en: idOf('eng_Latn'), zh: idOf('zho_Hans'), jw: idOf('jav_Latn')});
		expect(targets).toEqual(sources);
		expect(targetTokenIn).toBe('target');
	});

	it('knows the languages of M2M-100 behind the words of its vocabulary', async () => {
		const {sources} = await describeSeq2seq(fixtureFolder('m2m'), 'own');
		const vocabulary = await readFixture<Record<string, number>>('m2m', 'vocab.json');
		expect(sources['af']).toBe(Object.keys(vocabulary).length);
		expect(Object.keys(sources)).toContain('zh');
	});

	it('knows the targets of a Marian of many languages by the tokens that ask for them', async () => {
		const vocabulary = await readFixture<Record<string, number>>('marian', 'vocab.json');
		const folder = await makeFolder(
			'marian',
			{
				'vocab.json': {...vocabulary, '>>deu<<': 900, '>>cmn_Hans<<': 901, '>>zh<<': 902, '>>xyz<<': 903},
				'tokenizer_config.json': {},
			},
			'opus-mt-en-mul',
		);
		const {sources, targets, targetTokenIn, steeringTokens} = await describeSeq2seq(folder, 'own');
		expect([sources, targets, targetTokenIn]).toEqual([{en: null}, {de: 900, zh: 902}, 'source']);
		expect(steeringTokens).toEqual(expect.arrayContaining([900, 901, 902, 903]));
	});

	it.each([
		[
			['>>cmn_Hant<<', '>>cmn<<', '>>cmn_Hans<<', '>>yue_Hans<<', '>>yue_Hant<<'],
			'>>cmn_Hans<<',
			'>>yue_Hant<<',
		],
		[['>>lzh<<', '>>cmn_Hant<<', '>>cmn<<', '>>yue_Hans<<'], '>>cmn<<', '>>yue_Hans<<'],
	])(
		'takes the script that is meant where a Marian writes Chinese in several: %j',
		async (tokens, zh, yue) => {
			const vocabulary = await readFixture<Record<string, number>>('marian', 'vocab.json');
			const added = Object.fromEntries(tokens.map((token, place) => [token, 900 + place]));
			const folder = await makeFolder(
				'marian',
				{'vocab.json': {...vocabulary, ...added}, 'tokenizer_config.json': {}},
				'opus-mt-en-zh',
			);
			const {targets} = await describeSeq2seq(folder, 'own');
			expect(targets).toEqual({zh: added[zh], yue: added[yue]});
		},
	);

	it.each([
		[
			'its tokenizer',
			{'tokenizer_config.json': {source_lang: 'eng', target_lang: 'zho'}},
			'model',
			['en'],
			['zh'],
		],
		['its folder', {'tokenizer_config.json': {}}, 'Helsinki-NLP--opus-mt-tc-big-fr-it', ['fr'], ['it']],
	])('knows the languages of a Marian by %s', async (_what, changes, name, sources, targets) => {
		const description = await describeSeq2seq(await makeFolder('marian', changes, name), 'own');
		expect(Object.keys(description.sources)).toEqual(sources);
		expect(Object.keys(description.targets)).toEqual(targets);
	});

	it('reads all languages where a model is of many', async () => {
		const folder = await makeFolder('marian', {'tokenizer_config.json': {}}, 'opus-mt-mul-en');
		const {sources, targets} = await describeSeq2seq(folder, 'own');
		expect(Object.keys(targets)).toEqual(['en']);
		expect(Object.keys(sources)).toEqual(expect.arrayContaining(['de', 'zh']));
		expect(sources).not.toHaveProperty('en');
	});

	it.each([
		['languages nobody tells', {'tokenizer_config.json': {}}, 'model'],
		['a group of languages', {'tokenizer_config.json': {}}, 'opus-mt-ROMANCE-en'],
		['another architecture', {'config.json': {model_type: 'bart', d_model: 1}}, 'opus-mt-en-de'],
		['a configuration without sizes', {'config.json': {model_type: 'marian'}}, 'opus-mt-en-de'],
	])('refuses %s', async (_what, changes, name) => {
		const error = await catchRejection(describeSeq2seq(await makeFolder('marian', changes, name), 'own'));
		expect(error.code).toBe('MODEL_UNSUPPORTED');
		expect(error.hint).toBeDefined();
	});
});
