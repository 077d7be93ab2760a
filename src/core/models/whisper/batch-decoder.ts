import type {DecoderBatch, DecoderRow, StepResult} from './decoder-batch.js';
import type {PreparedAudio} from './prepared-audio.js';

/** What a row does next: it continues the sequence of the task's row `parent` with `token`. */
export interface NextToken {
	readonly parent: number;
	readonly token: number;
}

/** What the decoder says about one row. */
export interface RowOutput {
	/** Logits of the wanted positions; may be overwritten, valid during the call only. */
	readonly logits: readonly Float32Array[];
	/** Attention of each alignment head at the last new token, a copy over the real frames; if asked for. */
	readonly alignment: readonly Float32Array[] | undefined;
}

/** One sequence to decode, or several that compete. It is told what the decoder says and decides how to go on. */
export interface DecodeTask {
	readonly audio: PreparedAudio;
	readonly prompt: readonly number[];
	/** Positions in the prompt whose logits `begin` gets, in order. */
	readonly wanted: readonly number[];
	/** The most rows it will ever ask for. */
	readonly maxRows: number;
	readonly withAlignment: boolean;
	/** The batch has its own copy of the audio now. */
	admitted(): void;
	/** After the prompt. No rows: finished. */
	begin(output: RowOutput): readonly NextToken[];
	/** After each step, with one output a row. No rows: finished. */
	advance(outputs: readonly RowOutput[]): readonly NextToken[];
}

interface Waiting {
	readonly task: DecodeTask;
	readonly signal: AbortSignal | undefined;
	readonly resolve: () => void;
	readonly reject: (reason: unknown) => void;
}

interface Running extends Waiting {
	readonly rows: DecoderRow[];
	tokens: readonly number[];
}

/**
 * Decodes tasks together: each joins when there is room and leaves when it is finished, between two steps
 * of all the others ("continuous batching", Yu et al., Orca, OSDI 2022).
 */
export class BatchDecoder {
	readonly #batch: DecoderBatch;
	readonly #maxRows: number;
	readonly #waiting: Waiting[] = [];
	#running: Running[] = [];
	#isRunning = false;

	constructor(batch: DecoderBatch, maxRows: number) {
		this.#batch = batch;
		this.#maxRows = maxRows;
	}

	/**
	 * Runs a task to its end.
	 *
	 * @throws `signal.reason` if the signal fires; whatever the runtime or the task throws.
	 */
	async decode(task: DecodeTask, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		await new Promise<void>((resolve, reject) => {
			this.#waiting.push({task, signal, resolve, reject});
			if (!this.#isRunning) void this.#run();
		});
	}

	/** Settles all tasks and never rejects: a fault of the runtime is given to every task it hit. */
	async #run(): Promise<void> {
		this.#isRunning = true;
		while (this.#waiting.length + this.#running.length > 0) {
			this.#dropAborted();
			try {
				while (this.#hasRoom()) await this.#admit();
				if (this.#running.length > 0) await this.#step();
			} catch (error) {
				for (const running of this.#running) this.#finish(running, () => running.reject(error));
			}
			this.#running = this.#running.filter(running => running.rows.length > 0);
		}
		this.#isRunning = false;
	}

	#hasRoom(): boolean {
		const next = this.#waiting[0];
		if (next === undefined) return false;
		const taken = this.#running.reduce((sum, {task}) => sum + task.maxRows, 0);
		// A task wider than the batch runs alone.
		return taken === 0 || taken + next.task.maxRows <= this.#maxRows;
	}

	/** Takes in the next task, and those behind it whose prompts can be read in the same call. */
	async #admit(): Promise<void> {
		const first = this.#waiting[0]!.task;
		const fits = ({task}: Waiting): boolean =>
			task.prompt.length === first.prompt.length && String(task.wanted) === String(first.wanted);
		const joining: Running[] = [];
		while (this.#hasRoom() && fits(this.#waiting[0]!)) {
			const waiting = this.#waiting.shift()!;
			const running = {...waiting, rows: [this.#batch.add(waiting.task.audio)], tokens: []};
			waiting.task.admitted();
			joining.push(running);
			this.#running.push(running);
		}
		const result = await this.#batch.step(
			joining[0]!.rows[0]!.index,
			joining.map(({task}) => task.prompt),
			first.wanted,
			joining.some(({task}) => task.withAlignment),
		);
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
		for (const row of running.rows.splice(0)) this.#batch.remove(row);
		settle();
	}

	#dropAborted(): void {
		for (const running of this.#running) {
			if (running.signal?.aborted === true)
				this.#finish(running, () => running.reject(running.signal?.reason));
		}
		this.#running = this.#running.filter(running => running.rows.length > 0);
		for (let index = this.#waiting.length - 1; index >= 0; index--) {
			const {signal, reject} = this.#waiting[index]!;
			if (signal?.aborted !== true) continue;
			this.#waiting.splice(index, 1);
			reject(signal.reason);
		}
	}
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
		alignment: task.withAlignment ? result.alignment(row, newTokens - 1, task.audio.frames) : undefined,
	};
}
