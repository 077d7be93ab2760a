import {createReadStream, readFileSync} from 'node:fs';
import {beforeEach, expect, it, vi} from 'vitest';
import type {AudioInput} from '../../src/core/audio/audio-source.js';
import type {ErrorCode} from '../../src/core/errors.js';
import {catchRejection} from '../helpers/catch-rejection.js';
import {compareSignals, level} from '../helpers/compare-signals.js';
import {readAudio} from '../helpers/read-samples.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

interface Audible {
	/** Exactly, at 16 kHz. */
	readonly samples: number;
	/** Least correlation with the clean speech; its level where the file changes it. */
	readonly speech?: {readonly correlation: number; readonly gain?: number; readonly offset?: number};
	readonly description: string;
	/** A part of the one warning that must come. */
	readonly warning?: string;
	/** What a header in a pipe promises, where a file's size shows that it is wrong. */
	readonly streamDurationMs?: number;
	readonly maxLevel?: number;
}

interface Refused {
	readonly code: ErrorCode;
	readonly message: string;
	readonly hint: string;
}

const SPEECH_SAMPLES = 176_000;
const exact = {correlation: 0.999_99, gain: 1};
const wav = 'WAV, 16-bit PCM, 16000 Hz, mono';
const flac = 'FLAC, 16-bit, 16000 Hz, mono';

/** What each file of `../shared/audio/awkward` holds, at the level of samples. */
const FILES: Readonly<Record<string, Audible | Refused>> = {
	// Dither of one bit.
	'silence_10s.wav': {samples: 160_000, description: wav, maxLevel: 1e-4},
	'whitenoise_10s.wav': {samples: 160_000, description: wav, maxLevel: 0.02},
	'hum_50hz_10s.wav': {samples: 160_000, description: wav, maxLevel: 0.1},
	'music_25s.flac': {samples: 399_908, description: 'FLAC, 24-bit, 16000 Hz, mono'},
	'realnoise.flac': {samples: 529_972, description: flac},
	'speech_in_noise.flac': {
		samples: SPEECH_SAMPLES,
		description: 'FLAC, 24-bit, 16000 Hz, mono',
		speech: {correlation: 0.8},
	},
	'silence30_jfk_silence30.flac': {
		samples: 1_136_000,
		description: flac,
		speech: {...exact, offset: 480_000},
	},
	'very_quiet.wav': {samples: SPEECH_SAMPLES, description: wav, speech: {correlation: 0.999, gain: 0.004}},
	'clipped.wav': {samples: SPEECH_SAMPLES, description: wav, speech: {correlation: 0.7}},
	'rate_8khz.wav': {
		samples: SPEECH_SAMPLES,
		description: 'WAV, 16-bit PCM, 8000 Hz, mono',
		speech: {correlation: 0.98, gain: 1},
	},
	'mulaw_8khz.wav': {
		samples: SPEECH_SAMPLES,
		description: 'WAV, mu-law, 8000 Hz, mono',
		speech: {correlation: 0.98, gain: 1},
	},
	'stereo_44k1.wav': {
		samples: SPEECH_SAMPLES,
		description: 'WAV, 16-bit PCM, 44100 Hz, stereo',
		speech: {correlation: 0.999, gain: 1},
	},
	'stereo_left_only_48k_24bit.wav': {
		samples: SPEECH_SAMPLES,
		description: 'WAV, 24-bit PCM, 48000 Hz, stereo',
		speech: {correlation: 0.999, gain: 1},
	},
	'float32.wav': {samples: SPEECH_SAMPLES, description: 'WAV, 32-bit float, 16000 Hz, mono', speech: exact},
	'u8.wav': {
		samples: SPEECH_SAMPLES,
		description: 'WAV, 8-bit PCM, 16000 Hz, mono',
		speech: {correlation: 0.999, gain: 1},
	},
	'jfk.mp3': {samples: SPEECH_SAMPLES, description: 'MP3, 16000 Hz, stereo', speech: {correlation: 0.9}},
	'jfk.ogg': {samples: SPEECH_SAMPLES, description: 'Ogg Vorbis, 16000 Hz, mono', speech: {correlation: 0.9}},
	'jfk.opus': {samples: SPEECH_SAMPLES, description: 'Ogg Opus, 48000 Hz, mono', speech: {correlation: 0.9}},
	'jfk.m4a': {
		samples: SPEECH_SAMPLES,
		description: 'MP4, 16000 Hz, mono',
		speech: {correlation: 0.99, gain: 1},
	},
	'jfk.webm': {
		samples: SPEECH_SAMPLES,
		description: 'Matroska, 48000 Hz, mono',
		speech: {correlation: 0.9, gain: 1},
	},
	'video_with_audio.mp4': {
		samples: SPEECH_SAMPLES,
		description: 'MP4, 16000 Hz, mono',
		speech: {correlation: 0.99, gain: 1},
	},
	'wrong_extension.wav': {
		samples: SPEECH_SAMPLES,
		description: 'MP3, 16000 Hz, stereo',
		speech: {correlation: 0.9},
	},
	'truncated_half.wav': {
		samples: 87_989,
		description: wav,
		speech: exact,
		warning: 'is cut short: 5.50 s of the 11.00 s its header promises',
		streamDurationMs: 11_000,
	},
	'truncated_odd.wav': {
		samples: 29_978,
		description: wav,
		speech: exact,
		warning: 'is cut short: 1.87 s of the 11.00 s its header promises',
		streamDurationMs: 11_000,
	},
	'header_len_zero.wav': {samples: SPEECH_SAMPLES, description: wav, speech: exact},
	'header_len_ffffffff.wav': {samples: SPEECH_SAMPLES, description: wav, speech: exact},
	'extra_chunks.wav': {samples: SPEECH_SAMPLES, description: wav, speech: exact},
	'header_only.wav': {samples: 0, description: wav},
	'empty_file.wav': {code: 'AUDIO_UNDECODABLE', message: 'is empty', hint: 'Check where it comes from'},
	'not_audio.wav': {code: 'AUDIO_UNDECODABLE', message: 'is in no audio format we know', hint: '--raw'},
	'raw_s16le_16k.pcm': {
		code: 'AUDIO_UNDECODABLE',
		message: 'is in no audio format we know',
		hint: '--raw s16le --rate 16000 --channels 1',
	},
	'truncated.flac': {
		samples: 85_248,
		description: flac,
		speech: exact,
		warning: 'is cut short: 5.33 s of the 11.00 s its header promises',
	},
	'one_word_0.3s.wav': {samples: 4800, description: wav},
	'one_sample.wav': {samples: 1, description: wav},
	'name with spaces ünï 名.wav': {samples: SPEECH_SAMPLES, description: wav, speech: exact},
	'five_languages.flac': {samples: 545_168, description: flac},
	'same_sentence_20x.flac': {samples: 1_804_800, description: flac},
	'two_speakers_at_once.flac': {
		samples: SPEECH_SAMPLES,
		description: 'FLAC, 24-bit, 16000 Hz, mono',
		speech: {correlation: 0.4},
	},
	'fast_1.6x.wav': {samples: 110_000, description: wav},
};

/** Cuts the reading into pieces that no header or frame ends with. */
const PIECE_BYTES = 4099;

const WAYS: Readonly<Record<string, (path: string) => AudioInput>> = {
	file: path => ({kind: 'file', path}),
	stream: path => ({kind: 'stream', stream: createReadStream(path, {highWaterMark: PIECE_BYTES}), name: '-'}),
};

describeWithShared('the awkward recordings', () => {
	const folder = sharedPath('audio/awkward/');
	const {buffer} = Uint8Array.from(readFileSync(sharedPath('models/golden/en_jfk.pcm.f32')));
	const speech = new Float32Array(buffer);

	// All of them are read without ffmpeg.
	beforeEach(() => void vi.stubEnv('PATH', ''));

	it('are all in the table', () => {
		const manifest = JSON.parse(readFileSync(`${folder}manifest.json`, 'utf8')) as {file: string}[];
		expect(Object.keys(FILES).sort()).toEqual(manifest.map(({file}) => file).sort());
	});

	it.each(
		Object.entries(FILES).flatMap(([file, expected]) =>
			Object.keys(WAYS).map(way => ({file, way, expected})),
		),
	)('gives what $file holds, read as a $way', async ({file, way, expected}) => {
		const input = WAYS[way]!(folder + file);
		if ('code' in expected) {
			const error = await catchRejection(readAudio(input));
			expect(error.code).toBe(expected.code);
			expect(error.message).toContain(expected.message);
			expect(error.hint).toContain(expected.hint);
			return;
		}

		const audio = await readAudio(input);
		expect(audio.samples.length).toBe(expected.samples);
		expect(audio.description).toBe(expected.description);
		expect(audio.warnings).toEqual(
			expected.warning === undefined ? [] : [expect.stringContaining(expected.warning)],
		);
		if (expected.speech !== undefined) {
			const {correlation, gain, offset = 0} = expected.speech;
			const found = compareSignals(speech, audio.samples.subarray(offset));
			expect(found.correlation).toBeGreaterThan(correlation);
			// At most 1 ms, where a codec's delay was not taken away.
			expect(Math.abs(found.lag)).toBeLessThanOrEqual(16);
			if (gain !== undefined) expect(found.gain / gain).toBeCloseTo(1, 1);
		}
		if (expected.maxLevel !== undefined) expect(level(audio.samples)).toBeLessThanOrEqual(expected.maxLevel);
		if (way === 'stream' && expected.streamDurationMs !== undefined) {
			expect(audio.durationMs).toBe(expected.streamDurationMs);
		} else if (way === 'file' && file !== 'truncated.flac') {
			// An MP4 states whole AAC frames, of which the last is padding.
			expect(Math.abs(audio.durationMs! - expected.samples / 16)).toBeLessThan(70);
		}
	});

	it('reads headerless samples the same as the WAV file they were cut from', async () => {
		const raw = {encoding: 's16le', sampleRateHz: 16_000, channels: 1} as const;
		const {samples, description} = await readAudio({kind: 'file', path: `${folder}raw_s16le_16k.pcm`}, {raw});
		expect(description).toBe('raw 16-bit PCM, 16000 Hz, mono');
		expect(samples.length).toBe(SPEECH_SAMPLES);
		expect(samples).toEqual((await readAudio({kind: 'file', path: `${folder}header_len_zero.wav`})).samples);
	});
});
