import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync, readlinkSync} from 'node:fs';
import {chmod, mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {afterEach, describe, expect, it, vi} from 'vitest';
import {openAudio} from '../../src/core/audio/open-audio.js';
import {createRandom, streamInput} from '../helpers/byte-stream.js';
import {catchRejection} from '../helpers/catch-rejection.js';
import {compareSignals} from '../helpers/compare-signals.js';
import {makeWav} from '../helpers/make-wav.js';
import {describeWithFfmpeg} from '../helpers/programs.js';
import {readAudio} from '../helpers/read-samples.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

afterEach(() => void vi.unstubAllEnvs());

/** Whether this process holds the file open; undefined where the system does not tell. */
function isOpen(path: string): boolean | undefined {
	if (!existsSync('/proc/self/fd')) return undefined;
	return readdirSync('/proc/self/fd').some(descriptor => {
		try {
			return readlinkSync(`/proc/self/fd/${descriptor}`) === path;
		} catch {
			// The descriptor of the listing itself is gone by now.
			return false;
		}
	});
}

/** A minute at 48 kHz. */
async function writeLongWav(): Promise<string> {
	const path = join(await temporaryDirectory(), 'long.wav');
	await writeFile(
		path,
		makeWav({bitsPerSample: 16, sampleRateHz: 48_000, data: new Uint8Array(48_000 * 60 * 2)}),
	);
	return path;
}

describe('an input that cannot be read', () => {
	it('is named when it is missing', async () => {
		const error = await catchRejection(readAudio({kind: 'file', path: '/nonexistent/speech.wav'}));
		expect(error.code).toBe('INPUT_UNREADABLE');
		expect(error.message).toBe('Cannot read "/nonexistent/speech.wav": there is no such file');
	});

	it('is named when it is a folder', async () => {
		const path = await temporaryDirectory();
		const error = await catchRejection(readAudio({kind: 'file', path}));
		expect(error.code).toBe('INPUT_UNREADABLE');
		expect(error.message).toContain('is a folder');
	});

	it('is named when there is no permission', async () => {
		const path = join(await temporaryDirectory(), 'secret.wav');
		await writeFile(path, 'x');
		await chmod(path, 0);
		// Root may read everything, so it becomes "nobody" for the moment.
		const isRoot = process.geteuid?.() === 0;
		if (isRoot) process.seteuid!(65_534);
		try {
			const error = await catchRejection(readAudio({kind: 'file', path}));
			expect(error.code).toBe('INPUT_UNREADABLE');
			expect(error.message).toContain('no permission');
		} finally {
			if (isRoot) process.seteuid!(0);
		}
	});

	it('is named when the stream breaks in the middle', async () => {
		const stream = new PassThrough();
		stream.write(makeWav({bitsPerSample: 16, data: new Uint8Array(40_000), statedDataBytes: 0}));
		const reading = readAudio({kind: 'stream', stream, name: 'socket'});
		stream.destroy(new Error('connection reset'));
		const error = await catchRejection(reading);
		expect(error.code).toBe('INPUT_UNREADABLE');
		expect(error.message).toBe('Cannot read "socket": connection reset');
	});
});

describe('the stream of samples', () => {
	it('reads nothing ahead of its reader', async () => {
		let pulled = 0;
		const stream = new PassThrough({highWaterMark: 1024});
		const wav = makeWav({bitsPerSample: 16, data: new Uint8Array(1_000_000)});
		const write = (): void => {
			while (pulled < wav.length && stream.write(wav.subarray(pulled, (pulled += 4096))));
		};
		stream.on('drain', write);
		write();
		const {samples} = await openAudio({kind: 'stream', stream, name: 'test'}, {});
		const reader = samples.getReader();
		await reader.read();
		// Time for what would run on by itself.
		for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve));
		expect(pulled).toBeLessThan(100_000);
		await reader.cancel();
		expect(stream.destroyed).toBe(true);
	});

	it('closes its file when it is cancelled, before or after it was read', async () => {
		const path = await writeLongWav();
		for (const reads of [0, 1, 3]) {
			const {samples} = await openAudio({kind: 'file', path}, {});
			expect(isOpen(path)).not.toBe(false);
			const reader = samples.getReader();
			for (let read = 0; read < reads; read++) await reader.read();
			await reader.cancel();
			expect(isOpen(path)).not.toBe(true);
		}
	});

	it('closes its file at the end, and when it cannot be decoded', async () => {
		const path = await writeLongWav();
		await readAudio({kind: 'file', path});
		expect(isOpen(path)).not.toBe(true);
		await writeFile(path, 'no audio');
		await catchRejection(readAudio({kind: 'file', path}));
		expect(isOpen(path)).not.toBe(true);
	});

	it("fails with the signal's reason, as it is, and closes its file", async () => {
		const path = await writeLongWav();
		const stop = new AbortController();
		const {samples} = await openAudio({kind: 'file', path}, {signal: stop.signal});
		const reader = samples.getReader();
		await reader.read();
		const reason = new Error('enough');
		stop.abort(reason);
		await expect(reader.read()).rejects.toBe(reason);
		await vi.waitFor(() => expect(isOpen(path)).not.toBe(true));
	});

	it.each(['while it waits for the first byte', 'while it waits for samples'])(
		'ends a silent stream when the signal fires %s',
		async moment => {
			const stream = new PassThrough();
			const stop = new AbortController();
			const reason = new Error('enough');
			if (moment.endsWith('samples')) {
				stream.write(makeWav({bitsPerSample: 16, data: new Uint8Array(2), statedDataBytes: 0}));
			}
			const reading = readAudio({kind: 'stream', stream, name: 'test'}, {signal: stop.signal});
			setImmediate(() => stop.abort(reason));
			await expect(reading).rejects.toBe(reason);
			expect(stream.destroyed).toBe(true);
		},
	);

	it('is not opened when the signal has fired before', async () => {
		const reason = new Error('enough');
		const opening = openAudio({kind: 'file', path: '/nonexistent'}, {signal: AbortSignal.abort(reason)});
		await expect(opening).rejects.toBe(reason);
	});
});

describeWithShared('a recording read in pieces of any length', () => {
	it.each([
		'stereo_44k1.wav',
		'stereo_left_only_48k_24bit.wav',
		'jfk.mp3',
		'jfk.ogg',
		'jfk.opus',
		'jfk.m4a',
		'jfk.webm',
		'speech_in_noise.flac',
	])('gives the same samples: %s', async file => {
		const path = sharedPath(`audio/awkward/${file}`);
		const bytes = await readFile(path);
		const {samples: expected} = await readAudio({kind: 'file', path});
		for (const seed of [1, 2]) {
			const random = createRandom(seed);
			const pieces = Array.from({length: 64}, () => Math.ceil(random() ** 4 * 30_000));
			const {samples} = await readAudio(streamInput(bytes, pieces));
			expect(samples.length).toBe(expected.length);
			expect(samples.findIndex((sample, index) => sample !== expected[index])).toBe(-1);
		}
	});
});

describeWithFfmpeg('formats that are left to ffmpeg', ffmpeg => {
	const encode = async (name: string, ...options: string[]): Promise<string> => {
		const path = join(await temporaryDirectory(), name);
		await mkdir(join(path, '..'), {recursive: true});
		const input = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100:duration=2'];
		execFileSync(ffmpeg, ['-v', 'error', ...input, ...options, `file:${path}`]);
		return path;
	};
	const sine = Float32Array.from(
		{length: 32_000},
		(_, index) => Math.sin((2 * Math.PI * 440 * index) / 16_000) / 8,
	);

	it.each([
		['sound.aiff', [], 'AIFF'],
		['sound.caf', [], 'CAF'],
		['sound.au', [], 'AU'],
		['sound.w64', [], 'Wave64'],
		['sound.wma', [], 'ASF (WMA, WMV)'],
		['sound.mkv', ['-c:a', 'pcm_s16le'], 'Matroska'],
		['sound.ts', ['-c:a', 'mp2'], 'MPEG transport stream'],
		['sound.avi', ['-c:a', 'pcm_s16le'], 'AVI'],
		['gsm.wav', ['-c:a', 'adpcm_swf', '-ar', '44100', '-f', 'flv'], 'Flash video'],
		['sound.wav', ['-c:a', 'adpcm_yamaha'], 'WAV'],
		['sound.spx.ogg', ['-c:a', 'libspeex', '-ar', '16000'], 'Ogg'],
	])('are read from files and from streams: %s', async (name, options, format) => {
		const path = await encode(name, ...options);
		for (const input of [{kind: 'file', path} as const, streamInput(await readFile(path), [5003])]) {
			const {samples, description, warnings} = await readAudio(input, {ffmpegPath: ffmpeg});
			expect(description).toContain(format);
			// Codecs work in whole frames.
			expect(Math.abs(samples.length - 32_000)).toBeLessThan(1600);
			expect(compareSignals(sine, samples).correlation).toBeGreaterThan(0.98);
			expect(warnings).toEqual([]);
		}
	});

	it('keep the length that ffmpeg finds', async () => {
		const {durationMs} = await readAudio(
			{kind: 'file', path: await encode('sound.caf')},
			{ffmpegPath: ffmpeg},
		);
		expect(durationMs).toBe(2000);
	});

	it.each(['-version.aiff', 'http:sound.aiff', 'concat:a|b.aiff', 'name %d.aiff', 'a\nb "c" $(d).aiff'])(
		'are given by a name that ffmpeg cannot take for something else: %j',
		async name => {
			const path = await encode('plain.aiff');
			const folder = join(path, '..');
			await rename(path, join(folder, name));
			const before = process.cwd();
			// A relative path begins with the dash itself.
			process.chdir(folder);
			try {
				expect((await readAudio({kind: 'file', path: name}, {ffmpegPath: ffmpeg})).samples.length).toBe(
					32_000,
				);
			} finally {
				process.chdir(before);
			}
		},
	);

	it('say what to install when there is no ffmpeg', async () => {
		vi.stubEnv('PATH', '');
		const error = await catchRejection(readAudio({kind: 'file', path: await encode('sound.aiff')}));
		expect(error.code).toBe('DECODER_MISSING');
		expect(error.message).toContain('is AIFF, which needs ffmpeg');
		expect(error.hint).toContain('Install ffmpeg');
	});

	it('say so when the program at the path does not start', async () => {
		const path = await encode('sound.aiff');
		const error = await catchRejection(readAudio({kind: 'file', path}, {ffmpegPath: '/nonexistent/ffmpeg'}));
		expect(error.code).toBe('DECODER_MISSING');
		expect(error.message).toContain('cannot be started');
	});

	it("give ffmpeg's reason when it finds no sound", async () => {
		const path = join(await temporaryDirectory(), 'silent.avi');
		execFileSync(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=1:size=64x64:rate=5', path]);
		const error = await catchRejection(readAudio({kind: 'file', path}, {ffmpegPath: ffmpeg}));
		expect(error.code).toBe('AUDIO_UNDECODABLE');
		expect(error.message).toMatch(
			/^ffmpeg finds no sound in "[^\n]*silent\.avi" \(AVI\): [^\n]*matches no streams/,
		);
	});

	it('give what is there of a damaged file, with a warning', async () => {
		const path = await encode('sound.wma');
		const bytes = await readFile(path);
		bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 4000);
		await writeFile(path, bytes);
		const {samples, warnings} = await readAudio({kind: 'file', path}, {ffmpegPath: ffmpeg});
		expect(samples.length).toBeGreaterThan(8000);
		expect(warnings).toEqual([expect.stringContaining('ffmpeg says')]);
	});

	/** Programs of this path that the test started. */
	const running = (path: string): string[] =>
		readdirSync('/proc').filter(id => {
			try {
				return /^\d+$/.test(id) && readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(path);
			} catch {
				return false;
			}
		});

	describe.runIf(existsSync('/proc/self/cmdline'))('end their program', () => {
		/** A program that answers like ffmpeg, and then neither reads, writes nor ends by itself. */
		const writeStubborn = async (): Promise<string> => {
			const folder = await temporaryDirectory();
			const wav = join(folder, 'answer.wav');
			await writeFile(wav, makeWav({bitsPerSample: 16, data: new Uint8Array(64_000), statedDataBytes: 0}));
			const path = join(folder, 'ffmpeg');
			await writeFile(
				path,
				`#!/bin/sh\ntrap '' PIPE TERM HUP INT\ncat '${wav}'\nwhile :; do sleep 0.2; done\n`,
			);
			await chmod(path, 0o755);
			return path;
		};

		it.each([
			['cancel', 'ffmpeg'],
			['abort', 'ffmpeg'],
			['cancel', 'a program that hangs'],
			['abort', 'a program that hangs'],
		])('on %s: %s', async (way, program) => {
			const path = await encode('long.aiff', '-af', 'apad=whole_dur=600');
			const ffmpegPath = program === 'ffmpeg' ? ffmpeg : await writeStubborn();
			// The one names its input, the other itself.
			const mark = program === 'ffmpeg' ? path : ffmpegPath;
			const stop = new AbortController();
			const {samples} = await openAudio({kind: 'file', path}, {ffmpegPath, signal: stop.signal});
			const reader = samples.getReader();
			await reader.read();
			expect(running(mark).length).toBeGreaterThan(0);
			if (way === 'cancel') {
				await reader.cancel();
			} else {
				stop.abort(new Error('enough'));
				await expect(reader.read()).rejects.toThrow('enough');
			}
			await vi.waitFor(() => expect(running(mark)).toEqual([]));
		});

		it('when the signal fires before it has answered', async () => {
			const folder = await temporaryDirectory();
			const ffmpegPath = join(folder, 'ffmpeg');
			await writeFile(ffmpegPath, "#!/bin/sh\ntrap '' PIPE TERM\nwhile :; do sleep 0.2; done\n");
			await chmod(ffmpegPath, 0o755);
			const stop = new AbortController();
			const reason = new Error('enough');
			const opening = openAudio(
				{kind: 'file', path: await encode('a.aiff')},
				{ffmpegPath, signal: stop.signal},
			);
			await vi.waitFor(() => expect(running(ffmpegPath).length).toBe(1));
			stop.abort(reason);
			await expect(opening).rejects.toBe(reason);
			await vi.waitFor(() => expect(running(ffmpegPath)).toEqual([]));
		});
	});
});
