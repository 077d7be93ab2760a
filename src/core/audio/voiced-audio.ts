import {SAMPLE_RATE_HZ} from './audio-source.js';
import {SampleHistory} from './sample-history.js';
import {SpeechSegmenter, type SpeechSegment, type SpeechSegmenterOptions} from './speech-segments.js';
import {WINDOW_SAMPLES, type VoiceActivityStream} from './voice-activity.js';

/** About 1 s is detected at once: a call costs as much as four windows, and the first text should come soon. */
const BLOCK_SAMPLES = 32 * WINDOW_SAMPLES;

/** The part of a `VoiceActivityDetector` that is used. */
export interface SpeechDetector {
	stream(): Pick<VoiceActivityStream, 'push' | 'flush'>;
}

/** A stretch of speech with its audio. */
export interface VoicedAudio extends SpeechSegment {
	/** The segment's bounds in ms, offsets from the first sample of the recording. */
	readonly startMs: number;
	readonly endMs: number;
	/** Mono float32 at 16 kHz, from `startSample` to `endSample`; belongs to the reader. */
	readonly samples: Float32Array;
}

export interface ReadSpeechOptions extends SpeechSegmenterOptions {
	/** Fires to stop; the iteration then throws `signal.reason`. */
	readonly signal?: AbortSignal;
	/** Called now and then with the number of samples that were read and searched. */
	readonly onProgress?: (samplesRead: number) => void;
}

/**
 * Finds the speech of a recording. Holds one segment of audio, however long the recording is.
 *
 * @param samples - mono float32 at 16 kHz; owned by the iteration once it has begun: read to its end, or
 * cancelled however the iteration ends.
 * @returns segments in the order of the audio, each as soon as it is decided.
 * @throws {InfinisstError} `OPTION_INVALID` for segment lengths out of range; whatever reading `samples` throws.
 */
export async function* readSpeechSegments(
	samples: ReadableStream<Float32Array>,
	detector: SpeechDetector,
	{signal, onProgress, ...segmenterOptions}: ReadSpeechOptions = {},
): AsyncGenerator<VoicedAudio, void, undefined> {
	const reader = samples.getReader();
	// Ends a read that would wait for ever; its failure is reported by that read.
	const stopReading = (): void => void reader.cancel(signal?.reason).catch(() => undefined);
	signal?.addEventListener('abort', stopReading, {once: true});
	try {
		signal?.throwIfAborted();
		const activity = detector.stream();
		const segmenter = new SpeechSegmenter(segmenterOptions);
		const history = new SampleHistory();
		let detectedSamples = 0;
		let windows = 0;
		for (let isOver = false; !isOver;) {
			const {done, value} = await reader.read();
			signal?.throwIfAborted();
			isOver = done;
			let unread = value ?? new Float32Array();
			do {
				const taken = Math.min(unread.length, BLOCK_SAMPLES - (history.endSample - detectedSamples));
				history.append(unread.subarray(0, taken));
				unread = unread.subarray(taken);
				const isFull = history.endSample - detectedSamples === BLOCK_SAMPLES;
				if (!isFull && !isOver) continue;
				const probabilities = await activity.push(history.view(detectedSamples, history.endSample));
				detectedSamples = history.endSample;
				const rest = isOver ? await activity.flush() : new Float32Array();
				signal?.throwIfAborted();
				const segments = [...probabilities, ...rest].flatMap(probability => {
					const start = windows++ * WINDOW_SAMPLES;
					const end = Math.min(start + WINDOW_SAMPLES, detectedSamples);
					return segmenter.push(probability, meanSquare(history.view(start, end)));
				});
				if (isOver) segments.push(...segmenter.flush(detectedSamples));
				onProgress?.(detectedSamples);
				for (const segment of segments) {
					yield {
						...segment,
						startMs: (segment.startSample * 1000) / SAMPLE_RATE_HZ,
						endMs: (segment.endSample * 1000) / SAMPLE_RATE_HZ,
						samples: history.view(segment.startSample, segment.endSample).slice(),
					};
					signal?.throwIfAborted();
				}
				history.discardBefore(segmenter.neededFromSample);
			} while (unread.length > 0);
		}
	} finally {
		signal?.removeEventListener('abort', stopReading);
		// After a failure of the source there is nothing to cancel, and the failure is on its way.
		await reader.cancel(signal?.reason).catch(() => undefined);
	}
}

function meanSquare(samples: Float32Array): number {
	let sum = 0;
	for (const sample of samples) sum += sample * sample;
	return samples.length === 0 ? 0 : sum / samples.length;
}
