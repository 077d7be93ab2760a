import {describe, expect, it, onTestFinished} from 'vitest';
import {
	openTextTranslator,
	type TextModelOptions,
} from '../../../../../src/core/translation/text/open-text-translator.js';
import type {SourceTurn, TextTranslator} from '../../../../../src/core/translation/text/text-translator.js';
import {openThreadTextTranslator} from '../../../../../src/core/translation/text/thread/thread-text-translator.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {buildTranslationModel} from '../../../../helpers/random-translation-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

async function modelOptions(): Promise<TextModelOptions> {
	return {
		family: 'seq2seq',
		graphsDirectory: await buildTranslationModel('nllb', 'fp32'),
		name: 'nllb',
		languages: ['en'],
		targets: ['de'],
	};
}

async function open(options: TextModelOptions): Promise<TextTranslator> {
	const translator = await openThreadTextTranslator(options);
	onTestFinished(() => translator.close());
	return translator;
}

const TURN: SourceTurn = {
	words: 'Nobody knows how long the meeting will take'
		.split(' ')
		.map((word, place) => ({text: ` ${word}`, startMs: 300 * place, endMs: 300 * place + 250})),
	closes: true,
};

const OPTIONS = {sourceLanguage: 'en', target: 'de', latencyMultiplier: 2, glossary: []} as const;

describe('a real model of texts in a thread', () => {
	it('writes what it writes in this thread', async () => {
		const options = await modelOptions();
		const here = await openTextTranslator(options);
		const expected = await here.open(OPTIONS).translate(TURN);
		await here.close();
		expect(expected.words.length).toBeGreaterThan(0);
		const translation = (await open(options)).open(OPTIONS);
		expect(await translation.translate(TURN)).toEqual(expected);
	});

	it('gives a turn up when its signal fires, and translates the next', async () => {
		const translation = (await open(await modelOptions())).open(OPTIONS);
		const expected = await translation.translate(TURN);
		const controller = new AbortController();
		const givenUp = translation.translate(TURN, controller.signal);
		const reason = new Error('enough');
		controller.abort(reason);
		await expect(givenUp).rejects.toBe(reason);
		const again = await translation.translate(TURN);
		expect(again.words.map(({text}) => text)).toEqual(expected.words.map(({text}) => text));
	});

	it('says what is wrong with a model that cannot be opened', async () => {
		const graphsDirectory = await temporaryDirectory();
		const error = await catchRejection(
			openThreadTextTranslator({...(await modelOptions()), graphsDirectory}),
		);
		expect(error.code).toBe('MODEL_CORRUPT');
	});

	it('is not opened for somebody who has gone', async () => {
		const reason = new Error('gone');
		const opening = openThreadTextTranslator(await modelOptions(), AbortSignal.abort(reason));
		await expect(opening).rejects.toBe(reason);
	});
});
