import {InfinisstError} from '../errors.js';
import type {AudioBlock, AudioDecoder} from './audio-decoder.js';
import {SAMPLE_RATE_HZ} from './audio-source.js';
import {Downmix} from './downmix.js';
import {Resampler} from './resampler.js';

export interface SampleStreamOptions {
	/** Name of the input, for messages. */
	readonly name: string;
	readonly warn: (message: string) => void;
	readonly signal: AbortSignal | undefined;
}

/**
 * The mono stream at {@link SAMPLE_RATE_HZ} behind a decoder, which it closes at the end, on a fault, on
 * cancel and when the signal fires. Decodes one block for each pull and nothing ahead.
 */
export function createSampleStream(
	decoder: AudioDecoder,
	options: SampleStreamOptions,
): ReadableStream<Float32Array> {
	const {signal, name} = options;
	const converter = new BlockConverter(name, options.warn);
	let onAbort: (() => void) | undefined;
	let ended = false;

	const finish = async (): Promise<void> => {
		ended = true;
		if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
		await decoder.close();
	};

	return new ReadableStream<Float32Array>(
		{
			start(controller): void {
				onAbort = () => {
					if (ended) return;
					controller.error(signal?.reason);
					// The reader hears the signal's reason; a fault while closing would add nothing.
					finish().catch(() => undefined);
				};
				signal?.addEventListener('abort', onAbort, {once: true});
				if (signal?.aborted === true) onAbort();
			},
			async pull(controller): Promise<void> {
				try {
					for (;;) {
						const block = await decoder.read();
						if (ended) return;
						const samples = block === undefined ? converter.flush() : converter.convert(block);
						if (samples.length > 0) controller.enqueue(samples);
						if (block === undefined) {
							controller.close();
							await finish();
							return;
						}
						if (samples.length > 0) return;
					}
				} catch (error) {
					if (ended) return;
					await finish().catch(() => undefined);
					throw error;
				}
			},
			cancel: finish,
		},
		{highWaterMark: 0},
	);
}

/** Mixes and resamples the blocks of a decoder, whose rate and channels may change on the way. */
class BlockConverter {
	readonly #name: string;
	readonly #warn: (message: string) => void;
	#downmix: Downmix | undefined;
	#resampler: Resampler | undefined;
	#channels = 0;
	#sampleRateHz = 0;
	#warned = false;

	constructor(name: string, warn: (message: string) => void) {
		this.#name = name;
		this.#warn = warn;
	}

	convert({channels, sampleRateHz}: AudioBlock): Float32Array {
		let rest: Float32Array | undefined;
		if (channels.length !== this.#channels || sampleRateHz !== this.#sampleRateHz) {
			// Two recordings may follow each other in one Ogg or MP3 stream.
			rest = this.flush();
			this.#channels = channels.length;
			this.#sampleRateHz = sampleRateHz;
			this.#downmix = new Downmix(channels.length, sampleRateHz);
			this.#resampler =
				sampleRateHz === SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz, SAMPLE_RATE_HZ);
		}
		if (this.#downmix === undefined)
			throw new InfinisstError('INTERNAL_FAULT', 'A decoder gave a block without channels');
		const mono = this.#downmix.mix(channels);
		if (this.#downmix.nonFiniteSamples > 0 && !this.#warned) {
			this.#warned = true;
			this.#warn(`"${this.#name}" holds samples that are no numbers; they are read as silence`);
		}
		const samples = this.#resampler?.push(mono) ?? mono;
		return rest === undefined || rest.length === 0 ? samples : join(rest, samples);
	}

	flush(): Float32Array {
		return this.#resampler?.flush() ?? new Float32Array(0);
	}
}

function join(first: Float32Array, second: Float32Array): Float32Array {
	const whole = new Float32Array(first.length + second.length);
	whole.set(first);
	whole.set(second, first.length);
	return whole;
}
