import {InfinisstError} from '../../errors.js';

type Tensors = ReadonlyMap<string, Float32Array | Int8Array>;

/**
 * What the decoder looks at in every step, by the names of its inputs: 6 KB a frame of whisper-base and more of
 * larger models. It is held once by whoever made it, and once more for each `retain()`; the last `release()` frees it.
 */
export class PreparedAudio {
	/** 20 ms each, silence included. */
	readonly frames: number;
	#tensors: Tensors;
	#holds = 1;

	constructor(frames: number, tensors: Tensors) {
		this.frames = frames;
		this.#tensors = tensors;
	}

	/** @throws {InfinisstError} `RESOURCE_CLOSED` after the last `release()`. */
	tensor(name: string): Float32Array | Int8Array {
		const tensor = this.#tensors.get(name);
		if (tensor === undefined) throw audioReleased();
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

export function audioReleased(): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', 'Audio was used after it was released');
}
