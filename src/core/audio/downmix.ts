/** Below -60 dB of full scale a channel counts as silent: the noise of an input nobody plugged in. */
const HEARD_LEVEL = 1e-3;
/** A channel that speaks up late changes the weights of the others over 10 ms, without a click. */
const FADE_SECONDS = 0.01;

/**
 * Mixes channels to mono: the mean of those channels that have been heard so far. A recording with one
 * silent channel so keeps its level, which a plain mean would halve for every silent channel. While nothing
 * was heard, it is the mean of all. Does not depend on how the input was cut into blocks.
 *
 * Samples that are no finite number become 0 and are counted.
 */
export class Downmix {
	/** Samples that were NaN or infinite. */
	nonFiniteSamples = 0;
	readonly #fadeStep: number;
	readonly #heard: boolean[];
	readonly #weights: Float64Array;
	readonly #targets: Float64Array;
	#fading = false;

	constructor(channels: number, sampleRateHz: number) {
		this.#fadeStep = 1 / Math.max(1, Math.round(sampleRateHz * FADE_SECONDS));
		this.#heard = new Array<boolean>(channels).fill(false);
		this.#weights = new Float64Array(channels).fill(1 / channels);
		this.#targets = this.#weights.slice();
	}

	/** @param channels - all of one length; may be changed. */
	mix(channels: readonly Float32Array[]): Float32Array {
		for (const samples of channels) this.nonFiniteSamples += silenceNonFinite(samples);
		if (channels.length === 1) return channels[0]!;
		const mono = new Float32Array(channels[0]!.length);
		let frame = 0;
		// Until every channel has been heard, each sample may change the weights.
		for (; frame < mono.length && (this.#fading || this.#heard.includes(false)); frame++) {
			this.#listen(channels, frame);
			if (this.#fading) this.#fade();
			let sum = 0;
			for (let channel = 0; channel < channels.length; channel++) {
				sum += channels[channel]![frame]! * this.#weights[channel]!;
			}
			mono[frame] = sum;
		}
		for (let channel = 0; channel < channels.length; channel++) {
			const samples = channels[channel]!;
			const weight = this.#weights[channel]!;
			for (let index = frame; index < mono.length; index++) mono[index]! += samples[index]! * weight;
		}
		return mono;
	}

	#listen(channels: readonly Float32Array[], frame: number): void {
		for (let channel = 0; channel < channels.length; channel++) {
			if (this.#heard[channel] !== true && Math.abs(channels[channel]![frame]!) > HEARD_LEVEL) {
				this.#heard[channel] = true;
				const count = this.#heard.filter(Boolean).length;
				for (let other = 0; other < channels.length; other++) {
					this.#targets[other] = this.#heard[other] === true ? 1 / count : 0;
				}
				this.#fading = true;
			}
		}
	}

	#fade(): void {
		this.#fading = false;
		for (let channel = 0; channel < this.#weights.length; channel++) {
			const missing = this.#targets[channel]! - this.#weights[channel]!;
			if (Math.abs(missing) > this.#fadeStep) {
				this.#weights[channel]! += Math.sign(missing) * this.#fadeStep;
				this.#fading = true;
			} else {
				this.#weights[channel] = this.#targets[channel]!;
			}
		}
	}
}

function silenceNonFinite(samples: Float32Array): number {
	// A sum is finite only if all its parts are, and costs less than a test of each; an iterator would cost
	// as much as the rest of the mix.
	let sum = 0;
	// eslint-disable-next-line @typescript-eslint/prefer-for-of
	for (let index = 0; index < samples.length; index++) sum += samples[index]!;
	if (Number.isFinite(sum)) return 0;
	let silenced = 0;
	for (let index = 0; index < samples.length; index++) {
		if (!Number.isFinite(samples[index])) {
			samples[index] = 0;
			silenced++;
		}
	}
	return silenced;
}
