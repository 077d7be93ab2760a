import {execFileSync} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import {createRandom, streamInput} from '../helpers/byte-stream.js';
import {catchRejection} from '../helpers/catch-rejection.js';
import {compareSignals, level} from '../helpers/compare-signals.js';
import {describeWithFfmpeg, describeWithSox} from '../helpers/programs.js';
import {readAudio} from '../helpers/read-samples.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const SECONDS = 20;
const SAMPLES = SECONDS * 16_000;

/** A rising tone: every place of it sounds other, so lost or moved stretches show. */
const SWEEP = `aevalsrc='0.3*sin(2*PI*t*(300+20*t))':s=16000:d=${SECONDS}`;
const sweep = Float32Array.from({length: SAMPLES}, (_, index) => {
	const time = index / 16_000;
	return 0.3 * Math.sin(2 * Math.PI * time * (300 + 20 * time));
});

interface Format {
	readonly name: string;
	readonly file: string;
	readonly options: readonly string[];
	/** Samples before the sound that the stream does not say how to take away. */
	readonly delay?: number;
	/** Of samples at the end. */
	readonly padding?: number;
	readonly statesLength?: false;
}

const FORMATS: readonly Format[] = [
	{name: 'MP3', file: 'a.mp3', options: []},
	{name: 'MP3 of 8 kHz', file: 'a.mp3', options: ['-ar', '8000', '-b:a', '24k']},
	{name: 'MP3 of 44.1 kHz stereo', file: 'a.mp3', options: ['-ar', '44100', '-af', 'pan=stereo|c0=c0|c1=c0']},
	{name: 'MP3 with variable rate', file: 'a.mp3', options: ['-q:a', '4']},
	{name: 'Ogg Vorbis', file: 'a.ogg', options: []},
	{name: 'Ogg Opus', file: 'a.opus', options: ['-b:a', '32k']},
	{name: 'MP4 with AAC, index at the end', file: 'a.m4a', options: []},
	{name: 'MP4 with AAC, index in front', file: 'a.m4a', options: ['-movflags', '+faststart']},
	{name: 'MP4 with ALAC', file: 'a.m4a', options: ['-c:a', 'alac']},
	{
		name: 'fragmented MP4',
		file: 'a.mp4',
		options: ['-movflags', 'frag_keyframe+empty_moov'],
		statesLength: false,
		delay: 1024,
		padding: 2048,
	},
	{name: 'QuickTime with PCM', file: 'a.mov', options: ['-c:a', 'pcm_s16be']},
	{name: 'WebM with Opus', file: 'a.webm', options: ['-b:a', '32k']},
	{name: 'Matroska with FLAC', file: 'a.mka', options: ['-c:a', 'flac']},
	{name: 'AAC (ADTS)', file: 'a.aac', options: [], statesLength: false, delay: 1024, padding: 2048},
];

describeWithFfmpeg('formats that libraries decode', ffmpeg => {
	const written: string[] = [];

	beforeEach(() => {
		// They are decoded without ffmpeg.
		vi.stubEnv('PATH', '');
		for (const method of ['log', 'warn', 'error'] as const) {
			vi.spyOn(console, method).mockImplementation(text => void written.push(String(text)));
		}
	});

	afterEach(() => {
		vi.unstubAllEnvs();
		vi.restoreAllMocks();
		expect(written.splice(0)).toEqual([]);
	});

	const encode = async ({file, options}: Format): Promise<string> => {
		const path = join(await temporaryDirectory(), file);
		execFileSync(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', SWEEP, ...options, path]);
		return path;
	};

	it.each(FORMATS)('keep length, level and time of $name', async format => {
		const path = await encode(format);
		const {delay = 0, padding = 0} = format;
		for (const input of [{kind: 'file', path} as const, streamInput(await readFile(path), [4001])]) {
			const {samples, warnings, durationMs} = await readAudio(input);
			expect(warnings).toEqual([]);
			expect(samples.length).toBeGreaterThanOrEqual(SAMPLES);
			expect(samples.length).toBeLessThanOrEqual(SAMPLES + delay + padding);
			// The delay need not be all of what the encoder may add.
			const lags = Array.from({length: delay / 64 + 1}, (_, index) => index * 64);
			const best = lags
				.map(lag => ({...compareSignals(sweep, samples.subarray(lag)), lag}))
				.reduce((left, right) => (left.correlation >= right.correlation ? left : right));
			expect(best.correlation).toBeGreaterThan(0.95);
			expect(best.gain).toBeGreaterThan(0.9);
			expect(best.gain).toBeLessThan(1.1);
			if (input.kind === 'file' && format.statesLength !== false) {
				expect(Math.abs(durationMs! - SECONDS * 1000)).toBeLessThan(70);
			}
		}
	});

	/** What is left of a file of which the second half is missing. */
	it.each(FORMATS.filter(({name}) => !/index at the end|ALAC|QuickTime|Matroska/.test(name)))(
		'give the first half of $name when the second is missing',
		async format => {
			const bytes = await readFile(await encode(format));
			const {samples, warnings} = await readAudio(streamInput(bytes.subarray(0, bytes.length / 2), [4001]));
			expect(samples.length).toBeGreaterThan(SAMPLES * 0.3);
			expect(samples.length).toBeLessThan(SAMPLES * 0.65);
			// Only what the header promises can be missed. A pipe hides the last page of Ogg, which says the length.
			const isMissed = format.statesLength !== false && !format.name.startsWith('Ogg');
			expect(warnings).toEqual(isMissed ? [expect.stringContaining('is cut short')] : []);
		},
	);

	it.each(FORMATS)('go on behind damage in $name', async format => {
		const bytes = await readFile(await encode(format));
		const random = createRandom(3);
		const start = Math.floor(bytes.length * 0.4);
		for (let index = start; index < start + 3000; index++) bytes[index] = Math.floor(random() * 256);
		const {samples} = await readAudio(streamInput(bytes, [4001]));
		expect(samples.length).toBeGreaterThan(SAMPLES * 0.3);
	});

	it('refuse a file of which nothing can be decoded, and whose index is missing', async () => {
		const path = await encode({name: 'MP4', file: 'a.m4a', options: []});
		const bytes = await readFile(path);
		await writeFile(path, bytes.subarray(0, bytes.length * 0.9));
		for (const input of [{kind: 'file', path} as const, streamInput(await readFile(path), [4001])]) {
			const error = await catchRejection(readAudio(input));
			expect(error.code).toBe('AUDIO_UNDECODABLE');
			expect(error.message).toContain('has no index');
			expect(error.hint).toContain('Fetch the file again');
		}
	});

	it('refuse a container without any sound', async () => {
		const path = join(await temporaryDirectory(), 'silent.mp4');
		execFileSync(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=1:size=64x64:rate=5', path]);
		const error = await catchRejection(readAudio({kind: 'file', path}));
		expect(error.code).toBe('AUDIO_UNDECODABLE');
		expect(error.message).toBe(`"${path}" looks like MP4, but nothing in it can be decoded`);
	});

	describe('in a video', () => {
		it('read past the pictures', async () => {
			const path = join(await temporaryDirectory(), 'video.mp4');
			const picture = ['-f', 'lavfi', '-i', `testsrc=duration=${SECONDS}:size=320x240:rate=25`];
			execFileSync(ffmpeg, ['-v', 'error', ...picture, '-f', 'lavfi', '-i', SWEEP, '-shortest', path]);
			const {samples} = await readAudio({kind: 'file', path});
			expect(Math.abs(samples.length - SAMPLES)).toBeLessThan(2048);
			expect(compareSignals(sweep, samples).correlation).toBeGreaterThan(0.95);
		});
	});
});

describeWithSox('AMR, as telephones record it', sox => {
	it('keeps length and level', async () => {
		const path = join(await temporaryDirectory(), 'a.amr');
		const format = ['-n', '-r', '8000', '-c', '1', '-t', 'amr-nb'];
		execFileSync(sox, [...format, path, 'synth', '10', 'sine', '300-700', 'vol', '0.3']);
		const {samples, description, warnings} = await readAudio({kind: 'file', path});
		expect(description).toBe('AMR, 8000 Hz, mono');
		expect(Math.abs(samples.length - 160_000)).toBeLessThanOrEqual(640);
		expect(level(samples)).toBeGreaterThan(0.15);
		expect(warnings).toEqual([]);
	});
});
