import type {Tensor} from 'onnxruntime-node';
import type {DecoderSource} from '../decoding/decoder-source.js';
import {removeRow, type DecoderRow, type SequenceBatch, type StepResult} from '../decoding/sequence-batch.js';
import type {OnnxSession, Tensors} from '../onnx-session.js';

/** What must be known of an exported decoder. */
export interface HubDecoderShape {
	readonly heads: number;
	readonly headSize: number;
	readonly layers: number;
	readonly width: number;
	readonly vocabularySize: number;
}

/** Keys or values of one layer and row, as the graph names them. */
type Cache = ReadonlyMap<string, Float32Array>;

interface HubRow extends DecoderRow {
	index: number;
	length: number;
	readonly source: HubSource;
	cache: Cache;
}

/** Copies of what the row needs of its source: the source itself is released when the row has been added. */
interface HubSource {
	readonly length: number;
	readonly states: Float32Array;
	/** Keys and values of the source, which the first step brings. */
	cache: Cache;
}

/**
 * Runs a `decoder_model_merged.onnx` of the hub (optimum) as `DecoderBatch` runs graphs of ours. Such a graph knows no
 * rows of different length, and quantised ones tie all rows of a call together; so only rows of one text run together.
 */
export class HubDecoderBatch implements SequenceBatch {
	readonly #session: OnnxSession;
	readonly #shape: HubDecoderShape;
	readonly #rows: HubRow[] = [];

	constructor(session: OnnxSession, shape: HubDecoderShape) {
		this.#session = session;
		this.#shape = shape;
	}

	get rows(): readonly DecoderRow[] {
		return this.#rows;
	}

	add(source: DecoderSource): DecoderRow {
		const states = source.tensor('states') as Float32Array;
		const row: HubRow = {
			index: this.#rows.length,
			length: 0,
			source: {length: source.length, states, cache: new Map()},
			cache: new Map(),
		};
		this.#rows.push(row);
		return row;
	}

	fork(parent: DecoderRow): DecoderRow {
		const row: HubRow = {...(parent as HubRow), index: this.#rows.length};
		this.#rows.push(row);
		return row;
	}

	reorder(rows: readonly DecoderRow[], parents: readonly DecoderRow[]): void {
		const caches = parents.map(parent => ({...(parent as HubRow)}));
		for (const [place, row] of rows.entries()) {
			(row as HubRow).cache = caches[place]!.cache;
			(row as HubRow).length = caches[place]!.length;
		}
	}

	remove(row: DecoderRow): void {
		removeRow(this.#rows, row);
	}

	/** There is no alignment. */
	async step(
		first: number,
		tokens: readonly (readonly number[])[],
		wanted: readonly number[],
	): Promise<StepResult> {
		const {vocabularySize} = this.#shape;
		const logits: Float32Array[] = [];
		for (const group of groupBy(this.#rows.slice(first, first + tokens.length), row => row.source)) {
			const made = await this.#run(
				group,
				group.map(row => tokens[row.index - first]!),
			);
			const length = tokens[0]!.length;
			for (const [place, row] of group.entries()) {
				const from = place * length * vocabularySize;
				logits[row.index - first] = made.subarray(from, from + length * vocabularySize);
			}
		}
		return {
			logits: (row, position) => {
				const from = wanted[position]! * vocabularySize;
				return logits[row]!.subarray(from, from + vocabularySize);
			},
			alignment: () => [],
		};
	}

	/** @returns logits [rows, new, vocabulary]. */
	async #run(rows: readonly HubRow[], tokens: readonly (readonly number[])[]): Promise<Float32Array> {
		const [{length, source}] = rows as [HubRow];
		const isFirst = length === 0;
		const results = await this.#session.run(this.#inputs(rows, tokens));
		const newLength = tokens[0]!.length;
		for (const [place, row] of rows.entries()) {
			row.cache = this.#cut(results, 'decoder', place, length + newLength);
			row.length += newLength;
		}
		if (isFirst) source.cache = this.#cut(results, 'encoder', 0, source.length);
		return results['logits']!.data as Float32Array;
	}

	#inputs(rows: readonly HubRow[], tokens: readonly (readonly number[])[]): Tensors {
		const session = this.#session;
		const {heads, headSize, width} = this.#shape;
		const [{length, source}] = rows as [HubRow];
		const count = rows.length;
		const isFirst = length === 0;
		const inputs: Record<string, Tensor> = {
			input_ids: session.integers(tokens.flat(), [count, tokens[0]!.length]),
			encoder_attention_mask: session.integers(new Array<number>(count * source.length).fill(1), [
				count,
				source.length,
			]),
			encoder_hidden_states: session.floats(repeat(source.states, count), [count, source.length, width]),
			use_cache_branch: session.booleans([!isFirst], [1]),
		};
		for (const name of this.#cacheNames('decoder')) {
			const past = join(rows.map(row => row.cache.get(name) ?? new Float32Array()));
			inputs[`past_key_values.${name}`] = session.floats(past, [count, heads, length, headSize]);
		}
		for (const name of this.#cacheNames('encoder')) {
			const past = repeat(source.cache.get(name) ?? new Float32Array(), count);
			inputs[`past_key_values.${name}`] = session.floats(past, [
				count,
				heads,
				isFirst ? 0 : source.length,
				headSize,
			]);
		}
		return inputs;
	}

	/** What a run made for one row. */
	#cut(results: Tensors, side: 'decoder' | 'encoder', row: number, length: number): Cache {
		const size = this.#shape.heads * length * this.#shape.headSize;
		return new Map(
			this.#cacheNames(side).map(name => {
				const data = results[`present.${name}`]!.data as Float32Array;
				return [name, data.slice(row * size, (row + 1) * size)];
			}),
		);
	}

	#cacheNames(side: 'decoder' | 'encoder'): string[] {
		return Array.from({length: this.#shape.layers}, (_, layer) => [
			`${layer}.${side}.key`,
			`${layer}.${side}.value`,
		]).flat();
	}
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => unknown): Item[][] {
	const groups = new Map<unknown, Item[]>();
	for (const item of items) {
		const group = groups.get(key(item));
		if (group === undefined) groups.set(key(item), [item]);
		else group.push(item);
	}
	return [...groups.values()];
}

function join(parts: readonly Float32Array[]): Float32Array {
	const joined = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
	let at = 0;
	for (const part of parts) {
		joined.set(part, at);
		at += part.length;
	}
	return joined;
}

function repeat(values: Float32Array, count: number): Float32Array {
	return join(Array.from({length: count}, () => values));
}
