import {join} from 'node:path';
import {expect, it, onTestFinished} from 'vitest';
import {openLanguageModel} from '../../../src/core/models/decoder-lm/open-language-model.js';
import {openAgentTranslator} from '../../../src/core/translation/text/agent/open-agent-translator.js';
import type {TextTranslation, TextTranslator} from '../../../src/core/translation/text/text-translator.js';
import {buildGraph, readGoldens, writeRandomModel} from '../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

/** It reads bytes: the instruction has some 800. */
const WINDOW = 1100;

/** Behind the first of these nothing has left the window; behind the second many turns have. */
const EARLY = 1;
const LATE = 8;
const AFTER = 3;

async function openTranslator(): Promise<TextTranslator> {
	const llama = (await readGoldens()).models['llama']!;
	const folder = join(await temporaryDirectory(), 'model');
	await writeRandomModel(folder, {...llama, config: {...llama.config, max_position_embeddings: 5000}});
	const model = await openLanguageModel({graphsDirectory: await buildGraph(folder, 'fp32')});
	const options = {model, name: 'random', languages: ['en', 'de'], maxCacheTokens: WINDOW};
	const translator = openAgentTranslator(options);
	onTestFinished(() => translator.close());
	return translator;
}

async function say(translation: TextTranslation, from: number, to: number): Promise<string[]> {
	const texts: string[] = [];
	for (let turn = from; turn < to; turn++) {
		const words = ['so', `word${turn % 7}`, 'comes', 'now', 'and'].map((word, index) => {
			const startMs = turn * 2000 + index * 400;
			return {text: ` ${word}`, startMs, endMs: startMs + 400};
		});
		const {words: written, tail} = await translation.translate({words, closes: true});
		texts.push(`${written.map(({text}) => text).join('')}${tail}`);
	}
	return texts;
}

it('the agent goes on alike after each failover from a checkpoint, and as if there had been none while its window was not full', async () => {
	const translator = await openTranslator();
	const open = (state?: unknown): TextTranslation =>
		translator.open({sourceLanguage: 'en', target: 'de', latencyMultiplier: 1, glossary: []}, state);
	const translation = open();
	await say(translation, 0, EARLY);
	const early: unknown = structuredClone(translation.checkpoint());
	const text = await say(translation, EARLY, LATE);
	expect(await say(open(early), EARLY, EARLY + AFTER)).toEqual(text.slice(0, AFTER));

	const late = structuredClone(translation.checkpoint()) as {readonly turns: readonly number[]};
	expect(late.turns.length).toBeLessThan(LATE - 2);
	expect((early as typeof late).turns).toHaveLength(EARLY);
	const first = await say(open(late), LATE, LATE + AFTER);
	expect(first.join('')).not.toBe('');
	// Others are translated meanwhile: that must not tell.
	const other = say(open(early), EARLY, EARLY + AFTER);
	expect(await say(open(late), LATE, LATE + AFTER)).toEqual(first);
	await other;
});
