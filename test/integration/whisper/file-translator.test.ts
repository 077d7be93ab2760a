import {afterAll, beforeAll, expect, it} from 'vitest';
import {sentenceChrf} from '../../../src/core/scoring/chrf.js';
import {wordErrorRate} from '../../../src/core/scoring/error-rate.js';
import type {FileTranslator} from '../../../src/core/translation/file-translator.js';
import type {TranslationEvent} from '../../../src/core/translation/translation-event.js';
import {openWhisperFileTranslator} from '../../../src/core/translation/whisper-file-translator.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {describeWithShared} from '../../helpers/shared.js';
import {
	CAPTIONS,
	collectTranslation,
	openShared,
	translateShared,
	watchAudio,
} from '../../helpers/translate-file.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

const KENNEDY =
	'And so my fellow Americans ask not what your country can do for you ask what you can do for your country';

/** 70 s, so that several segments are under way when something happens. */
const LONG = 'audio/dev/en_libri_1688.flac';
const SHORT = 'audio/dev/en_fleurs03.flac';

describeWithShared('openWhisperFileTranslator()', () => {
	describeWithWhisperBase('with whisper-base in the default precision', () => {
		let graphsDirectory: string;
		let translator: FileTranslator;

		beforeAll(async () => {
			graphsDirectory = await ensureWhisperBase('int8');
			translator = await openWhisperFileTranslator({graphsDirectory});
		});

		afterAll(() => translator.close());

		it('follows the changes of language in a recording', async () => {
			const {languages, segments} = await translateShared(translator, 'audio/awkward/five_languages.flac');
			expect(languages).toEqual(['en', 'de', 'es', 'it', 'zh']);
			expect(segments.map(({sourceLanguage}) => sourceLanguage)).toEqual(languages);
		});

		it('stays with the language it was told', async () => {
			const {languages, segments} = await translateShared(translator, 'audio/dev/it_vetta.flac', {
				sourceLanguage: 'es',
			});
			expect(languages).toEqual([]);
			expect(new Set(segments.map(({sourceLanguage}) => sourceLanguage))).toEqual(new Set(['es']));
		});

		it('translates into English', async () => {
			const {text, languages, segments} = await translateShared(translator, 'audio/dev/it_vetta.flac', {
				task: 'translate',
			});
			expect(languages).toEqual(['it']);
			expect(segments[0]!.sourceLanguage).toBe('it');
			const reference = 'From the pass one climbs to the summit along the south ridge.';
			// Measured: 28; the Italian sentence itself gets 16.
			expect(sentenceChrf(text, reference).score).toBeGreaterThan(22);
		});

		it('spells as the prompt does', async () => {
			expect((await translateShared(translator, SHORT)).text).toContain('changes color depending');
			const {text} = await translateShared(translator, SHORT, {prompt: 'Colour, flavour, honour.'});
			expect(text).toContain('changes colour depending');
		});

		it('goes on from the text before where it is asked to', async () => {
			const alone = await translateShared(translator, LONG);
			const inContext = await translateShared(translator, LONG, {previousText: true});
			expect(inContext.segments.length).toBeGreaterThan(2);
			// Nothing stands before the first.
			expect(inContext.segments[0]).toEqual(alone.segments[0]);
			expect(inContext.text).not.toBe(alone.text);
			expect(wordErrorRate(alone.text, inContext.text).rate).toBeLessThan(0.1);
		});

		it('searches with beams, and as surely', async () => {
			const greedy = await translateShared(translator, 'audio/dev/en_jfk.flac');
			const beam = await translateShared(translator, 'audio/dev/en_jfk.flac', {beamSize: 3});
			expect(wordErrorRate(KENNEDY, beam.text).rate).toBeLessThan(0.05);
			expect(beam.segments[0]!.averageLogProbability).toBeGreaterThanOrEqual(
				greedy.segments[0]!.averageLogProbability - 1e-6,
			);
			expect(beam.segments[0]!.temperature).toBe(0);
		});

		it('searches with more beams than it decodes together', async () => {
			const {text} = await translateShared(translator, 'audio/dev/en_jfk.flac', {beamSize: 9});
			expect(wordErrorRate(KENNEDY, text).rate).toBeLessThan(0.05);
		});

		it('lets the model write timestamps, which are no part of the text', async () => {
			const {text, segments} = await translateShared(translator, 'audio/dev/en_jfk.flac', {
				timestamps: true,
				words: true,
			});
			expect(wordErrorRate(KENNEDY, text).rate).toBeLessThan(0.05);
			expect(text).not.toMatch(/[<|]/);
			expect(segments.flatMap(({words}) => words!)).toHaveLength(22);
		});

		it('does not mix recordings that are translated at the same time', async () => {
			const files = ['audio/dev/en_jfk.flac', 'audio/dev/de_fleurs05.flac', 'audio/dev/zh_aishell.wav'];
			const apart = [];
			for (const file of files) apart.push(await translateShared(translator, file, {words: true}));
			const together = await Promise.all(files.map(file => translateShared(translator, file, {words: true})));
			expect(together).toEqual(apart);
		});

		it('reports segments in the order of the audio, progress that grows, and the end', async () => {
			const {audio, state} = watchAudio(await openShared(LONG));
			const {events, segments} = await collectTranslation(translator.translate(audio, CAPTIONS));
			expect(state).toMatchObject({isRead: true, isCancelled: false});
			const starts = segments.map(({startMs}) => startMs);
			expect(starts).toEqual([...starts].sort((a, b) => a - b));
			const progress = events.flatMap(event => (event.type === 'progress' ? [event.processedMs] : []));
			expect(progress).toEqual([...progress].sort((a, b) => a - b));
			expect(events.filter(({type}) => type === 'translation-ended')).toEqual([events.at(-1)]);
			expect(events.at(-1)).toMatchObject({segments: segments.length});
			expect((events.at(-1) as {audioMs: number}).audioMs).toBeCloseTo(70_765, -2);
		});

		it('throws the reason of the signal in the middle of a recording, and gives the audio up', async () => {
			const controller = new AbortController();
			const reason = {because: 'the user has gone'};
			const {audio, state} = watchAudio(await openShared('audio/dev/en_lj001.flac'));
			const iteration = translator.translate(audio, {...CAPTIONS, signal: controller.signal});
			const seen: TranslationEvent[] = [];
			const reading = (async () => {
				for await (const event of iteration) {
					seen.push(event);
					if (event.type === 'segment-final') controller.abort(reason);
				}
			})();
			expect(await reading.catch((error: unknown) => error)).toBe(reason);
			expect(seen.filter(({type}) => type === 'segment-final')).toHaveLength(1);
			expect(state.isCancelled || state.isRead).toBe(true);
			// And is as good as before.
			expect((await translateShared(translator, SHORT)).text).toContain('cabbage');
		});

		it('reads nothing where the signal has fired already', async () => {
			const reason = new Error('never mind');
			const {audio, state} = watchAudio(await openShared(SHORT));
			const signal = AbortSignal.abort(reason);
			await expect(collectTranslation(translator.translate(audio, {...CAPTIONS, signal}))).rejects.toBe(
				reason,
			);
			expect(state).toMatchObject({isCancelled: true, isRead: false});
		});

		it('gives the audio up when nobody reads on', async () => {
			const {audio, state} = watchAudio(await openShared('audio/dev/en_lj001.flac'));
			for await (const {type} of translator.translate(audio, CAPTIONS)) if (type === 'segment-final') break;
			expect(state.isCancelled).toBe(true);
			expect(state.isRead).toBe(false);
		});

		it('reports what was said before the audio failed, then the fault', async () => {
			const {samples, ...rest} = await openShared(LONG);
			const fault = new Error('the disk is gone');
			let read = 0;
			const failing = samples.pipeThrough(
				new TransformStream<Float32Array, Float32Array>({
					transform(block, controller) {
						read += block.length;
						if (read > 40 * 16_000) throw fault;
						controller.enqueue(block);
					},
				}),
			);
			const seen: TranslationEvent[] = [];
			const reading = (async () => {
				for await (const event of translator.translate({...rest, samples: failing}, CAPTIONS))
					seen.push(event);
			})();
			await expect(reading).rejects.toBe(fault);
			const texts = seen.flatMap(event => (event.type === 'segment-final' ? [event.segment.text] : []));
			expect(texts.join(' ')).toMatch(/iron.*in all our blood/);
		});

		it('finishes what is under way when it is closed, and does nothing afterwards', async () => {
			const own = await openWhisperFileTranslator({graphsDirectory, maxBatchSize: 2});
			const iteration = own
				.translate(await openShared('audio/dev/en_jfk.flac'), CAPTIONS)
				[Symbol.asyncIterator]();
			await iteration.next();
			const closing = Promise.all([own.close(), own.close()]);
			const {text} = await collectTranslation({[Symbol.asyncIterator]: () => iteration});
			expect(wordErrorRate(KENNEDY, text).rate).toBeLessThan(0.05);
			await closing;
			const {audio, state} = watchAudio(await openShared(SHORT));
			const error = await catchRejection(collectTranslation(own.translate(audio, CAPTIONS)));
			expect(error.code).toBe('RESOURCE_CLOSED');
			expect(state).toMatchObject({isCancelled: true, isRead: false});
		});

		it('may be closed while the model still works on what nobody reads', async () => {
			const own = await openWhisperFileTranslator({graphsDirectory});
			for await (const {type} of own.translate(await openShared(LONG), CAPTIONS))
				if (type === 'segment-final') break;
			await own.close();
		});

		it('says which file is missing, and leaves no thread behind', async () => {
			const error = await catchRejection(
				openWhisperFileTranslator({graphsDirectory: `${graphsDirectory}-missing`}),
			);
			expect(error.code).toBe('MODEL_CORRUPT');
			expect(error.message).toContain('whisper.json');
		});
	});
});
