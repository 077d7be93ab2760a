import type {OnnxSession, Tensors} from '../onnx-session.js';
import type {DecoderDimensions, RotaryPositions} from './decoder-dimensions.js';
import {PositionTable} from './position-table.js';
import {RowBuffer} from './row-buffer.js';

/**
 * What a layer sees begins at multiples of this many tokens, and has room for multiples of it: at multiples of the widest
 * vector register the kernels sum every row in the same order, however large the cache is and whatever was in it before.
 */
export const VIEW_STEP = 64;

/** Keys and values of a layer as they were computed, without positions. */
export interface LayerCache {
	readonly keys: RowBuffer;
	readonly values: RowBuffer;
}

/** Which tokens of a row lie in a view: `start` .. `end` - 1. */
export interface ViewSpan {
	start: number;
	end: number;
}

interface ViewedLayer {
	readonly layer: number;
	readonly cache: LayerCache;
	/** Keys turned to their positions. */
	readonly turned: RowBuffer;
	/** Those of the cache, or a copy where only the newest are seen. */
	readonly values: RowBuffer;
}

export interface LayerViewsOptions {
	readonly dimensions: DecoderDimensions;
	readonly rotary: RotaryPositions;
	/** Tokens that are seen, the present one included; undefined for all. */
	readonly window: number | undefined;
	/** The numbers of the layers, and what they have computed. */
	readonly layers: readonly (readonly [number: number, cache: LayerCache])[];
}

/**
 * What layers of one kind, those with a window or those without, look at in a step: keys that are turned to their
 * positions, and only tokens that the next one can see. It is kept from step to step and brought up to date before each:
 * what is new or has moved is turned anew, from what was computed.
 */
export class LayerViews {
	readonly #window: number | undefined;
	readonly #positions: PositionTable;
	readonly #prefix: string;
	readonly #layers: readonly ViewedLayer[];

	constructor({dimensions, rotary, window, layers}: LayerViewsOptions) {
		const sizes = {heads: dimensions.keyValueHeads, vectorSize: dimensions.headSize};
		this.#window = window;
		this.#positions = new PositionTable(rotary, dimensions.rotaryPairs);
		this.#prefix = window === undefined ? '' : 'sliding_';
		this.#layers = layers.map(([layer, cache]) => ({
			layer,
			cache,
			turned: new RowBuffer(sizes),
			values: window === undefined ? cache.values : new RowBuffer(sizes),
		}));
	}

	/** Of what is not part of a cache. */
	get byteLength(): number {
		return this.#layers.reduce(
			(sum, {turned, values, cache}) =>
				sum + turned.byteLength + (values === cache.values ? 0 : values.byteLength),
			0,
		);
	}

	/** @param spans - of all rows. @param capacity - of the caches. */
	resize(rows: number, capacity: number, spans: readonly ViewSpan[]): void {
		const own =
			this.#window === undefined
				? capacity
				: // A window that begins at a step, not where it could.
					Math.min(capacity, Math.ceil((this.#window + VIEW_STEP - 2) / VIEW_STEP) * VIEW_STEP);
		const lengths = spans.map(({start, end}) => end - start);
		for (const buffer of this.#buffers()) buffer.resize(rows, own, lengths);
	}

	copyRow(from: number, to: number, {start, end}: ViewSpan): void {
		for (const buffer of this.#buffers()) buffer.copyRow(from, to, end - start);
	}

	swapRows(a: number, b: number): void {
		for (const buffer of this.#buffers()) buffer.swapRows(a, b);
	}

	/** Makes a row hold what the token behind `length` others can see. */
	update(row: number, span: ViewSpan, length: number): void {
		this.#begin(row, span, this.#firstSeen(length));
		const count = length - span.end;
		if (count === 0) return;
		const place = span.end - span.start;
		for (const {cache, turned, values} of this.#layers) {
			const {values: source} = cache.keys;
			const targets = turned.starts(row, place);
			for (const [head, from] of cache.keys.starts(row, span.end).entries()) {
				const to = targets[head]!;
				this.#positions.turn(turned.values, {source, from, to, first: span.end, count});
			}
			if (values !== cache.values) values.fill(row, place, cache.values, {from: span.end, count});
		}
		span.end = length;
	}

	/** @param rows - in the order they lie in. */
	inputs(
		session: OnnxSession,
		first: number,
		{spans, positions}: {readonly spans: readonly ViewSpan[]; readonly positions: number},
	): Tensors {
		const [cosines, sines] = this.#positions.tensors(session, positions);
		const lengths = session.integers(
			spans.map(({start, end}) => end - start),
			[spans.length],
		);
		const inputs: Record<string, Tensors[string]> = {
			[`${this.#prefix}cosines`]: cosines,
			[`${this.#prefix}sines`]: sines,
			[`${this.#prefix}past_lengths`]: lengths,
		};
		for (const {layer, turned, values} of this.#layers) {
			for (const [name, buffer] of [
				['key', turned],
				['value', values],
			] as const) {
				const rows = buffer.rows(first, spans.length);
				inputs[`past_${name}.${layer}`] = session.floats(rows.values, rows.shape);
			}
		}
		return inputs;
	}

	/** Depends on the length alone: so the same texts are summed in the same order, whatever happened before. */
	#firstSeen(length: number): number {
		if (this.#window === undefined) return 0;
		const first = Math.max(0, length - (this.#window - 1));
		return first - (first % VIEW_STEP);
	}

	#begin(row: number, span: ViewSpan, start: number): void {
		const forward = start - span.start;
		if (forward === 0) return;
		const kept = forward > 0 ? Math.max(0, span.end - start) : 0;
		if (kept > 0) {
			for (const buffer of this.#buffers()) buffer.move(row, {from: forward, to: 0, count: kept});
		}
		span.start = start;
		span.end = start + kept;
	}

	*#buffers(): Iterable<RowBuffer> {
		for (const {turned, values, cache} of this.#layers) {
			yield turned;
			if (values !== cache.values) yield values;
		}
	}
}

/** What remains in a view of tokens before `length`, the others being gone or moved. */
export function cutSpan(span: ViewSpan, length: number): void {
	span.end = Math.max(span.start, Math.min(span.end, length));
}
