import {SAMPLE_RATE_HZ} from '../../../core/audio/audio-source.js';
import {bytesPerSample, decodePcm, type PcmEncoding} from '../../../core/audio/pcm.js';
import {Resampler} from '../../../core/audio/resampler.js';
import {InfinisstError} from '../../../core/errors.js';

/** Formats of audio in GA sessions; those of the beta are `pcm16`, `g711_ulaw` and `g711_alaw`. */
export const AUDIO_FORMATS = ['audio/pcm', 'audio/pcmu', 'audio/pcma'] as const;

export type AudioFormat = (typeof AUDIO_FORMATS)[number];

const FORMATS: Record<AudioFormat, {readonly encoding: PcmEncoding; readonly sampleRateHz: number}> = {
	'audio/pcm': {encoding: 's16le', sampleRateHz: 24_000},
	'audio/pcmu': {encoding: 'mulaw', sampleRateHz: 8000},
	'audio/pcma': {encoding: 'alaw', sampleRateHz: 8000},
};

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Samples at 16 kHz from the audio of a realtime client. */
export class PcmInput {
	readonly #format: AudioFormat;
	#resampler: Resampler | undefined;

	constructor(format: AudioFormat) {
		this.#format = format;
	}

	/**
	 * @param audio - base64 of whole samples.
	 * @returns how long it is, and what is complete of it.
	 * @throws {InfinisstError} `OPTION_INVALID`.
	 */
	push(audio: string): {readonly durationMs: number; readonly samples: Float32Array} {
		const {encoding, sampleRateHz} = FORMATS[this.#format];
		if (!BASE64.test(audio)) {
			throw new InfinisstError('OPTION_INVALID', 'The audio is not base64', {
				hint: `Send ${this.#format} as base64.`,
			});
		}

		const bytes = Buffer.from(audio, 'base64');
		if (bytes.length % bytesPerSample(encoding) !== 0) {
			throw new InfinisstError(
				'OPTION_INVALID',
				`The audio has ${bytes.length} bytes, which are no whole samples`,
				{
					hint: `Send 16-bit little-endian mono at ${sampleRateHz} Hz.`,
				},
			);
		}

		const [mono] = decodePcm(bytes, encoding, 1);
		this.#resampler ??= new Resampler(sampleRateHz, SAMPLE_RATE_HZ);
		return {durationMs: (mono!.length * 1000) / sampleRateHz, samples: this.#resampler.push(mono!)};
	}

	/** What is left of all that was pushed; what comes then is heard as if silence had been before it. */
	flush(): Float32Array {
		const samples = this.#resampler?.flush() ?? new Float32Array(0);
		this.#resampler = undefined;
		return samples;
	}
}
