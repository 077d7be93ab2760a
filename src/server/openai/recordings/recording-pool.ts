import {InfinisstError} from '../../../core/errors.js';
import type {
	RecordingRequest,
	RecordingTranslator,
} from '../../../core/translation/process/recording-translator.js';
import type {TranslationEvent} from '../../../core/translation/translation-event.js';
import type {Clock} from '../../../core/util/clock.js';
import {shuttingDownError} from '../../errors/shutting-down-error.js';
import type {ModelHost} from '../../models/model-host.js';
import type {ServerLimits} from '../../server-settings.js';
import {FairLine} from './fair-line.js';

/** A translator that nobody used for so long is closed: it keeps a few hundred megabytes. */
const IDLE_MS = 60_000;

/** A recording that ends two processes is not tried a third time: it may be what ends them. */
const MAX_ATTEMPTS = 2;

export interface RecordingPoolOptions {
	readonly models: Pick<ModelHost, 'graphs'>;
	readonly limits: () => Pick<ServerLimits, 'maxQueued' | 'parallelRecordings' | 'sessionsPerKey'>;
	readonly clock: Clock;
	readonly openTranslator: (graphsDirectory: string, signal: AbortSignal) => Promise<RecordingTranslator>;
}

export interface RecordingJob {
	readonly model: string;
	readonly recording: RecordingRequest;
	/** Called once, when it need not wait any more. */
	readonly onTurn?: () => void;
}

/** A place for one upload and its translation. */
export interface RecordingPlace {
	/**
	 * Waits for its turn, then translates. To be called once.
	 *
	 * @throws {InfinisstError} what `ModelHost.graphs()` and `RecordingTranslator.translate()` throw; `signal.reason`.
	 */
	translate(job: RecordingJob, signal: AbortSignal): AsyncIterable<TranslationEvent>;
	/** Gives the place up. Idempotent. */
	leave(): void;
}

interface OpenTranslator {
	readonly opening: Promise<RecordingTranslator>;
	users: number;
	cancelIdle: () => void;
}

/**
 * The recordings of a server: few are translated at a time, the others wait, and of those no more than the server's line
 * is long. Each model has a process of its own, started when it is first needed.
 */
export class RecordingPool {
	readonly #options: RecordingPoolOptions;
	readonly #line: FairLine;
	readonly #translators = new Map<string, OpenTranslator>();
	readonly #ended = new AbortController();
	/** Places by owner. */
	readonly #places = new Map<string, number>();
	#count = 0;

	constructor(options: RecordingPoolOptions) {
		this.#options = options;
		this.#line = new FairLine(() => options.limits().parallelRecordings);
	}

	/** Being received, waiting or being translated. */
	get places(): number {
		return this.#count;
	}

	/** Being translated. */
	get running(): number {
		return this.#line.running;
	}

	/**
	 * Taken before an upload is received, so that what lies on the disk is bounded, too.
	 *
	 * @param owner - who takes turns with the others.
	 * @param isKey - whether the owner is a key, which may not take more than its share.
	 * @throws {InfinisstError} `ENGINE_BUSY` (retryable) when the line is full; `LIMIT_EXCEEDED` when the key has too
	 * many; `RESOURCE_CLOSED`.
	 */
	take(owner: string, isKey: boolean): RecordingPlace {
		const {maxQueued, parallelRecordings, sessionsPerKey} = this.#options.limits();
		if (this.#ended.signal.aborted) throw shuttingDownError();
		if (this.#count >= parallelRecordings + maxQueued) {
			throw new InfinisstError(
				'ENGINE_BUSY',
				`${this.#count} recordings are waiting, which is all there is room for`,
				{
					hint: 'Try again later.',
				},
			);
		}

		const own = this.#places.get(owner) ?? 0;
		if (isKey && own >= sessionsPerKey) {
			throw new InfinisstError(
				'LIMIT_EXCEEDED',
				`This key has ${own} recordings here, which is all it may have`,
				{
					hint: 'Send the next when one of them is done.',
				},
			);
		}

		this.#count++;
		this.#places.set(owner, own + 1);
		let hasLeft = false;
		return {
			translate: (job, signal) => this.#translate(owner, job, AbortSignal.any([signal, this.#ended.signal])),
			leave: () => {
				if (hasLeft) return;
				hasLeft = true;
				this.#count--;
				const left = (this.#places.get(owner) ?? 1) - 1;
				if (left > 0) this.#places.set(owner, left);
				else this.#places.delete(owner);
			},
		};
	}

	/** Ends now what runs and waits. Idempotent. */
	async destroy(reason: unknown = shuttingDownError()): Promise<void> {
		this.#ended.abort(reason);
		await Promise.all(
			[...this.#translators.values()].map(async ({opening, cancelIdle}) => {
				cancelIdle();
				const translator = await opening.catch(() => undefined);
				await translator?.destroy(reason);
			}),
		);
	}

	async *#translate(
		owner: string,
		{model, recording, onTurn}: RecordingJob,
		signal: AbortSignal,
	): AsyncGenerator<TranslationEvent, void> {
		// Before its turn: a model that is still being fetched keeps nobody from the others.
		const graphsDirectory = await this.#options.models.graphs(model, signal);
		const release = await this.#line.enter(owner, signal);
		try {
			onTurn?.();
			let told = 0;
			for (let attempt = 1; ; attempt++) {
				// The same recording gives the same events every time: those that were told already are passed over.
				let passed = 0;
				try {
					for await (const event of this.#run(graphsDirectory, recording, signal)) {
						if (passed++ < told) continue;
						told++;
						yield event;
					}
					return;
				} catch (error) {
					if (!InfinisstError.is(error, 'REPLICA_LOST') || attempt === MAX_ATTEMPTS) throw error;
				}
			}
		} finally {
			release();
		}
	}

	async *#run(
		graphsDirectory: string,
		recording: RecordingRequest,
		signal: AbortSignal,
	): AsyncGenerator<TranslationEvent, void> {
		const open = this.#open(graphsDirectory);
		open.users++;
		open.cancelIdle();
		try {
			yield* (await open.opening).translate(recording, signal);
		} catch (error) {
			if (InfinisstError.is(error, 'REPLICA_LOST')) this.#forget(graphsDirectory, open);
			throw error;
		} finally {
			if (--open.users === 0) {
				open.cancelIdle = this.#options.clock.after(IDLE_MS, () => {
					this.#forget(graphsDirectory, open);
					void open.opening.then(
						translator => translator.close(),
						() => undefined,
					);
				});
			}
		}
	}

	#open(graphsDirectory: string): OpenTranslator {
		const known = this.#translators.get(graphsDirectory);
		if (known !== undefined) return known;
		const opening = this.#options.openTranslator(graphsDirectory, this.#ended.signal);
		const open: OpenTranslator = {opening, users: 0, cancelIdle: () => undefined};
		const forget = (): void => this.#forget(graphsDirectory, open);
		opening.then(({gone}) => gone.then(forget), forget);
		this.#translators.set(graphsDirectory, open);
		return open;
	}

	/** The next recording gets another. */
	#forget(graphsDirectory: string, open: OpenTranslator): void {
		if (this.#translators.get(graphsDirectory) === open) this.#translators.delete(graphsDirectory);
	}
}
