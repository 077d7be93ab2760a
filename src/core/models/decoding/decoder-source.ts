import {InfinisstError} from '../../errors.js';

type Tensors = ReadonlyMap<string, Float32Array | Int8Array>;

/**
 * What a decoder looks at in every step, such as audio or a text that was encoded, by the names of its inputs: 6 KB a
 * place with whisper-base and more with larger models. It is held once by whoever made it, and once more for each
 * `retain()`; the last `release()` frees it.
 */
export class DecoderSource {
	/** Places: frames of 20 ms, silence included, or tokens. */
	readonly length: number;
	#tensors: Tensors;
	#holds = 1;

	constructor(length: number, tensors: Tensors) {
		this.length = length;
		this.#tensors = tensors;
	}

	/** @throws {InfinisstError} `RESOURCE_CLOSED` after the last `release()`. */
	tensor(name: string): Float32Array | Int8Array {
		const tensor = this.#tensors.get(name);
		if (tensor === undefined) throw sourceReleased();
		return tensor;
	}

	/** Holds it once more. */
	retain(): void {
		this.#holds++;
	}

	/** Lets go of it once. */
	release(): void {
		this.#holds--;
		if (this.#holds === 0) this.#tensors = new Map();
	}
}

export function sourceReleased(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'What is decoded was used after it was released');
}
