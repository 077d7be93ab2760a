import {describe, expect, it} from 'vitest';
import {InfinisstError} from '../../../../../../src/core/errors.js';
import {
	createScriptedTextTranslator,
	type ScriptedTextTranslatorOptions,
} from '../../../../../../src/core/translation/text/testing/scripted-text-translator.js';
import type {
	SourceTurn,
	TextTranslation,
} from '../../../../../../src/core/translation/text/text-translator.js';
import {textCalls} from '../../../../../../src/core/translation/text/thread/text-calls.js';
import {connectTextTranslator} from '../../../../../../src/core/translation/text/thread/thread-text-translator.js';
import type {ThreadHandle} from '../../../../../../src/core/util/thread-call.js';
import {catchRejection} from '../../../../../helpers/catch-rejection.js';

interface Run extends Partial<ScriptedTextTranslatorOptions> {
	/** What a turn waits for in the thread. */
	readonly hold?: () => Promise<void>;
}

/** Both ends of a thread without the thread: what goes over is cloned, as it would be. */
function createThread(run: Run): ThreadHandle & {readonly isClosed: () => boolean} {
	const scripted = createScriptedTextTranslator({pairs: {en: ['de']}, ...run});
	const calls = textCalls(
		Promise.resolve({
			...scripted,
			open: (options, state) => {
				const translation = scripted.open(options, state);
				return {
					...translation,
					translate: async (turn: SourceTurn, signal?: AbortSignal) => {
						const translated = await translation.translate(turn, signal);
						await run.hold?.();
						return translated;
					},
				};
			},
		}),
	) as unknown as Record<string, (argument: unknown, signal: AbortSignal) => Promise<unknown>>;
	let isClosed = false;
	return {
		isClosed: () => isClosed,
		async call(method, argument, {signal} = {}) {
			signal?.throwIfAborted();
			const controller = new AbortController();
			const answer = calls[method]!(structuredClone(argument), controller.signal).then(value =>
				structuredClone(value),
			);
			answer.catch(() => undefined);
			const given = new Promise<never>((_, reject) => {
				signal?.addEventListener('abort', () => {
					controller.abort();
					reject(signal.reason as Error);
				});
			});
			return Promise.race([answer, given]);
		},
		close() {
			isClosed = true;
			return Promise.resolve();
		},
	};
}

async function open(run: Run = {}): Promise<TextTranslation> {
	const translator = await connectTextTranslator(createThread(run));
	return translator.open({sourceLanguage: 'en', target: 'de', latencyMultiplier: 2, glossary: []});
}

let saidMs = 0;

function turn(text: string, closes = false): SourceTurn {
	const words = text.split(' ').filter(word => word !== '');
	return {
		closes,
		words: words.map(word => ({text: ` ${word}`, startMs: saidMs++ * 1000, endMs: saidMs * 1000})),
	};
}

async function textOf(translation: TextTranslation, turns: readonly SourceTurn[]): Promise<string> {
	let text = '';
	for (const each of turns) {
		text += (await translation.translate(each)).words.map(word => word.text).join('');
	}
	return text;
}

describe('a translator of texts in a thread', () => {
	it('does what the model of the thread does', async () => {
		const translator = await connectTextTranslator(createThread({}));
		expect(translator.capabilities).toEqual({model: 'scripted-text', pairs: new Map([['en', ['de']]])});
		expect(await textOf(await open(), [turn('one two'), turn('three'), turn('', true)])).toBe(
			' one-de two-de three-de',
		);
	});

	it('keeps texts apart', async () => {
		const translator = await connectTextTranslator(createThread({}));
		const options = {sourceLanguage: 'en', target: 'de', latencyMultiplier: 2, glossary: []} as const;
		const [first, second] = [translator.open(options), translator.open(options)];
		await first.translate(turn('one two'));
		expect(await textOf(second, [turn('three', true)])).toBe(' three-de');
		expect(await textOf(first, [turn('', true)])).toBe(' two-de');
	});

	it('takes a change to the turns that follow, and to no others', async () => {
		const translation = await open();
		expect(await textOf(translation, [turn('cat dog', true)])).toBe(' cat-de dog-de');
		translation.change({glossary: [{source: 'cat', target: 'Kater'}]});
		expect(await textOf(translation, [turn('cat dog', true)])).toBe(' Kater dog-de');
	});

	it('is as it was before a turn that was given up, although the thread had gone on', async () => {
		let release = (): void => undefined;
		let isHeld = false;
		const turns: string[] = [];
		const translation = await open({
			hold: () => (isHeld ? new Promise(resolve => (release = resolve)) : Promise.resolve()),
			onTurn: (_, words) => turns.push(words.map(({text}) => text).join('')),
		});
		await translation.translate(turn('one two'));
		translation.change({glossary: [{source: 'cat', target: 'Kater'}]});
		isHeld = true;
		const controller = new AbortController();
		const reason = new Error('enough');
		const givenUp = translation.translate(turn('three four'), controller.signal);
		await expect.poll(() => turns).toHaveLength(2);
		controller.abort(reason);
		await expect(givenUp).rejects.toBe(reason);
		isHeld = false;
		const next = textOf(translation, [turn('cat', true)]);
		// The turn that was given up still runs: the next waits for it.
		release();
		expect(await next).toBe(' two-de Kater');
		expect(turns.at(-1)).toBe(' cat');
	});

	it('goes on from a checkpoint, also in another thread', async () => {
		const translation = await open();
		await translation.translate(turn('one two'));
		const state = structuredClone(translation.checkpoint());
		translation.close();
		const other = await connectTextTranslator(createThread({}));
		const options = {sourceLanguage: 'en', target: 'de', latencyMultiplier: 2, glossary: []} as const;
		expect(await textOf(other.open(options, state), [turn('', true)])).toBe(' two-de');
	});

	it('refuses a pair that the model does not know, and any once it is closed', async () => {
		const thread = createThread({});
		const translator = await connectTextTranslator(thread);
		const openInto = (target: string) => () =>
			translator.open({sourceLanguage: 'en', target, latencyMultiplier: 1, glossary: []});
		expect(openInto('fr')).toThrow(expect.objectContaining({code: 'LANGUAGE_PAIR_UNSUPPORTED'}) as Error);
		await translator.close();
		expect(thread.isClosed()).toBe(true);
		expect(openInto('de')).toThrow(expect.objectContaining({code: 'RESOURCE_CLOSED'}) as Error);
	});

	it('waits for a turn that runs before it is closed', async () => {
		let release = (): void => undefined;
		const thread = createThread({hold: () => new Promise(resolve => (release = resolve))});
		const translator = await connectTextTranslator(thread);
		const translation = translator.open({
			sourceLanguage: 'en',
			target: 'de',
			latencyMultiplier: 1,
			glossary: [],
		});
		const running = translation.translate(turn('one', true));
		const closing = translator.close();
		await Promise.resolve();
		expect(thread.isClosed()).toBe(false);
		// It is held once it has been translated.
		const held = release;
		await expect.poll(() => release).not.toBe(held);
		release();
		expect((await running).words).toHaveLength(1);
		await closing;
		expect(thread.isClosed()).toBe(true);
	});

	it('ends the thread when the model cannot be opened', async () => {
		let isClosed = false;
		const error = await catchRejection(
			connectTextTranslator({
				call: () => Promise.reject(new InfinisstError('MODEL_CORRUPT', 'x cannot be read')),
				close: () => Promise.resolve(void (isClosed = true)),
			}),
		);
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(isClosed).toBe(true);
	});
});
