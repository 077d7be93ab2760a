import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {DEFAULT_BATCH_SETTINGS} from '../../../src/core/engine/batch-settings.js';
import type {LiveSearchRequest} from '../../../src/core/models/whisper/live-search-request.js';
import {openInlineWhisperModel} from '../../../src/core/models/whisper/open-inline-whisper-model.js';
import {openWhisperModel} from '../../../src/core/models/whisper/open-whisper-model.js';
import type {SearchRequest} from '../../../src/core/models/whisper/search-request.js';
import type {CallOptions} from '../../../src/core/models/decoding/call-options.js';
import type {WhisperModel} from '../../../src/core/models/whisper/whisper-model.js';
import {createRandom} from '../../../src/core/util/random.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {makePrompt} from '../../helpers/local-whisper.js';
import {readClip} from '../../helpers/read-clip.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

const CLIPS = [
	['en_jfk.flac', 'en'],
	['de_fleurs01.ogg', 'de'],
	['es_fleurs06.flac', 'es'],
	['fr_fleurs04.flac', 'fr'],
] as const;

const SILENCE_MS = 1000;

/** A look of a live policy at the audio so far: text that is settled, and a frame to stop at. */
interface Look {
	readonly samples: Float32Array;
	readonly request: LiveSearchRequest;
}

describeWithShared('a model in the calling thread', () => {
	describeWithWhisperBase('which is whisper-base in the default precision', () => {
		let graphsDirectory: string;
		let inline: WhisperModel;
		const clips: {samples: Float32Array; language: string}[] = [];

		beforeAll(async () => {
			graphsDirectory = await ensureWhisperBase('int8');
			inline = await openInlineWhisperModel({graphsDirectory});
			for (const [file, language] of CLIPS) {
				const samples = await readClip(`audio/dev/${file}`);
				clips.push({samples: samples.slice(0, 8 * 16_000), language});
			}
		});

		afterAll(() => inline.close());

		function requestFor(language: string, task: 'transcribe' | 'translate' = 'transcribe'): SearchRequest {
			return {
				prompt: makePrompt(inline.description, language, task, false),
				withTimestamps: false,
				maxTokens: 60,
				beamSize: 1,
				sampling: undefined,
				timedFrames: 400,
			};
		}

		/** Looks at the first 2 to 8 s of clips, with a settled beginning of 0 to 20 tokens after 0 to 30 of older text. */
		async function makeLooks(): Promise<Look[]> {
			const random = createRandom(3);
			const looks: Look[] = [];
			for (const {samples, language} of [...clips, ...clips]) {
				const seconds = 2 + Math.floor(random() * 7);
				const part = samples.slice(0, seconds * 16_000);
				const whole = await inline.search(await inline.hear(samples, SILENCE_MS), requestFor(language));
				const settled = whole.tokens.slice(0, Math.floor(random() * Math.min(20, seconds)));
				const older = whole.tokens.slice(0, Math.floor(random() * 30));
				const {startOfPrevious} = inline.description.specialTokens;
				const prompt = [
					...(older.length > 0 ? [startOfPrevious, ...older] : []),
					...makePrompt(inline.description, language, 'transcribe', false),
					...settled,
				];
				looks.push({
					samples: part,
					request: {
						prompt,
						settled: settled.length,
						audioFrames: seconds * 50,
						furthestFrame: 0,
						rewindFrames: 100,
						maxTokens: 60,
					},
				});
			}
			return looks;
		}

		async function look(
			model: WhisperModel,
			{samples, request}: Look,
			options?: CallOptions,
		): Promise<unknown> {
			return model.searchLive(await model.hear(samples, SILENCE_MS, options), request, options);
		}

		it('has the results of one in threads of its own, to the last bit', async () => {
			const looks = await makeLooks();
			const threaded = await openWhisperModel({graphsDirectory});
			try {
				const run = async (model: WhisperModel): Promise<unknown> => [
					await Promise.all(
						clips.map(async ({samples, language}) =>
							model.search(await model.hear(samples, SILENCE_MS), requestFor(language)),
						),
					),
					await Promise.all(looks.map(each => look(model, each))),
					await model.detectLanguage(await model.hear(clips[1]!.samples, SILENCE_MS)),
				];
				expect(await run(threaded)).toEqual(await run(inline));
			} finally {
				await threaded.close();
			}
		});

		it('writes at each look what it writes alone, whoever shares the batch', async () => {
			const looks = await makeLooks();
			const alone: unknown[] = [];
			for (const each of looks) alone.push(await look(inline, each));
			expect(new Set(alone.map(result => JSON.stringify(result))).size).toBeGreaterThan(4);
			const random = createRandom(4);
			for (const settings of [
				{maxBatchSize: 8, minBatchSize: 8},
				{maxBatchSize: 3, minBatchSize: 2},
				{maxBatchSize: 8, minBatchSize: 4, dynamicBatching: false},
			]) {
				await inline.configure({...DEFAULT_BATCH_SETTINGS, batchTimeoutMs: 1000, ...settings});
				const together = looks.map(each => look(inline, each, {deadlineMs: random() * 100}));
				expect(await Promise.all(together)).toEqual(alone);
			}
			await inline.configure(DEFAULT_BATCH_SETTINGS);
			const {batchSizes} = await inline.statistics();
			// Looks end after a few steps each, so a full batch is seldom and a half full one is not.
			expect(Object.keys(batchSizes).some(size => Number(size) >= 4)).toBe(true);
		});

		describe('with audio that is searched more than once', () => {
			it('has the results of audio that was heard twice', async () => {
				const {samples, language} = clips[1]!;
				const captions = requestFor(language);
				const translation = requestFor(language, 'translate');
				const apart = [
					await inline.search(await inline.hear(samples, SILENCE_MS), captions),
					await inline.search(await inline.hear(samples, SILENCE_MS), translation),
				];
				const before = await inline.statistics();
				const heard = await inline.hear(samples, SILENCE_MS);
				const shared = await Promise.all([
					inline.search(heard, captions, {keep: true}),
					inline.search(heard, translation),
				]);
				expect(shared).toEqual(apart);
				const after = await inline.statistics();
				expect(after.encodeMs.count - before.encodeMs.count).toBe(1);
				expect(after.prepareMs.count - before.prepareMs.count).toBe(1);
			});

			it('refuses what was given back', async () => {
				const {samples, language} = clips[0]!;
				const heard = await inline.hear(samples, SILENCE_MS);
				await inline.search(heard, requestFor(language), {keep: true});
				inline.release(heard);
				inline.release(heard);
				expect(await catchRejection(inline.search(heard, requestFor(language)))).toMatchObject({
					code: 'RESOURCE_CLOSED',
				});
				const other = await inline.hear(samples, SILENCE_MS);
				await inline.search(other, requestFor(language));
				expect(await catchRejection(inline.detectLanguage(other))).toMatchObject({code: 'RESOURCE_CLOSED'});
			});
		});

		it('measures what it does', async () => {
			const model = await openInlineWhisperModel({graphsDirectory});
			const {samples, language} = clips[0]!;
			const {tokens} = await model.search(await model.hear(samples, SILENCE_MS), requestFor(language));
			const statistics = await model.statistics();
			await model.close();
			// The end of the text is a step too, the first token comes from the prompt.
			expect(statistics.batchSizes).toEqual({1: tokens.length});
			expect(statistics.decodeStepMs.count).toBe(tokens.length);
			for (const name of ['encodeMs', 'prepareMs', 'decodeBeginMs', 'encodeWaitMs', 'decodeWaitMs'] as const)
				expect([name, statistics[name].count]).toEqual([name, 1]);
			expect(statistics.encodeMs.mean).toBeGreaterThan(1);
			expect(statistics.settings).toEqual(DEFAULT_BATCH_SETTINGS);
		});

		it('rejects what is under way when it is closed, and what comes after', async () => {
			const model = await openInlineWhisperModel({graphsDirectory});
			const {samples, language} = clips[0]!;
			const heard = await model.hear(samples, SILENCE_MS);
			const running = [
				catchRejection(model.search(heard, requestFor(language))),
				catchRejection(model.hear(samples, SILENCE_MS)),
				catchRejection(model.hear(samples, SILENCE_MS)),
			];
			const closing = model.close();
			expect(model.close()).toBe(closing);
			await closing;
			for (const error of await Promise.all(running)) expect(error.code).toBe('RESOURCE_CLOSED');
			expect((await catchRejection(model.hear(samples, SILENCE_MS))).code).toBe('RESOURCE_CLOSED');
		});

		it('leaves no audio behind that was given up', async () => {
			const controller = new AbortController();
			const reason = new Error('enough');
			const {samples, language} = clips[0]!;
			const first = inline.hear(samples, SILENCE_MS, {signal: controller.signal});
			const second = inline.hear(samples, SILENCE_MS, {signal: controller.signal});
			controller.abort(reason);
			await expect(first).rejects.toBe(reason);
			await expect(second).rejects.toBe(reason);
			const heard = await inline.hear(samples, SILENCE_MS);
			const searching = inline.search(heard, requestFor(language), {
				signal: AbortSignal.abort(reason),
			});
			await expect(searching).rejects.toBe(reason);
			expect((await catchRejection(inline.detectLanguage(heard))).code).toBe('RESOURCE_CLOSED');
		});
	});
});
