import {InferenceSession, Tensor} from 'onnxruntime-node';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {findSileroModel} from '../../../../src/core/audio/silero/silero-weights.js';
import {
	openVoiceActivityDetector,
	WINDOW_SAMPLES,
	type VoiceActivityDetector,
	type VoiceActivityStream,
} from '../../../../src/core/audio/voice-activity.js';
import {readClip} from '../../../helpers/read-clip.js';
import {describeWithShared} from '../../../helpers/shared.js';

async function detect(
	stream: VoiceActivityStream,
	samples: Float32Array,
	blockSamples = samples.length,
): Promise<number[]> {
	const probabilities: number[] = [];
	for (let start = 0; start < samples.length; start += blockSamples)
		probabilities.push(...(await stream.push(samples.subarray(start, start + blockSamples))));
	probabilities.push(...(await stream.flush()));
	return probabilities;
}

/** Silero's graph as it was published: window by window, the state handed on. */
async function detectAsPublished(samples: Float32Array): Promise<number[]> {
	const session = await InferenceSession.create(findSileroModel());
	const rate = new Tensor('int64', BigInt64Array.of(16_000n), []);
	let state = new Tensor('float32', new Float32Array(2 * 128), [2, 1, 128]);
	const probabilities: number[] = [];
	for (let start = 0; start + WINDOW_SAMPLES <= samples.length; start += WINDOW_SAMPLES) {
		const input = new Float32Array(64 + WINDOW_SAMPLES);
		const seen = samples.subarray(Math.max(0, start - 64), start + WINDOW_SAMPLES);
		input.set(seen, input.length - seen.length);
		const answer = await session.run({
			input: new Tensor('float32', input, [1, input.length]),
			state,
			sr: rate,
		});
		state = answer['stateN'] as typeof state;
		probabilities.push((answer['output']!.data as Float32Array)[0]!);
	}
	await session.release();
	return probabilities;
}

function secondsAbove(probabilities: readonly number[], threshold: number): number {
	return (probabilities.filter(probability => probability >= threshold).length * WINDOW_SAMPLES) / 16_000;
}

describe('openVoiceActivityDetector()', () => {
	it('gives one probability for each window and one more for what is left at the end', async () => {
		const detector = await openVoiceActivityDetector();
		const stream = detector.stream();
		expect(await stream.push(new Float32Array(100))).toHaveLength(0);
		expect(await stream.push(new Float32Array(2 * WINDOW_SAMPLES))).toHaveLength(2);
		expect(await stream.flush()).toHaveLength(1);
		expect(await stream.flush()).toHaveLength(0);
		await detector.close();
	});

	it('refuses work after close(), which may be called again', async () => {
		const detector = await openVoiceActivityDetector();
		const stream = detector.stream();
		await detector.close();
		await detector.close();
		await expect(stream.push(new Float32Array(WINDOW_SAMPLES))).rejects.toMatchObject({
			code: 'RESOURCE_CLOSED',
		});
	});

	it('finishes running work before it closes', async () => {
		const detector = await openVoiceActivityDetector();
		const running = detector.stream().push(new Float32Array(WINDOW_SAMPLES));
		await Promise.resolve();
		await Promise.all([expect(running).resolves.toHaveLength(1), detector.close()]);
	});
});

describeWithShared('voice activity on recordings', () => {
	let detector: VoiceActivityDetector;
	beforeAll(async () => {
		detector = await openVoiceActivityDetector();
	});
	afterAll(() => detector.close());

	it.each(['audio/dev/en_jfk.flac', 'audio/dev/zh_aishell.wav', 'audio/awkward/realnoise.flac'])(
		"has the probabilities of Silero's own graph on %s within 1e-4",
		async clip => {
			const samples = await readClip(clip);
			// A stream begins after a second of silence, see WARM_UP_WINDOWS.
			const silence = 32 * WINDOW_SAMPLES;
			const preceded = new Float32Array(silence + samples.length);
			preceded.set(samples, silence);
			const published = (await detectAsPublished(preceded)).slice(32);
			const plain = await openVoiceActivityDetector({normaliseLevel: false});
			const ours = await detect(plain.stream(), samples);
			await plain.close();
			expect(published.length).toBeGreaterThan(100);
			for (const [window, probability] of published.entries())
				expect(Math.abs(ours[window]! - probability)).toBeLessThan(1e-4);
		},
	);

	it.each([1, 100, 512, 1000, 16_000])(
		'gives the same in blocks of %i samples as in one',
		async blockSamples => {
			const samples = (await readClip('audio/dev/it_vetta.flac')).subarray(0, 20_000);
			const whole = await detect(detector.stream(), samples);
			expect(await detect(detector.stream(), samples, blockSamples)).toEqual(whole);
		},
	);

	it('goes on from a state, wherever it was taken, as if it were the same stream', async () => {
		const clip = await readClip('audio/dev/it_vetta.flac');
		// Loud, then quiet: the level that was heard before decides about the gain.
		const samples = clip.slice(0, 20_000).map((sample, index) => (index < 9000 ? sample : sample * 0.02));
		const whole = await detect(detector.stream(), samples);
		const parts: number[] = [];
		let stream = detector.stream();
		for (let start = 0; start < samples.length; start += 1777) {
			parts.push(...(await stream.push(samples.subarray(start, start + 1777))));
			const state = structuredClone(stream.state());
			// What becomes of the stream that the state was taken of does not matter.
			await stream.push(samples.subarray(0, 5000));
			stream = detector.stream(state);
		}
		parts.push(...(await stream.flush()));
		expect(parts).toEqual(whole);
	});

	it('answers calls that were made together in their order', async () => {
		const samples = (await readClip('audio/dev/it_vetta.flac')).subarray(0, 20_000);
		const whole = await detect(detector.stream(), samples);
		const stream = detector.stream();
		const answers = await Promise.all([
			stream.push(samples.subarray(0, 5000)),
			stream.push(samples.subarray(5000, 12_000)),
			stream.push(samples.subarray(12_000)),
			stream.flush(),
		]);
		expect(answers.flatMap(answer => [...answer])).toEqual(whole);
	});

	it('keeps streams that run at the same time apart', async () => {
		const [first, second] = await Promise.all(
			['audio/dev/it_vetta.flac', 'audio/dev/zh_aishell.wav'].map(readClip),
		);
		const alone = [await detect(detector.stream(), first!), await detect(detector.stream(), second!)];
		const together = await Promise.all([
			detect(detector.stream(), first!, 3000),
			detect(detector.stream(), second!, 5000),
		]);
		expect(together).toEqual(alone);
	});

	it.each([
		['audio/awkward/very_quiet.wav', 7],
		['audio/dev/en_fleurs03.flac', 4.5],
		['audio/awkward/one_word_0.3s.wav', 0.25],
		['audio/dev/it_vetta.flac', 2.7],
		['audio/dev/zh_aishell.wav', 2.9],
	])('hears the speech of %s', async (clip, seconds) => {
		const probabilities = await detect(detector.stream(), await readClip(clip));
		expect(secondsAbove(probabilities, 0.35)).toBeGreaterThan(seconds);
	});

	it.each(['silence_10s.wav', 'whitenoise_10s.wav', 'hum_50hz_10s.wav', 'realnoise.flac'])(
		'hears no speech in %s',
		async clip => {
			const probabilities = await detect(detector.stream(), await readClip(`audio/awkward/${clip}`));
			expect(Math.max(...probabilities)).toBeLessThan(0.5);
		},
	);
});
