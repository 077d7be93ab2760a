import type {Tensor} from 'onnxruntime-node';
import type {OnnxSession} from '../onnx-session.js';
import type {RotaryPositions} from './decoder-dimensions.js';

/** Angles of rotary positions, made as far as they are needed: cosines and sines, [positions, head size / 2]. */
export class PositionTable {
	readonly #frequencies: readonly number[];
	#positions = 0;
	#cosines = new Float32Array(0);
	#sines = new Float32Array(0);

	constructor({frequencies}: RotaryPositions) {
		this.#frequencies = frequencies;
	}

	/** Of so many positions, or more. */
	tensors(session: OnnxSession, positions: number): [cosines: Tensor, sines: Tensor] {
		if (positions > this.#positions) this.#extend(Math.max(positions, 2 * this.#positions));
		const shape = [this.#positions, this.#frequencies.length];
		return [session.floats(this.#cosines, shape), session.floats(this.#sines, shape)];
	}

	#extend(positions: number): void {
		const pairs = this.#frequencies.length;
		this.#cosines = new Float32Array(positions * pairs);
		this.#sines = new Float32Array(positions * pairs);
		for (let position = 0; position < positions; position++) {
			for (const [pair, frequency] of this.#frequencies.entries()) {
				// Angles are rounded to float32, as where the models were trained.
				const angle = Math.fround(position * frequency);
				this.#cosines[position * pairs + pair] = Math.cos(angle);
				this.#sines[position * pairs + pair] = Math.sin(angle);
			}
		}
		this.#positions = positions;
	}
}
