/** The newest samples of a stream, addressed by their place in the stream. */
export class SampleHistory {
	#buffer = new Float32Array(2 ** 16);
	/** Place in the stream of the buffer's first sample. */
	#start: number;
	#length = 0;

	/** @param startSample - place in the stream of the first sample that is appended. */
	constructor(startSample = 0) {
		this.#start = startSample;
	}

	/** Samples ever appended. */
	get endSample(): number {
		return this.#start + this.#length;
	}

	append(samples: Float32Array): void {
		if (this.#length + samples.length > this.#buffer.length) {
			const larger = new Float32Array(Math.max(this.#buffer.length * 2, this.#length + samples.length));
			larger.set(this.#buffer.subarray(0, this.#length));
			this.#buffer = larger;
		}
		this.#buffer.set(samples, this.#length);
		this.#length += samples.length;
	}

	/** A view of samples that are still held; valid until the next call of another method. */
	view(startSample: number, endSample: number): Float32Array {
		return this.#buffer.subarray(startSample - this.#start, endSample - this.#start);
	}

	/** Gives up everything before `sample`. */
	discardBefore(sample: number): void {
		const surplus = Math.min(sample - this.#start, this.#length);
		// Moving the rest costs as much as there is of it, so it waits until it is worth it.
		if (surplus < this.#buffer.length / 2) return;
		this.#buffer.copyWithin(0, surplus, this.#length);
		this.#start += surplus;
		this.#length -= surplus;
	}
}
