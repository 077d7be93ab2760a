import {setImmediate as nextTurnOfEvents} from 'node:timers/promises';
import type {BatchSettings} from '../../engine/engine.js';
import type {Clock} from '../../util/clock.js';
import {DeadlineQueue} from '../../util/deadline-queue.js';
import {DistributionMeter, type DistributionSummary} from '../../util/distribution-meter.js';
import type {BatchDecoder, DecodeTask} from './batch-decoder.js';
import type {CallOptions} from './call-options.js';

/** From so many on, steps made together save more than the first of them wait for. */
const CROWD = 4;

interface Encoding {
	readonly readyMs: number;
	readonly onTurn: CallOptions['onTurn'];
	/** Stops listening to the signal. */
	readonly ignoreSignal: () => void;
	/** Never rejects. */
	readonly run: () => Promise<void>;
	readonly reject: (reason: unknown) => void;
}

/**
 * Decides what a thread that runs a model, or half of one, does next: encode the next piece of audio or text, or go on
 * decoding. The runtime blocks the thread, so it is one or the other. What is encoded is taken one by one; both are taken
 * earliest deadline first, equal ones in order of arrival, and what has no deadline last.
 *
 * 1. With only one of the two to do, it is done.
 * 2. What waits to be decoded is held back while nothing is being decoded, fewer than `minBatchSize` sequences are ready,
 *    others are announced (what waits to be encoded, or is being encoded), and the longest wait is shorter than
 *    `batchTimeoutMs`. Meanwhile the next is encoded. A sequence that is alone never waits.
 * 3. The next is encoded first where its deadline is earlier than that of everything that is decoded or ready. What
 *    is decoded is otherwise brought to its end: to encode audio costs as much as ten steps, which all would wait for.
 * 4. In a crowd, when four or more are ready or wait to be encoded, the batch is filled first, although those who came
 *    first wait for it: together they are done sooner.
 * 5. If nothing that is decoded or ready has a deadline, nobody waits for it, so that batches are filled first.
 * 6. Nothing is encoded first for a batch that is full or that takes nobody in.
 */
export class WorkSchedule {
	readonly #clock: Clock;
	readonly #encodings = new DeadlineQueue<Encoding>();
	readonly #expected = new Set<number>();
	readonly #waitMs = new DistributionMeter();
	#settings: BatchSettings;
	#decoder: BatchDecoder | undefined;
	#working: Promise<void> | undefined;
	#cancelTimer: (() => void) | undefined;
	#end: Error | undefined;

	constructor(settings: BatchSettings, clock: Clock) {
		this.#settings = settings;
		this.#clock = clock;
	}

	get settings(): BatchSettings {
		return this.#settings;
	}

	/** How long was waited to be encoded. */
	get encodeWaitMs(): DistributionSummary {
		return this.#waitMs.summary();
	}

	/** Gives turns to a decoder too; at most one. */
	serve(decoder: BatchDecoder): void {
		this.#decoder = decoder;
		decoder.configure(this.#settings);
	}

	/** Takes effect between two pieces of work. */
	configure(settings: BatchSettings): void {
		this.#settings = settings;
		this.#decoder?.configure(settings);
		this.#wake();
	}

	/**
	 * Runs `work` when its turn comes, and nothing else meanwhile.
	 *
	 * @throws `signal.reason` if the signal fires before it is begun; what `work` throws; what `close` was given.
	 */
	encode<Result>(
		work: () => Promise<Result>,
		{signal, deadlineMs = Infinity, onTurn}: CallOptions = {},
	): Promise<Result> {
		return new Promise<Result>((resolve, reject) => {
			signal?.throwIfAborted();
			if (this.#end !== undefined) throw this.#end;
			const giveUp = (): void => {
				if (!this.#encodings.remove(entry)) return;
				entry.item.ignoreSignal();
				reject(signal!.reason as Error);
				this.#wake();
			};
			signal?.addEventListener('abort', giveUp);
			const entry = this.#encodings.add(
				{
					readyMs: this.#clock.nowMs(),
					onTurn,
					ignoreSignal: () => signal?.removeEventListener('abort', giveUp),
					run: () => work().then(resolve, reject),
					reject,
				},
				deadlineMs,
			);
			this.#wake();
		});
	}

	/** As {@link BatchDecoder.decode}. */
	async decode(task: DecodeTask, options?: CallOptions): Promise<void> {
		const decoding = this.#decoder!.decode(task, options);
		this.#wake();
		await decoding;
	}

	/** Announces what is encoded elsewhere and then decoded here, under a number of its own. */
	expect(id: number): void {
		this.#expected.add(id);
	}

	/** What was announced has come, or will not come. */
	expectNoMore(id: number): void {
		if (this.#expected.delete(id)) this.#wake();
	}

	/** Rejects what waits and what comes; resolves when the piece of work under way is done. */
	async close(reason: Error): Promise<void> {
		this.#end ??= reason;
		this.#cancelTimer?.();
		for (let next = this.#encodings.take(); next !== undefined; next = this.#encodings.take()) {
			next.ignoreSignal();
			next.reject(reason);
		}
		await this.#working;
		this.#decoder?.destroy(reason);
	}

	#wake(): void {
		this.#working ??= this.#work();
	}

	async #work(): Promise<void> {
		// Whoever was just answered may ask for more, and sockets and timers have their turn too.
		await nextTurnOfEvents();
		for (let next = this.#choose(); next !== undefined; next = this.#choose()) {
			await next();
			await nextTurnOfEvents();
		}
		this.#working = undefined;
		this.#setTimer();
	}

	#choose(): (() => Promise<void>) | undefined {
		if (this.#end !== undefined) return undefined;
		const encoding = this.#encodings.first;
		const decoder = this.#decoder;
		const encode = encoding && ((): Promise<void> => this.#encodeNext());
		if (decoder === undefined || decoder.isIdle) return encode;
		if (this.#holdBackMs(decoder) > 0) return encode;
		const isFirst = encoding !== undefined && this.#isFirst(encoding.deadlineMs, decoder);
		return isFirst ? encode : () => decoder.turn();
	}

	/** How much longer decoding is to be held back. */
	#holdBackMs(decoder: BatchDecoder): number {
		const {minBatchSize, batchTimeoutMs} = this.#settings;
		const isAlone = this.#expected.size + this.#encodings.size === 0;
		if (isAlone || decoder.isRunning || decoder.rowCount >= minBatchSize) return 0;
		return decoder.waitingSinceMs + batchTimeoutMs - this.#clock.nowMs();
	}

	/** Whether something is encoded before the next step, although somebody could make one. */
	#isFirst(deadlineMs: number, decoder: BatchDecoder): boolean {
		if (!decoder.isOpen || decoder.rowCount >= this.#settings.maxBatchSize) return false;
		if (decoder.rowCount + this.#encodings.size >= CROWD) return true;
		const {earliestDeadlineMs} = decoder;
		return earliestDeadlineMs === Infinity || deadlineMs < earliestDeadlineMs;
	}

	/** Where all work is held back and nothing can be encoded here meanwhile. */
	#setTimer(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
		if (this.#end !== undefined || this.#decoder === undefined || this.#decoder.isIdle) return;
		this.#cancelTimer = this.#clock.after(this.#holdBackMs(this.#decoder), () => this.#wake());
	}

	async #encodeNext(): Promise<void> {
		const {readyMs, ignoreSignal, onTurn, run} = this.#encodings.take()!;
		ignoreSignal();
		const waitMs = this.#clock.nowMs() - readyMs;
		this.#waitMs.add(waitMs);
		onTurn?.({waitMs});
		await run();
	}
}
