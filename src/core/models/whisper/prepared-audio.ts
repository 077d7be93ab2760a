/** What the decoder looks at in every step: keys and values of each of its layers, [heads, frames, head size]. */
export class PreparedAudio {
	/** 20 ms each, silence included. */
	readonly frames: number;
	#keys: readonly Float32Array[];
	#values: readonly Float32Array[];

	constructor(frames: number, keys: readonly Float32Array[], values: readonly Float32Array[]) {
		this.frames = frames;
		this.#keys = keys;
		this.#values = values;
	}

	get keys(): readonly Float32Array[] {
		return this.#keys;
	}

	get values(): readonly Float32Array[] {
		return this.#values;
	}

	/** Forgets keys and values, tens of megabytes, once a batch has its own copy of them. */
	release(): void {
		this.#keys = [];
		this.#values = [];
	}
}
