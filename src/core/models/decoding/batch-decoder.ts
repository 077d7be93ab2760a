import type {BatchSettings} from '../../engine/engine.js';
import type {Clock} from '../../util/clock.js';
import {DeadlineQueue} from '../../util/deadline-queue.js';
import {DistributionMeter} from '../../util/distribution-meter.js';
import type {BatchStatistics} from './batch-statistics.js';
import type {CallOptions} from './call-options.js';
import type {DecoderSource} from './decoder-source.js';
import type {DecoderRow, SequenceBatch, StepResult} from './sequence-batch.js';

/** What a row does next: it continues the sequence of the task's row `parent` with `token`. */
export interface NextToken {
	readonly parent: number;
	readonly token: number;
}

/** What the decoder says about one row. */
export interface RowOutput {
	/** Logits of the wanted positions; may be overwritten, valid during the call only. */
	readonly logits: readonly Float32Array[];
	/** Attention of each alignment head at the last new token, a copy over its source; if asked for. */
	readonly alignment: readonly Float32Array[] | undefined;
}

/** One sequence to decode, or several that compete. It is told what the decoder says and decides how to go on. */
export interface DecodeTask {
	/** Held for the task, and released as soon as the batch has its own copy or the task has come to nothing. */
	readonly source: DecoderSource;
	readonly prompt: readonly number[];
	/** Positions in the prompt whose logits `begin` gets, in order. */
	readonly wanted: readonly number[];
	/** The most rows it will ever ask for. */
	readonly maxRows: number;
	readonly withAlignment: boolean;
	/** After the prompt. No rows: finished. */
	begin(output: RowOutput): readonly NextToken[];
	/** After each step, with one output a row. No rows: finished. */
	advance(outputs: readonly RowOutput[]): readonly NextToken[];
}

interface Waiting {
	readonly task: DecodeTask;
	readonly signal: AbortSignal | undefined;
	readonly deadlineMs: number;
	readonly readyMs: number;
	readonly onTurn: CallOptions['onTurn'];
	/** Stops listening to the signal. */
	readonly ignoreSignal: () => void;
	readonly resolve: () => void;
	readonly reject: (reason: unknown) => void;
}

interface Running extends Waiting {
	readonly rows: DecoderRow[];
	readonly waitMs: number;
	readonly batch: number;
	/** The most sequences that made a step with it. */
	batchSize: number;
	tokens: readonly number[];
}

/**
 * Decodes tasks together: each joins when there is room, earliest deadline first, and leaves when it is finished,
 * between two steps of all the others ("continuous batching", Yu et al., Orca, OSDI 2022). Does nothing by itself:
 * a {@link WorkSchedule} says when it is its turn.
 */
export class BatchDecoder {
	readonly #batch: SequenceBatch;
	readonly #clock: Clock;
	readonly #waiting = new DeadlineQueue<Waiting>();
	readonly #batchSizes: Record<number, number> = {};
	readonly #waitMs = new DistributionMeter();
	readonly #beginMs = new DistributionMeter();
	readonly #stepMs = new DistributionMeter();
	#settings: BatchSettings;
	#running: Running[] = [];
	/** How often one began while none ran. */
	#batches = 0;
	/** Whether those that run have made a step since the first of them began. */
	#hasStepped = false;
	#end: Error | undefined;

	constructor(batch: SequenceBatch, settings: BatchSettings, clock: Clock) {
		this.#batch = batch;
		this.#settings = settings;
		this.#clock = clock;
	}

	/** Nothing runs, and nothing waits. */
	get isIdle(): boolean {
		return this.#waiting.size + this.#running.length === 0;
	}

	/** Some sequence has begun and has not ended. */
	get isRunning(): boolean {
		return this.#running.length > 0;
	}

	/** Whether a task that comes now would join those that run, if there is room. */
	get isOpen(): boolean {
		return this.#settings.dynamicBatching || !this.#hasStepped;
	}

	/** Of those that run and those that wait, at most. */
	get rowCount(): number {
		return sumRows(this.#running) + sumRows(this.#waiting.items);
	}

	/** Of those that run and those that wait; Infinity where none has one. */
	get earliestDeadlineMs(): number {
		const waiting = this.#waiting.first?.deadlineMs ?? Infinity;
		return Math.min(waiting, ...this.#running.map(({deadlineMs}) => deadlineMs));
	}

	/** When the one that has waited longest came; Infinity where none waits. */
	get waitingSinceMs(): number {
		return Math.min(...this.#waiting.items.map(({readyMs}) => readyMs));
	}

	get statistics(): BatchStatistics {
		return {
			batchSizes: {...this.#batchSizes},
			decodeWaitMs: this.#waitMs.summary(),
			decodeBeginMs: this.#beginMs.summary(),
			decodeStepMs: this.#stepMs.summary(),
		};
	}

	/** Takes effect at the next turn. */
	configure(settings: BatchSettings): void {
		this.#settings = settings;
	}

	/**
	 * Runs a task to its end, in turns to come.
	 *
	 * @throws `signal.reason` if the signal fires; whatever the runtime or the task throws; what `destroy` was given.
	 */
	async decode(task: DecodeTask, {signal, deadlineMs = Infinity, onTurn}: CallOptions = {}): Promise<void> {
		await new Promise<void>((resolve, reject) => {
			const end = signal?.aborted === true ? (signal.reason as Error) : this.#end;
			if (end !== undefined) {
				task.source.release();
				reject(end);
				return;
			}
			const giveUp = (): void => {
				if (this.#waiting.remove(entry)) this.#abandon(waiting, signal!.reason);
			};
			signal?.addEventListener('abort', giveUp);
			const waiting: Waiting = {
				task,
				signal,
				deadlineMs,
				readyMs: this.#clock.nowMs(),
				onTurn,
				ignoreSignal: () => signal?.removeEventListener('abort', giveUp),
				resolve,
				reject,
			};
			const entry = this.#waiting.add(waiting, deadlineMs);
		});
	}

	/** Begins those that may join, or else makes a step. Never rejects: a fault is given to every task it hit. */
	async turn(): Promise<void> {
		this.#dropAborted();
		try {
			if (this.#mayJoin()) await this.#admit();
			else if (this.#running.length > 0) await this.#step();
		} catch (error) {
			for (const running of this.#running) this.#finish(running, () => running.reject(error));
		}
		this.#running = this.#running.filter(running => running.rows.length > 0);
		if (this.#running.length === 0) this.#hasStepped = false;
	}

	/** Rejects all tasks and those to come. Not while it is its turn. */
	destroy(reason: Error): void {
		this.#end ??= reason;
		for (const running of this.#running.splice(0)) this.#finish(running, () => running.reject(reason));
		for (let waiting = this.#waiting.take(); waiting !== undefined; waiting = this.#waiting.take())
			this.#abandon(waiting, reason);
	}

	#mayJoin(): boolean {
		return this.isOpen && this.#hasRoom();
	}

	#hasRoom(): boolean {
		const next = this.#waiting.first?.item;
		if (next === undefined) return false;
		const taken = sumRows(this.#running);
		// A task wider than the batch runs alone.
		return taken === 0 || taken + next.task.maxRows <= this.#settings.maxBatchSize;
	}

	#abandon({task, ignoreSignal, reject}: Waiting, reason: unknown): void {
		ignoreSignal();
		task.source.release();
		reject(reason);
	}

	/** Takes in the next task, and those behind it whose prompts can be read in the same call. */
	async #admit(): Promise<void> {
		const first = this.#waiting.first!.item.task;
		const fits = ({task}: Waiting): boolean =>
			task.prompt.length === first.prompt.length && String(task.wanted) === String(first.wanted);
		const joining: Running[] = [];
		const startMs = this.#clock.nowMs();
		while (this.#hasRoom() && fits(this.#waiting.first!.item)) {
			const waiting = this.#waiting.take()!;
			waiting.ignoreSignal();
			const waitMs = startMs - waiting.readyMs;
			this.#waitMs.add(waitMs);
			if (this.#running.length === 0) this.#batches++;
			const running: Running = {...waiting, waitMs, batch: this.#batches, batchSize: 1, rows: [], tokens: []};
			joining.push(running);
			this.#running.push(running);
			try {
				running.rows.push(this.#batch.add(waiting.task.source));
			} finally {
				waiting.task.source.release();
			}
		}
		const result = await this.#batch.step(
			joining[0]!.rows[0]!.index,
			joining.map(({task}) => task.prompt),
			first.wanted,
			joining.some(({task}) => task.withAlignment),
		);
		this.#beginMs.add(this.#clock.nowMs() - startMs);
		this.#decide(
			joining.map((running, order) => [
				running,
				() =>
					running.task.begin(
						rowOutput(result, running.task, order, first.wanted.length, first.prompt.length),
					),
			]),
		);
	}

	async #step(): Promise<void> {
		this.#hasStepped = true;
		const startMs = this.#clock.nowMs();
		const tokens: number[][] = [];
		for (const running of this.#running) {
			for (const [order, row] of running.rows.entries()) tokens[row.index] = [running.tokens[order]!];
		}
		const result = await this.#batch.step(
			0,
			tokens,
			[0],
			this.#running.some(({task}) => task.withAlignment),
		);
		this.#batchSizes[tokens.length] = (this.#batchSizes[tokens.length] ?? 0) + 1;
		for (const running of this.#running) running.batchSize = Math.max(running.batchSize, tokens.length);
		this.#stepMs.add(this.#clock.nowMs() - startMs);
		this.#decide(
			this.#running.map(running => [
				running,
				() => running.task.advance(running.rows.map(row => rowOutput(result, running.task, row.index, 1, 1))),
			]),
		);
	}

	/** Asks all tasks before any row is moved, because the step's results lie in the order of the rows. */
	#decide(questions: readonly (readonly [Running, () => readonly NextToken[]])[]): void {
		const answers = questions.map(([running, ask]) => {
			try {
				return {running, next: ask()};
			} catch (error) {
				return {running, error};
			}
		});
		for (const answer of answers) {
			if ('error' in answer) this.#finish(answer.running, () => answer.running.reject(answer.error));
			else if (answer.next.length === 0) this.#finish(answer.running, answer.running.resolve);
			else this.#continue(answer.running, answer.next);
		}
	}

	#continue(running: Running, next: readonly NextToken[]): void {
		const parents = next.map(({parent}) => running.rows[parent]!);
		while (running.rows.length < next.length)
			running.rows.push(this.#batch.fork(parents[running.rows.length]!));
		this.#batch.reorder(running.rows.slice(0, next.length), parents);
		for (const row of running.rows.splice(next.length)) this.#batch.remove(row);
		running.tokens = next.map(({token}) => token);
	}

	#finish(running: Running, settle: () => void): void {
		const {onTurn, waitMs, batch, batchSize} = running;
		for (const row of running.rows.splice(0)) this.#batch.remove(row);
		onTurn?.({waitMs, batch, batchSize});
		settle();
	}

	#dropAborted(): void {
		for (const running of this.#running) {
			if (running.signal?.aborted === true)
				this.#finish(running, () => running.reject(running.signal?.reason));
		}
		this.#running = this.#running.filter(running => running.rows.length > 0);
	}
}

function sumRows(tasks: readonly Waiting[]): number {
	return tasks.reduce((sum, {task}) => sum + task.maxRows, 0);
}

function rowOutput(
	result: StepResult,
	task: DecodeTask,
	row: number,
	wanted: number,
	newTokens: number,
): RowOutput {
	return {
		logits: Array.from({length: wanted}, (_, position) => result.logits(row, position)),
		alignment: task.withAlignment ? result.alignment(row, newTokens - 1, task.source.length) : undefined,
	};
}
