import {execFileSync} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {expect, it} from 'vitest';
import {openAudio} from '../../src/core/audio/open-audio.js';
import {makeWav} from '../helpers/make-wav.js';
import {describeWithFfmpeg} from '../helpers/programs.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is alive, in JavaScript, in buffers and in WebAssembly. */
function usedBytes(): number {
	collectGarbage();
	const {heapUsed, external} = process.memoryUsage();
	return heapUsed + external;
}

/** The same bytes again and again, for as long as they are read. */
function repeat(head: Uint8Array, body: Uint8Array, times: number): Readable {
	const generate = function* (): Generator<Uint8Array> {
		yield head;
		for (let round = 0; round < times; round++) yield body;
	};
	return Readable.from(generate(), {objectMode: false});
}

/**
 * Reads to the end; the growth of memory in a usual minute. What is lost with each sample is lost in every
 * minute, 3.8 MB of it. A WebAssembly memory that grows, or one that the collector has yet to let go of, is one
 * step of 16 to 30 MB, up or down, and stands at the end of the order.
 */
async function measureGrowth(stream: Readable): Promise<{minutes: number; bytesPerMinute: number}> {
	const {samples} = await openAudio({kind: 'stream', stream, name: 'test'}, {});
	const measureEvery = 16_000 * 60;
	let read = 0;
	let next = measureEvery;
	const used: number[] = [];
	for await (const block of samples) {
		read += block.length;
		if (read < next) continue;
		next += measureEvery;
		used.push(usedBytes());
	}
	const steps = used
		.slice(1)
		.map((bytes, index) => bytes - used[index]!)
		.sort((a, b) => a - b);
	return {minutes: read / measureEvery, bytesPerMinute: steps[steps.length >> 1]!};
}

describeWithShared('memory while a long recording is read', () => {
	const second = new Uint8Array(48_000 * 4).map((_, index) => index * 31);
	// An hour of 16-bit stereo at 48 kHz would be 690 MB.
	const wavHead = makeWav({
		bitsPerSample: 16,
		channels: 2,
		sampleRateHz: 48_000,
		data: new Uint8Array(0),
		statedDataBytes: 0,
	});

	it('stays flat for an hour of WAV', async () => {
		const {minutes, bytesPerMinute} = await measureGrowth(repeat(wavHead, second, 3600));
		expect(minutes).toBe(60);
		expect(bytesPerMinute).toBeLessThan(1e6);
	});

	it('stays flat for an hour of MP3', async () => {
		const mp3 = await readFile(sharedPath('audio/awkward/jfk.mp3'));
		const {minutes, bytesPerMinute} = await measureGrowth(repeat(new Uint8Array(0), mp3, 327));
		expect(minutes).toBeGreaterThan(59);
		expect(bytesPerMinute).toBeLessThan(1e6);
	});

	describeWithFfmpeg('made by ffmpeg', ffmpeg => {
		const encode = (...options: string[]): Uint8Array =>
			execFileSync(
				ffmpeg,
				[
					'-v',
					'error',
					'-stream_loop',
					'-1',
					'-i',
					sharedPath('audio/awkward/jfk.mp3'),
					'-t',
					'480',
					...options,
					'-',
				],
				{maxBuffer: 2 ** 28},
			);

		it.each([
			['FLAC', ['-f', 'flac', '-ar', '16000', '-ac', '1']],
			['Ogg Vorbis', ['-f', 'ogg', '-c:a', 'libvorbis']],
			['Ogg Opus', ['-f', 'ogg', '-c:a', 'libopus', '-b:a', '24k', '-compression_level', '0']],
			['WebM', ['-f', 'webm', '-c:a', 'libopus', '-b:a', '24k', '-compression_level', '0']],
			[
				'fragmented MP4',
				['-f', 'mp4', '-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-frag_duration', '1000000'],
			],
			['AU through ffmpeg', ['-f', 'au', '-ac', '1']],
		])('stays flat for eight minutes of %s', async (_name, options) => {
			const bytes = encode(...options);
			const {minutes, bytesPerMinute} = await measureGrowth(repeat(new Uint8Array(0), bytes, 1));
			expect(minutes).toBeGreaterThan(7.9);
			expect(bytesPerMinute).toBeLessThan(1e6);
		});
	});
});
