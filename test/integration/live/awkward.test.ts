import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {Engine, LatencyMultiplier} from '../../../src/core/engine/engine.js';
import {findBrokenRules} from '../../../src/core/engine/testing/event-rules.js';
import {openWhisperReplica} from '../../../src/core/engine/whisper-replica.js';
import {wordErrorRate} from '../../../src/core/scoring/error-rate.js';
import type {SessionEvent} from '../../../src/core/session/session-event.js';
import {runSession} from '../../contract/run-session.js';
import {readClip} from '../../helpers/read-clip.js';
import {transcript} from '../../helpers/run-live.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase, ensureWhisperBase} from '../../helpers/whisper-base.js';

const KENNEDY =
	'And so my fellow Americans ask not what your country can do for you ask what you can do for your country';
const FIGHTERS = 'Los luchadores compañeros de Luna también le rindieron homenaje';

/** Nobody speaks in these. */
const SPEECHLESS = [
	'silence_10s.wav',
	'whitenoise_10s.wav',
	'hum_50hz_10s.wav',
	'music_25s.flac',
	'realnoise.flac',
];

/** Speech that is hard to hear, and most word errors, as a share of what was said: live is a little worse than whole. */
const HARD: readonly (readonly [file: string, maxErrorRate: number])[] = [
	['very_quiet.wav', 4 / 22],
	['fast_1.6x.wav', 4 / 22],
	['clipped.wav', 4 / 22],
	['rate_8khz.wav', 5 / 22],
	['speech_in_noise.flac', 6 / 22],
	['two_speakers_at_once.flac', 0.8],
];

const MULTIPLIERS: readonly LatencyMultiplier[] = [1, 4];

interface Heard {
	readonly events: readonly SessionEvent[];
	readonly captions: string;
	readonly english: string;
	readonly languages: readonly string[];
}

describeWithShared('awkward recordings, live', () => {
	describeWithWhisperBase('by whisper-base in the default precision', () => {
		let engine: Engine;

		beforeAll(async () => {
			engine = await openWhisperReplica({graphsDirectory: await ensureWhisperBase('int8'), id: 'replica'});
		});

		afterAll(() => engine.close());

		async function hear(
			audio: Float32Array,
			latencyMultiplier: LatencyMultiplier,
			targets: readonly string[] = ['same', 'en'],
		): Promise<Heard> {
			const options = {sourceLanguage: 'auto', targets, latencyMultiplier};
			const updates = await runSession(engine, {audio, options, chunkSamples: 8000});
			const events = updates.flatMap(update => update.events);
			expect(findBrokenRules(events, {targets})).toEqual([]);
			return {
				events,
				captions: transcript(events, 'same'),
				english: transcript(events, 'en'),
				languages: events.flatMap(event => (event.type === 'language-detected' ? [event.language] : [])),
			};
		}

		describe.each(MULTIPLIERS)('at multiplier %d', multiplier => {
			it.each(SPEECHLESS)('bring no text, not even for a moment, where nobody speaks: %s', async file => {
				const {events} = await hear(await readClip(`audio/awkward/${file}`), multiplier);
				expect(events.filter(({type}) => type !== 'lag-measured' && type !== 'language-detected')).toEqual([
					expect.objectContaining({type: 'session-ended'}),
				]);
			});

			it.each(HARD)('are heard: %s', async (file, maxErrorRate) => {
				const {captions, english} = await hear(await readClip(`audio/awkward/${file}`), multiplier);
				expect(wordErrorRate(KENNEDY, captions).rate, captions).toBeLessThanOrEqual(maxErrorRate);
				// Both write what is said where English is spoken.
				expect(english).toBe(captions);
			});

			it.each([-50, -60])('are heard at a peak of %d dBFS', async decibels => {
				const clip = await readClip('audio/dev/en_jfk.flac');
				const peak = clip.reduce((largest, sample) => Math.max(largest, Math.abs(sample)), 0);
				const gain = 10 ** (decibels / 20) / peak;
				const {captions} = await hear(
					clip.map(sample => sample * gain),
					multiplier,
					['same'],
				);
				expect(wordErrorRate(KENNEDY, captions).rate, captions).toBeLessThanOrEqual(4 / 22);
			});

			it('are followed through five languages', async () => {
				const {captions, english, languages} = await hear(
					await readClip('audio/awkward/five_languages.flac'),
					multiplier,
				);
				expect(languages).toEqual(['en', 'de', 'es', 'it', 'zh']);
				// Each in its own language: a word of each, and the end.
				expect(captions).toMatch(/americans.*sediment.*war.*luchadores.*vetta.*分析/is);
				expect(captions.split(/\s+/).length, captions).toBeLessThanOrEqual(90);
				expect(english).toMatch(/americans.*sediment.*fighters/is);
				expect(english).not.toMatch(/[\p{Script=Han}]|luchadores|sale sulla/iu);
			});
		});

		it('are heard between silences, at the right time', async () => {
			const {events, captions} = await hear(await readClip('audio/awkward/silence30_jfk_silence30.flac'), 1, [
				'same',
			]);
			expect(wordErrorRate(KENNEDY, captions).rate, captions).toBeLessThanOrEqual(4 / 22);
			for (const event of events) {
				if (event.type !== 'text-final') continue;
				expect(event.startMs).toBeGreaterThan(29_400);
				expect(event.endMs).toBeLessThan(41_600);
				expect(event.audioMs).toBeLessThan(43_000);
			}
		});

		it('neither stop early nor go on for ever where one sentence comes 20 times', async () => {
			const {captions} = await hear(await readClip('audio/awkward/same_sentence_20x.flac'), 2, ['same']);
			const said = Array.from({length: 20}, () => FIGHTERS).join(' ');
			expect(wordErrorRate(said, captions).rate, captions).toBeLessThanOrEqual(0.2);
			expect([...captions.matchAll(/luchadores/gi)].length).toBe(20);
		});

		it.each([
			['one_word_0.3s.wav', 1],
			['one_sample.wav', 0],
			['header_only.wav', 0],
		])('are ended however short: %s', async (file, maxWords) => {
			const {captions} = await hear(await readClip(`audio/awkward/${file}`), 1);
			expect(captions.split(' ').filter(Boolean).length, captions).toBeLessThanOrEqual(maxWords);
		});

		it('are ended where nothing comes at all', async () => {
			expect((await hear(new Float32Array(), 1)).captions).toBe('');
		});
	});
});
