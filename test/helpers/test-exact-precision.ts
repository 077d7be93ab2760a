import {execa} from 'execa';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {findProgram} from '../../src/core/audio/find-program.js';
import type {Precision} from '../../src/core/models/precision.js';
import type {EncodedAudio} from '../../src/core/models/whisper/whisper-encoder.js';
import {goldenClips, largestDifference, readGoldenFloats, type GoldenClip} from './golden.js';
import {openLocalWhisper, readLogits, type LocalWhisper} from './local-whisper.js';
import {readClip} from './read-clip.js';
import {sharedPath} from './shared.js';
import {ensureWhisperBase} from './whisper-base.js';

/**
 * What a precision must do whose results are those of float32: equal the reference implementation.
 *
 * @param extent - `texts` leaves out what takes another minute: languages and timestamps.
 */
export function testExactPrecision(precision: Precision, extent: 'texts' | 'all'): void {
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
		const encoding = encoded.get(file) ?? readAsReference(file).then(encodeFull);
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

	const clips = goldenClips.filter(({file}) => !isOpus(file) || ffmpegPath !== undefined);

	it.each(clips)('writes the same tokens as the reference for $file', async clip => {
		const audio = await encode(clip);
		const {language} = clip;
		// Together, so that the batch has a part in it.
		const [transcript, translation] = await Promise.all([
			whisper.search(audio, {language}),
			clip.translate && whisper.search(audio, {language, task: 'translate'}),
		]);
		expect(transcript.tokens).toEqual(clip.transcribe.ids);
		expect(whisper.vocabulary.decode(transcript.tokens)).toBe(clip.transcribe.text);
		expect(translation?.tokens).toEqual(clip.translate?.ids);
		expect(transcript.noSpeechProbability).toBeCloseTo(clip.no_speech_probability_token_50362, 3);
	});

	if (extent === 'texts') return;

	it.each(clips)('writes the same tokens and timestamps as the reference for $file', async clip => {
		const audio = await encode(clip);
		const {language} = clip;
		const [transcript, translation] = await Promise.all([
			whisper.search(audio, {language, withTimestamps: true}),
			clip.translate_timestamps && whisper.search(audio, {language, task: 'translate', withTimestamps: true}),
		]);
		expect(transcript.tokens).toEqual(clip.transcribe_timestamps.ids);
		expect(translation?.tokens).toEqual(clip.translate_timestamps?.ids);
	});

	it.each(clips)('hears the language of $file as surely as the reference', async clip => {
		const audio = await whisper.decoder.prepare(await encode(clip));
		const probabilities = await whisper.decoder.detectLanguage(audio);
		const [language, probability] = [...probabilities].reduce((a, b) => (b[1] > a[1] ? b : a));
		expect(`<|${language}|>`).toBe(clip.detected.token);
		expect(probability).toBeCloseTo(clip.detected.probability, 3);
		expect([...probabilities.values()].reduce((a, b) => a + b)).toBeCloseTo(1, 6);
	});
}

const ffmpegPath = await findProgram('ffmpeg', process.env);

function isOpus(file: string): boolean {
	return file.endsWith('.ogg');
}

/**
 * The reference read its audio with ffmpeg, whose decoder of Opus differs from libopus, which everybody else
 * uses, by half a sample: enough to turn one of its tokens.
 */
async function readAsReference(file: string): Promise<Float32Array> {
	if (!isOpus(file)) return readClip(`audio/dev/${file}`);
	const {stdout} = await execa({encoding: 'buffer'})(ffmpegPath!, [
		...['-v', 'error', '-c:a', 'opus', '-i', sharedPath(`audio/dev/${file}`)],
		...['-f', 'f32le', '-ac', '1', '-ar', '16000', '-'],
	]);
	return new Float32Array(stdout.slice().buffer);
}
