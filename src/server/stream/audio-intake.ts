import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import {bytesPerSample, decodePcm} from '../../core/audio/pcm.js';
import {Resampler} from '../../core/audio/resampler.js';
import {InfinisstError} from '../../core/errors.js';
import type {StreamFormat} from '../../core/session/stream-protocol.js';
import {readFloatSamples} from '../read-float-samples.js';

/**
 * Largest sample that is taken. Nominal is 1; decoders and gains overshoot a little, and integers written as floats are
 * in the thousands.
 */
export const MAX_AMPLITUDE = 16;

/** More than any filter of the resampler reaches back from 8 to 48 kHz: 24 zero crossings at a sixth of the rate, each side. */
const SETTLING_SAMPLES = 512;

/**
 * Reads one message of audio, whose memory may become that of the samples.
 *
 * @returns mono samples, as many as the message holds.
 * @throws {InfinisstError} `AUDIO_UNDECODABLE` for half samples, for what is no number, and for what is far too loud.
 */
export function readAudioMessage(bytes: Uint8Array, format: StreamFormat): Float32Array {
	const width = bytesPerSample(format);
	if (bytes.length % width !== 0) {
		throw new InfinisstError(
			'AUDIO_UNDECODABLE',
			`A message of ${bytes.length} bytes is no whole number of ${format} samples of ${width} bytes`,
			{hint: 'Send whole samples; the message was left out.'},
		);
	}

	if (format === 's16le') return decodePcm(bytes, format, 1)[0]!;
	const samples = readFloatSamples(bytes);
	const wrong = findWrong(samples);
	if (wrong === -1) return samples;
	const isNumber = Number.isFinite(samples[wrong]);
	throw new InfinisstError(
		'AUDIO_UNDECODABLE',
		isNumber
			? `Sample ${wrong} of a message is ${samples[wrong]!.toPrecision(3)}; float samples go from -1 to 1`
			: `Sample ${wrong} of a message is not a finite number`,
		{
			hint: isNumber
				? 'Divide integers by 32768, or send them with format=s16le; the message was left out.'
				: 'Send finite float32 samples; the message was left out.',
		},
	);
}

/** @returns the place of the first sample that is no number, or far too loud; -1 if there is none. */
function findWrong(samples: Float32Array): number {
	for (let index = 0; index < samples.length; index++) {
		if (!(Math.abs(samples[index]!) <= MAX_AMPLITUDE)) return index;
	}
	return -1;
}

/**
 * The way of a client's audio to a session: counts what came at the client's rate, gives 16 kHz. The output depends on
 * the samples alone, however they were cut, and however often the client began again.
 */
export class AudioIntake {
	readonly #rateHz: number;
	readonly #resampler: Resampler | undefined;
	#receivedSamples: number;
	/** Output to leave out until the resampler has settled. */
	#skip = 0;

	/**
	 * @param rateHz - of the client's audio.
	 * @param fromSample - at 16 kHz, where the session goes on; the client is to begin at {@link receivedSamples}.
	 */
	constructor(rateHz: number, fromSample = 0) {
		this.#rateHz = rateHz;
		this.#receivedSamples = fromSample;
		if (rateHz === SAMPLE_RATE_HZ) return;
		this.#resampler = new Resampler(rateHz, SAMPLE_RATE_HZ);
		this.#receivedSamples = this.startOf(fromSample);
		this.#skip = fromSample - (this.#receivedSamples * SAMPLE_RATE_HZ) / rateHz;
	}

	/** Samples that came, at the client's rate. */
	get receivedSamples(): number {
		return this.#receivedSamples;
	}

	/**
	 * Where a client has to begin so that a session may go on from a sample at 16 kHz: early enough for the filter to
	 * settle, and where both rates have a sample at the same time.
	 */
	startOf(fromSample: number): number {
		if (this.#resampler === undefined) return fromSample;
		const step = this.#rateHz / greatestCommonDivisor(this.#rateHz, SAMPLE_RATE_HZ);
		const sample = (fromSample * this.#rateHz) / SAMPLE_RATE_HZ - SETTLING_SAMPLES;
		return Math.max(0, Math.floor(sample / step) * step);
	}

	/** @returns at 16 kHz; may be empty. */
	push(samples: Float32Array): Float32Array {
		this.#receivedSamples += samples.length;
		return this.#resampler === undefined ? samples : this.#settle(this.#resampler.push(samples));
	}

	/** What is left at the end of the audio. */
	flush(): Float32Array {
		return this.#resampler === undefined ? new Float32Array() : this.#settle(this.#resampler.flush());
	}

	#settle(output: Float32Array): Float32Array {
		const left = output.slice(Math.min(this.#skip, output.length));
		this.#skip -= output.length - left.length;
		return left;
	}
}

function greatestCommonDivisor(first: number, second: number): number {
	return second === 0 ? first : greatestCommonDivisor(second, first % second);
}
