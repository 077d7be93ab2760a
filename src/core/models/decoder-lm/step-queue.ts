import {setImmediate as nextTurnOfEvents} from 'node:timers/promises';
import type {Clock} from '../../util/clock.js';
import {DeadlineQueue, type QueueEntry} from '../../util/deadline-queue.js';
import {DistributionMeter} from '../../util/distribution-meter.js';
import type {LanguageModelStatistics, StepOptions} from './language-model.js';

/**
 * Longer texts are read in pieces of this many tokens, so that others need not wait for all of them: a piece costs as
 * much as some ten single steps (bench/decoder-lm).
 */
const PIECE = 64;

/** Padding is accepted for pieces that are not shorter than this share of the longest of a run. */
const LEAST_FILLED = 1 / 2;

/** What keeps contexts and runs their steps. */
export interface StepRunner<Row extends {readonly length: number}> {
	/** @returns logits behind the last token of each. */
	step(rows: readonly Row[], tokens: readonly (readonly number[])[]): Promise<readonly Float32Array[]>;
	/** Forgets the tokens from `length` on: what a step that was given up has appended. */
	cut(row: Row, length: number): void;
	readonly byteLength: number;
}

interface Waiting<Row> {
	readonly row: Row;
	/** Tokens of the row before the call. */
	readonly startLength: number;
	/** Not yet read. */
	tokens: readonly number[];
	readonly readyMs: number;
	readonly deadlineMs: number;
	/** Its place in the queue; changes when it goes back to it. */
	entry: QueueEntry<Waiting<Row>> | undefined;
	readonly signal: AbortSignal | undefined;
	/** Stops listening to the signal. */
	readonly ignoreSignal: () => void;
	readonly resolve: (logits: Float32Array) => void;
	readonly reject: (reason: unknown) => void;
}

/**
 * Steps of several contexts, run together where they wait at the same time: earliest deadline first, and with it those
 * whose pieces are about as long. Contexts join and leave between two runs. Never waits for anybody.
 */
export class StepQueue<Row extends {readonly length: number}> {
	readonly #rows: StepRunner<Row>;
	readonly #clock: Clock;
	readonly #maxBatchSize: number;
	readonly #waiting = new DeadlineQueue<Waiting<Row>>();
	readonly #batchSizes: Record<number, number> = {};
	readonly #waitMs = new DistributionMeter();
	readonly #stepMs = new DistributionMeter();
	readonly #readMs = new DistributionMeter();
	#working: Promise<void> | undefined;
	#end: Error | undefined;

	constructor(
		rows: StepRunner<Row>,
		{clock, maxBatchSize}: {readonly clock: Clock; readonly maxBatchSize: number},
	) {
		this.#rows = rows;
		this.#clock = clock;
		this.#maxBatchSize = maxBatchSize;
	}

	get statistics(): LanguageModelStatistics {
		return {
			batchSizes: {...this.#batchSizes},
			waitMs: this.#waitMs.summary(),
			stepMs: this.#stepMs.summary(),
			readMs: this.#readMs.summary(),
			cacheBytes: this.#rows.byteLength,
		};
	}

	/**
	 * Reads tokens behind those of a row.
	 *
	 * @throws the signal's reason, with the row as it was before; what `close` was given; what the runtime throws.
	 */
	step(
		row: Row,
		tokens: readonly number[],
		{signal, deadlineMs = Infinity}: StepOptions = {},
	): Promise<Float32Array> {
		return new Promise<Float32Array>((resolve, reject) => {
			signal?.throwIfAborted();
			if (this.#end !== undefined) throw this.#end;
			const giveUp = (): void => {
				// What is being run meanwhile is not in the queue: it is given up when it is put back.
				if (this.#leave(waiting)) this.#abandon(waiting, signal!.reason);
			};
			signal?.addEventListener('abort', giveUp);
			const waiting: Waiting<Row> = {
				row,
				startLength: row.length,
				tokens,
				readyMs: this.#clock.nowMs(),
				deadlineMs,
				entry: undefined,
				signal,
				ignoreSignal: () => signal?.removeEventListener('abort', giveUp),
				resolve,
				reject,
			};
			this.#enter(waiting);
			this.#working ??= this.#work();
		});
	}

	/** Rejects what waits and what comes; resolves when the run under way is done. */
	async close(reason: Error): Promise<void> {
		this.#end ??= reason;
		for (let waiting = this.#waiting.take(); waiting !== undefined; waiting = this.#waiting.take())
			this.#abandon(waiting, reason);
		await this.#working;
	}

	async #work(): Promise<void> {
		// Whoever was just answered may ask for the next step, and sockets and timers have their turn too.
		await nextTurnOfEvents();
		while (this.#waiting.size > 0) {
			await this.#run(this.#choose());
			await nextTurnOfEvents();
		}
		this.#working = undefined;
	}

	/** Takes the next, and those that can be read in the same run without much padding. */
	#choose(): Waiting<Row>[] {
		const candidates = this.#waiting.items;
		const lengthOf = ({tokens}: Waiting<Row>): number => Math.min(tokens.length, PIECE);
		const longest = lengthOf(candidates[0]!);
		const fits = (waiting: Waiting<Row>): boolean => {
			const length = lengthOf(waiting);
			return length <= longest && length >= longest * LEAST_FILLED;
		};
		const chosen = candidates.filter(fits).slice(0, this.#maxBatchSize);
		for (const waiting of chosen) this.#leave(waiting);
		return chosen;
	}

	#enter(waiting: Waiting<Row>): void {
		waiting.entry = this.#waiting.add(waiting, waiting.deadlineMs);
	}

	/** @returns whether it was in the queue. */
	#leave(waiting: Waiting<Row>): boolean {
		return waiting.entry !== undefined && this.#waiting.remove(waiting.entry);
	}

	/** Never rejects: a fault is given to everyone it hit. */
	async #run(batch: readonly Waiting<Row>[]): Promise<void> {
		const startMs = this.#clock.nowMs();
		for (const {row, startLength, readyMs} of batch) {
			if (row.length === startLength) this.#waitMs.add(startMs - readyMs);
		}
		const pieces = batch.map(({tokens}) => tokens.slice(0, PIECE));
		let logits: readonly Float32Array[];
		try {
			logits = await this.#rows.step(
				batch.map(({row}) => row),
				pieces,
			);
		} catch (error) {
			for (const waiting of batch) this.#abandon(waiting, error);
			return;
		}
		const meter = pieces.some(piece => piece.length > 1) ? this.#readMs : this.#stepMs;
		meter.add(this.#clock.nowMs() - startMs);
		this.#batchSizes[batch.length] = (this.#batchSizes[batch.length] ?? 0) + 1;
		for (const [order, waiting] of batch.entries()) {
			waiting.tokens = waiting.tokens.slice(PIECE);
			if (waiting.signal?.aborted === true) this.#abandon(waiting, waiting.signal.reason);
			else if (waiting.tokens.length === 0) {
				waiting.ignoreSignal();
				waiting.resolve(logits[order]!);
			} else if (this.#end !== undefined) this.#abandon(waiting, this.#end);
			else this.#enter(waiting);
		}
	}

	#abandon({row, startLength, ignoreSignal, reject}: Waiting<Row>, reason: unknown): void {
		this.#rows.cut(row, startLength);
		ignoreSignal();
		reject(reason);
	}
}
