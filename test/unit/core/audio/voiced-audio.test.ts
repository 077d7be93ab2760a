import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {
	openVoiceActivityDetector,
	WINDOW_SAMPLES,
	type VoiceActivityDetector,
} from '../../../../src/core/audio/voice-activity.js';
import {
	readSpeechSegments,
	type ReadSpeechOptions,
	type SpeechDetector,
	type VoicedAudio,
} from '../../../../src/core/audio/voiced-audio.js';
import {readClip} from '../../../helpers/read-clip.js';
import {describeWithShared} from '../../../helpers/shared.js';

/** Takes windows above a level for speech. */
const loudnessDetector: SpeechDetector = {
	stream() {
		let open: number[] = [];
		const detect = (): Float32Array => {
			const probabilities: number[] = [];
			for (; open.length >= WINDOW_SAMPLES; open = open.slice(WINDOW_SAMPLES))
				probabilities.push(open[0]! > 0.1 ? 0.9 : 0.1);
			return Float32Array.from(probabilities);
		};
		return {
			push(samples) {
				open.push(...samples);
				return Promise.resolve(detect());
			},
			flush() {
				while (open.length % WINDOW_SAMPLES !== 0) open.push(0);
				return Promise.resolve(detect());
			},
		};
	},
};

/** 2 s of speech after every 2 s of silence; every sample has a value of its own. */
function sampleAt(place: number): number {
	const isSpeech = Math.floor(place / 32_000) % 2 === 1;
	return (isSpeech ? 0.5 : 0) + (place % 1000) / 100_000;
}

interface Source {
	readonly samples: ReadableStream<Float32Array>;
	/** Why the stream was cancelled, one entry for each time. */
	readonly cancelled: unknown[];
	readonly pulled: () => number;
}

function createSource(totalSamples: number, blockSamples: number): Source {
	let place = 0;
	let pulled = 0;
	const cancelled: unknown[] = [];
	const samples = new ReadableStream<Float32Array>(
		{
			pull(controller) {
				if (place >= totalSamples) {
					controller.close();
					return;
				}
				const length = Math.min(blockSamples, totalSamples - place);
				const start = place;
				controller.enqueue(Float32Array.from({length}, (_, index) => sampleAt(start + index)));
				place += length;
				pulled += length;
			},
			cancel: reason => void cancelled.push(reason),
		},
		{highWaterMark: 0},
	);
	return {samples, cancelled, pulled: () => pulled};
}

async function collect(segments: AsyncIterable<VoicedAudio>): Promise<VoicedAudio[]> {
	const collected: VoicedAudio[] = [];
	for await (const segment of segments) collected.push(segment);
	return collected;
}

function read(source: Source, options?: ReadSpeechOptions): Promise<VoicedAudio[]> {
	return collect(readSpeechSegments(source.samples, loudnessDetector, options));
}

describe('readSpeechSegments()', () => {
	it('yields the audio of every segment with its place', async () => {
		const segments = await read(createSource(160_000, 4000));
		expect(segments.map(({startMs, endMs}) => [startMs, endMs])).toEqual([
			[1016, 5000],
			[5016, 9000],
		]);
		for (const {startSample, endSample, samples} of segments) {
			expect(samples).toEqual(
				Float32Array.from({length: endSample - startSample}, (_, index) => sampleAt(startSample + index)),
			);
		}
	});

	it.each([1, 777, 16_384, 100_000, 1_000_000])(
		'yields the same in blocks of %i samples',
		async blockSamples => {
			const expected = await read(createSource(130_001, 4000));
			expect(expected).toHaveLength(2);
			expect(await read(createSource(130_001, blockSamples))).toEqual(expected);
		},
	);

	it('yields a segment before it reads much further', async () => {
		const source = createSource(16_000_000, 4000);
		for await (const {endSample} of readSpeechSegments(source.samples, loudnessDetector)) {
			// The pause that ends it, and the block in which it is detected.
			expect(source.pulled() - endSample).toBeLessThan(24_000 + 32 * WINDOW_SAMPLES + 4000);
			break;
		}
	});

	it('reports how far it has read, last of all the length', async () => {
		const progress: number[] = [];
		await read(createSource(100_123, 4000), {onProgress: samplesRead => progress.push(samplesRead)});
		expect(progress.at(-1)).toBe(100_123);
		expect(progress).toEqual([...progress].sort((a, b) => a - b));
		expect(progress.length).toBeGreaterThan(4);
	});

	it('holds no more audio after an hour than after a minute', async () => {
		const block = new Float32Array(WINDOW_SAMPLES * 32);
		const answer = new Float32Array(32);
		const deafDetector: SpeechDetector = {
			stream: () => ({push: () => Promise.resolve(answer), flush: () => Promise.resolve(new Float32Array())}),
		};
		let blocks = 0;
		const hour = new ReadableStream<Float32Array>({
			pull(controller) {
				if (blocks++ < 3600) controller.enqueue(block);
				else controller.close();
			},
		});
		const atStartBytes = process.memoryUsage().arrayBuffers;
		let mostBytes = 0;
		const onProgress = (): void => {
			mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - atStartBytes);
		};
		expect(await collect(readSpeechSegments(hour, deafDetector, {onProgress}))).toEqual([]);
		expect(mostBytes).toBeLessThan(5e6);
	});

	it('is content with no audio', async () => {
		expect(await read(createSource(0, 1))).toEqual([]);
	});

	it('cancels the source when the reader leaves early', async () => {
		const source = createSource(1_000_000, 4000);
		for await (const segment of readSpeechSegments(source.samples, loudnessDetector)) {
			expect(segment.startSample).toBeGreaterThan(0);
			break;
		}
		expect(source.cancelled).toHaveLength(1);
	});

	it('throws the reason of its signal and cancels the source, also while it waits for audio', async () => {
		const reason = new Error('enough');
		const cancelled: unknown[] = [];
		const abort = new AbortController();
		const silent = new ReadableStream<Float32Array>({
			// Never answered; by now the iteration waits.
			pull: () => new Promise(() => setImmediate(() => abort.abort(reason))),
			cancel: cause => void cancelled.push(cause),
		});
		const segments = readSpeechSegments(silent, loudnessDetector, {signal: abort.signal});
		await expect(segments.next()).rejects.toBe(reason);
		expect(cancelled).toEqual([reason]);
	});

	it('reads nothing if its signal has fired before', async () => {
		const source = createSource(100_000, 4000);
		const reason = new Error('too late');
		await expect(read(source, {signal: AbortSignal.abort(reason)})).rejects.toBe(reason);
		expect(source.pulled()).toBe(0);
		expect(source.cancelled).toHaveLength(1);
	});

	it('throws what the source throws', async () => {
		const fault = new Error('damaged');
		const samples = new ReadableStream<Float32Array>({pull: () => Promise.reject(fault)});
		await expect(readSpeechSegments(samples, loudnessDetector).next()).rejects.toBe(fault);
	});

	it('cancels the source if an option is wrong', async () => {
		const source = createSource(100_000, 4000);
		await expect(read(source, {maxSegmentMs: 60_000})).rejects.toMatchObject({code: 'OPTION_INVALID'});
		expect(source.cancelled).toHaveLength(1);
	});
});

describeWithShared('speech segments of recordings', () => {
	let detector: VoiceActivityDetector;
	beforeAll(async () => {
		detector = await openVoiceActivityDetector();
	});
	afterAll(() => detector.close());

	async function segmentsOf(clip: string): Promise<VoicedAudio[]> {
		const samples = await readClip(clip);
		const source = new ReadableStream<Float32Array>({
			start(controller) {
				controller.enqueue(samples);
				controller.close();
			},
		});
		return collect(readSpeechSegments(source, detector));
	}

	it.each(['silence_10s.wav', 'whitenoise_10s.wav', 'hum_50hz_10s.wav', 'realnoise.flac', 'one_sample.wav'])(
		'finds none in %s',
		async clip => {
			expect(await segmentsOf(`audio/awkward/${clip}`)).toEqual([]);
		},
	);

	it.each([
		'audio/awkward/one_word_0.3s.wav',
		'audio/awkward/very_quiet.wav',
		'audio/dev/en_fleurs03.flac',
		'audio/dev/it_vetta.flac',
		'audio/dev/zh_aishell.wav',
	])('finds one in %s', async clip => {
		expect(await segmentsOf(clip)).toHaveLength(1);
	});

	it('finds speech between silences where it is', async () => {
		const segments = await segmentsOf('audio/awkward/silence30_jfk_silence30.flac');
		// A second around it is kept.
		expect(segments[0]!.startMs).toBeGreaterThan(29_000);
		expect(segments.at(-1)!.endMs).toBeLessThan(42_200);
	});
});
