import {InfinisstError} from '../../errors.js';

/** What the decoder looks at in every step, by the names of its inputs. */
export class PreparedAudio {
	/** 20 ms each, silence included. */
	readonly frames: number;
	#tensors: ReadonlyMap<string, Float32Array | Int8Array>;

	constructor(frames: number, tensors: ReadonlyMap<string, Float32Array | Int8Array>) {
		this.frames = frames;
		this.#tensors = tensors;
	}

	/** @throws {InfinisstError} `RESOURCE_CLOSED` after `release()`. */
	tensor(name: string): Float32Array | Int8Array {
		const tensor = this.#tensors.get(name);
		if (tensor === undefined)
			throw new InfinisstError('RESOURCE_CLOSED', 'Audio was used after it was released');
		return tensor;
	}

	/** Forgets the tensors, megabytes of them, once a batch has its own copy. */
	release(): void {
		this.#tensors = new Map();
	}
}
