import type {OnnxSession, Tensors} from '../onnx-session.js';
import type {DecoderDimensions} from './decoder-dimensions.js';
import {cutSpan, LayerViews, VIEW_STEP, type LayerCache, type ViewSpan} from './layer-views.js';
import {RowBuffer} from './row-buffer.js';
import type {StepRunner} from './step-queue.js';

/** More than is needed is made room for by this share, because making room means copying all rows. */
const SPARE_SHARE = 1 / 8;

/** Rows that room is made for at once. */
const ROW_STEP = 2;

/** One context's place among the rows of the caches, and how many tokens it holds. */
export interface ContextRow {
	/** Changes when rows are moved. */
	readonly index: number;
	readonly length: number;
}

interface MutableRow extends ContextRow {
	index: number;
	length: number;
	/** Of each kind of views. */
	spans: ViewSpan[];
	/** Behind its last token; kept, as the large vocabularies of today would keep the collector of garbage busy. */
	readonly logits: Float32Array;
}

/** Tokens that a row is about to read. */
interface Job {
	readonly row: MutableRow;
	readonly tokens: readonly number[];
}

/**
 * The caches of all contexts of a model, in place, and the steps that append to them. The graph reads rows that lie side
 * by side, so rows are moved when others make a step together than did before.
 */
export class ContextRows implements StepRunner<ContextRow> {
	readonly #session: OnnxSession;
	readonly #dimensions: DecoderDimensions;
	readonly #caches: readonly LayerCache[];
	readonly #views: readonly LayerViews[];
	readonly #rows: MutableRow[] = [];
	/** Of a run, a row after another. */
	#logits = new Float32Array(0);
	/** What a run makes anew for each layer. */
	readonly #made: Readonly<Record<string, null>>;
	#capacity = 0;
	#rowCapacity = 0;
	/** A graph is about to read rows where they lie, or does. */
	#isRunning = false;
	/** To be removed as soon as it has. */
	#leaving: ContextRow[] = [];

	constructor(session: OnnxSession, dimensions: DecoderDimensions) {
		this.#session = session;
		this.#dimensions = dimensions;
		const {keyValueHeads: heads, headSize: vectorSize, rotary, sliding} = dimensions;
		this.#caches = Array.from({length: dimensions.layers}, () => ({
			keys: new RowBuffer({heads, vectorSize}),
			values: new RowBuffer({heads, vectorSize}),
		}));
		this.#made = Object.fromEntries(
			this.#caches.flatMap((_, layer) => [
				[`new_key.${layer}`, null],
				[`new_value.${layer}`, null],
			]),
		);
		const layers = [...this.#caches.entries()];
		const slides = ([layer]: (typeof layers)[number]): boolean => sliding?.layers.includes(layer) === true;
		this.#views = [
			{dimensions, rotary, window: undefined, layers: layers.filter(layer => !slides(layer))},
			...(sliding === undefined ? [] : [{dimensions, ...sliding, layers: layers.filter(slides)}]),
		]
			.filter(kind => kind.layers.length > 0)
			.map(kind => new LayerViews(kind));
	}

	/** Of all caches, room for what is to come included. */
	get byteLength(): number {
		return [...this.#buffers(), ...this.#views].reduce((sum, {byteLength}) => sum + byteLength, 0);
	}

	/** Of what is kept for a row. */
	bytesOf({length}: ContextRow): number {
		const {layers, keyValueHeads, headSize} = this.#dimensions;
		return 2 * layers * keyValueHeads * length * headSize * 4;
	}

	add(): ContextRow {
		const spans = this.#views.map(() => ({start: 0, end: 0}));
		const logits = new Float32Array(this.#dimensions.vocabularySize);
		const row: MutableRow = {index: this.#rows.length, length: 0, spans, logits};
		this.#makeRoom(this.#rows.length + 1, 0);
		this.#rows.push(row);
		return row;
	}

	/** A copy. */
	fork(parent: ContextRow): ContextRow {
		const row = this.add() as MutableRow;
		row.length = parent.length;
		row.spans = (parent as MutableRow).spans.map(span => ({...span}));
		this.#copyRow(parent as MutableRow, row.index);
		return row;
	}

	/** The last row takes its place. */
	remove(row: ContextRow): void {
		if (this.#isRunning) {
			this.#leaving.push(row);
			return;
		}
		const last = this.#rows.pop()!;
		if (last === row) return;
		this.#copyRow(last, row.index);
		last.index = row.index;
		this.#rows[row.index] = last;
	}

	/** Forgets the tokens `from` .. `to` - 1; those behind move up. */
	dropSpan(row: ContextRow, from: number, to: number): void {
		const count = row.length - to;
		for (const buffer of this.#buffers()) buffer.move(row.index, {from: to, to: from, count});
		this.cut(row, from);
		(row as MutableRow).length = from + count;
	}

	cut(row: ContextRow, length: number): void {
		(row as MutableRow).length = length;
		for (const span of (row as MutableRow).spans) cutSpan(span, length);
	}

	/**
	 * Reads tokens behind those of the rows, each a list of its own.
	 *
	 * @returns logits behind the last token of each, the rows' own.
	 */
	async step(rows: readonly ContextRow[], tokens: readonly (readonly number[])[]): Promise<Float32Array[]> {
		const width = Math.max(...tokens.map(list => list.length));
		this.#makeRoom(
			this.#rows.length,
			Math.max(...rows.map((row, order) => row.length + tokens[order]!.length)),
		);
		const first = this.#gather(rows);
		const jobs: Job[] = rows.map((row, index) => ({row: row as MutableRow, tokens: tokens[index]!}));
		const byPlace = [...jobs].sort((a, b) => a.row.index - b.row.index);
		const results = await this.#run(this.#inputs(first, byPlace, width), rows.length);
		const {keyValueHeads, headSize, vocabularySize} = this.#dimensions;
		for (const [layer, {keys, values}] of this.#caches.entries()) {
			for (const [output, buffer] of [
				['new_key', keys],
				['new_value', values],
			] as const) {
				const made = results[`${output}.${layer}`]!.data as Float32Array;
				for (const [place, {row, tokens: list}] of byPlace.entries()) {
					for (const [head, start] of buffer.starts(row.index, row.length).entries()) {
						const from = (place * keyValueHeads + head) * width * headSize;
						buffer.values.set(made.subarray(from, from + list.length * headSize), start);
					}
				}
			}
		}
		for (const {row, tokens: list} of jobs) row.length += list.length;
		for (const [place, {row}] of byPlace.entries()) {
			row.logits.set(this.#logits.subarray(place * vocabularySize, (place + 1) * vocabularySize));
		}
		return jobs.map(({row}) => row.logits);
	}

	/** Rows stay where they are until it is done. */
	async #run(inputs: Tensors, rows: number): Promise<Tensors> {
		const {vocabularySize} = this.#dimensions;
		const size = rows * vocabularySize;
		if (size > this.#logits.length) this.#logits = new Float32Array(size);
		const logits = this.#session.floats(this.#logits.subarray(0, size), [rows, 1, vocabularySize]);
		this.#isRunning = true;
		try {
			return await this.#session.run(inputs, {...this.#made, logits});
		} finally {
			this.#isRunning = false;
			for (const row of this.#leaving.splice(0)) this.remove(row);
		}
	}

	#inputs(first: number, jobs: readonly Job[], width: number): Tensors {
		const session = this.#session;
		const count = jobs.length;
		const positions = this.#capacity + width;
		for (const {row} of jobs) {
			for (const [kind, view] of this.#views.entries()) view.update(row.index, row.spans[kind]!, row.length);
		}
		const viewed = this.#views.map((view, kind) =>
			view.inputs(session, first, {spans: jobs.map(({row}) => row.spans[kind]!), positions}),
		);
		return {
			tokens: session.integers(
				// Padding behind a row: no earlier token sees it, and its keys are dropped.
				jobs.flatMap(({tokens}) => [...tokens, ...new Array<number>(width - tokens.length).fill(0)]),
				[count, width],
			),
			positions: session.integers(
				jobs.flatMap(({row}) => Array.from({length: width}, (_, index) => row.length + index)),
				[count, width],
			),
			wanted: session.integers(
				jobs.map(({tokens}) => tokens.length - 1),
				[count, 1, 1],
			),
			...(Object.assign({}, ...viewed) as Tensors),
		};
	}

	/** Moves rows so that these lie side by side. @returns where the first of them is. */
	#gather(rows: readonly ContextRow[]): number {
		const wanted = new Set(rows);
		let first = 0;
		let most = -1;
		for (let start = 0; start + rows.length <= this.#rows.length; start++) {
			const there = this.#rows.slice(start, start + rows.length).filter(row => wanted.has(row)).length;
			if (there > most) [first, most] = [start, there];
		}
		const end = first + rows.length;
		const outside = rows.filter(({index}) => index < first || index >= end);
		for (let index = first; index < end; index++) {
			const present = this.#rows[index]!;
			if (!wanted.has(present)) this.#swap(present, outside.pop() as MutableRow);
		}
		return first;
	}

	#swap(a: MutableRow, b: MutableRow): void {
		for (const buffer of this.#buffers()) buffer.swapRows(a.index, b.index);
		for (const view of this.#views) view.swapRows(a.index, b.index);
		[a.index, b.index] = [b.index, a.index];
		this.#rows[a.index] = a;
		this.#rows[b.index] = b;
	}

	#copyRow({index, length, spans}: MutableRow, to: number): void {
		for (const buffer of this.#buffers()) buffer.copyRow(index, to, length);
		for (const [kind, view] of this.#views.entries()) view.copyRow(index, to, spans[kind]!);
	}

	/** Makes room for so many rows and tokens a row; gives tokens' room back where more than half of it lies idle. */
	#makeRoom(rows: number, tokens: number): void {
		const longest = Math.max(tokens, ...this.#rows.map(row => row.length), 1);
		const needed = roundUp(longest, VIEW_STEP);
		const generous = roundUp(longest * (1 + SPARE_SHARE), VIEW_STEP);
		const isTooLarge = this.#capacity > 2 * generous;
		const capacity = needed > this.#capacity || isTooLarge ? generous : this.#capacity;
		const rowCapacity = roundUp(rows, ROW_STEP);
		const hasTooMany = this.#rowCapacity > 2 * rowCapacity;
		const newRows = rowCapacity > this.#rowCapacity || hasTooMany ? rowCapacity : this.#rowCapacity;
		if (capacity === this.#capacity && newRows === this.#rowCapacity) return;
		this.#capacity = capacity;
		this.#rowCapacity = newRows;
		const lengths = this.#rows.map(row => row.length);
		for (const buffer of this.#buffers()) buffer.resize(newRows, capacity, lengths);
		for (const [kind, view] of this.#views.entries()) {
			view.resize(
				newRows,
				capacity,
				this.#rows.map(row => row.spans[kind]!),
			);
		}
	}

	*#buffers(): Iterable<RowBuffer> {
		for (const {keys, values} of this.#caches) {
			yield keys;
			yield values;
		}
	}
}

function roundUp(value: number, step: number): number {
	return Math.ceil(value / step) * step;
}
