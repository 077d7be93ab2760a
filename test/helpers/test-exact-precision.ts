import {afterAll, beforeAll, expect, it} from 'vitest';
import type {Precision} from '../../src/core/models/precision.js';
import type {EncodedAudio} from '../../src/core/models/whisper/whisper-encoder.js';
import {goldenClips, largestDifference, readGoldenFloats, type GoldenClip} from './golden.js';
import {openLocalWhisper, readLogits, type LocalWhisper} from './local-whisper.js';
import {readClip} from './read-clip.js';
import {ensureWhisperBase} from './whisper-base.js';

/** What a precision must do whose results are those of float32: equal the reference implementation. */
export function testExactPrecision(precision: Precision): void {
	let graphs: string;
	let whisper: LocalWhisper;
	const encoded = new Map<string, Promise<EncodedAudio>>();

	beforeAll(async () => {
		graphs = await ensureWhisperBase(precision);
		whisper = await openLocalWhisper(graphs);
	});

	afterAll(() => whisper.close());

	/** Padded to 30 s, as the reference does. */
	async function encode({file}: GoldenClip): Promise<EncodedAudio> {
		const encoding = encoded.get(file) ?? readClip(`audio/dev/${file}`).then(encodeFull);
		encoded.set(file, encoding);
		return encoding;
	}

	async function encodeFull(samples: Float32Array): Promise<EncodedAudio> {
		const {frames, states} = await whisper.encoder.encode(samples, 30_000);
		return {frames, states: states.slice()};
	}

	it('equals the golden encoder states within 1e-3', async () => {
		const {frames, states} = await encodeFull(readGoldenFloats('en_jfk.pcm.f32'));
		const {width} = whisper.description.dimensions;
		const golden = readGoldenFloats('en_jfk.encoder.rows_step25.60x512.f32');
		expect(frames).toBe(1500);
		const rows = Float32Array.from(golden, (_, place) => {
			const [row, channel] = [Math.floor(place / width), place % width];
			return states[row * 25 * width + channel]!;
		});
		expect(largestDifference(rows, golden)).toBeLessThanOrEqual(1e-3);
	});

	it('equals the golden logits after 12 tokens within 2e-3', async () => {
		const {logits_prefix: prefix} = goldenClips.find(({file}) => file === 'en_jfk.flac')!;
		const audio = await encodeFull(readGoldenFloats('en_jfk.pcm.f32'));
		const logits = await readLogits(graphs, whisper, audio, prefix!);
		const golden = readGoldenFloats('en_jfk.logits_after_12_tokens.51865.f32');
		expect(largestDifference(logits, golden)).toBeLessThanOrEqual(2e-3);
	});

	it.each(goldenClips)('hears the language of $file as surely as the reference', async clip => {
		const audio = await whisper.decoder.prepare(await encode(clip));
		const probabilities = await whisper.decoder.detectLanguage(audio);
		const [language, probability] = [...probabilities].reduce((a, b) => (b[1] > a[1] ? b : a));
		expect(`<|${language}|>`).toBe(clip.detected.token);
		expect(probability).toBeCloseTo(clip.detected.probability, 3);
		expect([...probabilities.values()].reduce((a, b) => a + b)).toBeCloseTo(1, 6);
	});

	it.each(goldenClips)('writes the same tokens as the reference for $file', async clip => {
		const audio = await encode(clip);
		const {language} = clip;
		const find = async (task: 'transcribe' | 'translate', withTimestamps: boolean) =>
			(await whisper.search(audio, {language, task, withTimestamps})).tokens;
		// Together, so that the batch has a part in it.
		const [plain, stamped, translated, translatedStamped] = await Promise.all([
			find('transcribe', false),
			find('transcribe', true),
			clip.translate && find('translate', false),
			clip.translate_timestamps && find('translate', true),
		]);
		expect(plain).toEqual(clip.transcribe.ids);
		expect(translated).toEqual(clip.translate?.ids);
		expect(stamped).toEqual(clip.transcribe_timestamps.ids);
		expect(translatedStamped).toEqual(clip.translate_timestamps?.ids);
		expect(whisper.vocabulary.decode(plain)).toBe(clip.transcribe.text);
	});

	it.each(goldenClips)('is as sure as the reference that somebody speaks in $file', async clip => {
		const {noSpeechProbability} = await whisper.search(await encode(clip), {
			language: clip.language,
			maxTokens: 1,
		});
		expect(noSpeechProbability).toBeCloseTo(clip.no_speech_probability_token_50362, 3);
	});
}
