import type {Tensor} from 'onnxruntime-node';
import type {OnnxSession} from '../onnx-session.js';
import type {DecoderDimensions, RotaryPositions} from './decoder-dimensions.js';

/** Vectors that lie behind one another, at the positions `first`, `first` + 1 and so on. */
export interface PlacedVectors {
	readonly source: Float32Array;
	/** Of the first number, in the source and the target. */
	readonly from: number;
	readonly to: number;
	readonly first: number;
	readonly count: number;
}

/** Angles of rotary positions, made as far as they are needed: cosines and sines, [positions, head size / 2]. */
export class PositionTable {
	readonly #frequencies: readonly number[];
	/** Numbers between the two of a pair, and between the first ones of two pairs. */
	readonly #partner: number;
	readonly #next: number;
	#positions = 0;
	#cosines = new Float32Array(0);
	#sines = new Float32Array(0);

	constructor({frequencies}: RotaryPositions, pairs: DecoderDimensions['rotaryPairs']) {
		this.#frequencies = frequencies;
		[this.#partner, this.#next] = pairs === 'halves' ? [frequencies.length, 1] : [1, 2];
	}

	/** Of so many positions, or more. */
	tensors(session: OnnxSession, positions: number): [cosines: Tensor, sines: Tensor] {
		this.#require(positions);
		const shape = [this.#positions, this.#frequencies.length];
		return [session.floats(this.#cosines, shape), session.floats(this.#sines, shape)];
	}

	/** Writes vectors as they are when turned to their positions. */
	turn(target: Float32Array, {source, from, to, first, count}: PlacedVectors): void {
		this.#require(first + count);
		const pairs = this.#frequencies.length;
		const partner = this.#partner;
		const next = this.#next;
		const cosines = this.#cosines;
		const sines = this.#sines;
		for (let index = 0; index < count; index++) {
			let angle = (first + index) * pairs;
			let read = from + index * 2 * pairs;
			let write = to + index * 2 * pairs;
			for (let pair = 0; pair < pairs; pair++, angle++, read += next, write += next) {
				const cosine = cosines[angle]!;
				const sine = sines[angle]!;
				const x = source[read]!;
				const y = source[read + partner]!;
				target[write] = x * cosine - y * sine;
				target[write + partner] = x * sine + y * cosine;
			}
		}
	}

	#require(positions: number): void {
		if (positions > this.#positions) this.#extend(Math.max(positions, 2 * this.#positions));
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
