import type {Clock} from '../util/clock.js';
import {SAMPLE_RATE_HZ} from './audio-source.js';

/** What a sound card hands over at a time, more or less: small against any latency of a translation. */
const BLOCK_SAMPLES = SAMPLE_RATE_HZ / 10;

export interface PaceOptions {
	readonly clock: Clock;
	/** Seconds of audio a second, above 0. @default 1 */
	readonly speed?: number;
}

/**
 * A recording as a microphone would give it: blocks of at most a tenth of a second, none before its last sample
 * would have been spoken. Each is timed from the moment of the first read, so that delays do not add up; a reader
 * that is late gets what is due at once.
 *
 * @param samples - mono float32 at 16 kHz; owned by the result, which cancels it when it is cancelled.
 */
export function paceAudio(
	samples: ReadableStream<Float32Array>,
	{clock, speed = 1}: PaceOptions,
): ReadableStream<Float32Array> {
	const reader = samples.getReader();
	const samplesPerMs = (SAMPLE_RATE_HZ * speed) / 1000;
	let rest = new Float32Array(0) as Float32Array;
	let releasedSamples = 0;
	let startMs: number | undefined;
	let isCancelled = false;
	let stopWaiting: (() => void) | undefined;

	const waitUntil = (atMs: number): Promise<void> | undefined => {
		const leftMs = atMs - clock.nowMs();
		if (leftMs <= 0) return undefined;
		return new Promise(resolve => {
			const cancelTask = clock.after(leftMs, resolve);
			stopWaiting = () => {
				cancelTask();
				resolve();
			};
		});
	};

	return new ReadableStream<Float32Array>(
		{
			async pull(controller) {
				startMs ??= clock.nowMs();
				while (rest.length === 0) {
					const {done, value} = await reader.read();
					if (done) {
						controller.close();
						return;
					}
					rest = value;
				}
				const block = rest.slice(0, BLOCK_SAMPLES);
				rest = rest.subarray(block.length);
				releasedSamples += block.length;
				await waitUntil(startMs + releasedSamples / samplesPerMs);
				if (!isCancelled) controller.enqueue(block);
			},
			async cancel(reason) {
				isCancelled = true;
				stopWaiting?.();
				await reader.cancel(reason);
			},
		},
		{highWaterMark: 0},
	);
}
