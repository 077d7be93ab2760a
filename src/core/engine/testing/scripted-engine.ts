import limitConcurrency from 'p-limit';
import {InfinisstError, type ErrorCode} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {createDeferred} from '../../util/deferred.js';
import {assertSessionOptions} from '../assert-session-options.js';
import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from '../batch-settings.js';
import {
	POLICY_NAMES,
	type BatchSettings,
	type Distribution,
	type Engine,
	type EngineCapabilities,
	type EngineSession,
	type OpenSessionOptions,
	type ReplicaStatistics,
	type SessionOptions,
} from '../engine.js';
import {ScriptedSession} from './scripted-session.js';

/** Plain data but for the clock, so that it can be sent to where the engine shall run. */
export interface ScriptedEngineOptions {
	/** @default 'scripted' */
	readonly id?: string;
	/** Time that each look at the audio takes; the looks of all sessions come one after another. @default 0 */
	readonly stepCostMs?: number;
	/** Time until a session is open, or until the engine is. @default 0 */
	readonly openCostMs?: number;
	/** Another is refused with `ENGINE_BUSY`. @default no limit */
	readonly maxSessions?: number;
	readonly faults?: readonly ScriptedFault[];
	/** What `statistics()` says. @default 0 */
	readonly freeDeviceBytes?: number;
	readonly settings?: Partial<BatchSettings>;
	/** @default the system's */
	readonly clock?: Clock;
}

/** Ends a session when so much audio has been heard. */
export interface ScriptedFault {
	/** Which session, counted from 0 in the order of their opening. @default each */
	readonly session?: number;
	/** From the session's first sample. */
	readonly atMs: number;
	readonly code: ErrorCode;
	readonly hint?: string;
}

const CAPABILITIES: EngineCapabilities = {
	model: 'scripted',
	sourceLanguages: ['en', 'de'],
	targets: ['same', 'en', 'de'],
	policies: POLICY_NAMES,
};

/**
 * An engine without a model, for tests of whatever uses or carries engines. It looks at the audio every
 * `latencyMultiplier` seconds. Each 500 ms are a word that depends on every sample in it (see `hearScriptedWord`);
 * 500 ms of silence are a pause, which ends a segment, as eight words do.
 */
export function createScriptedEngine(options: ScriptedEngineOptions = {}): Engine {
	return new ScriptedEngine(options);
}

class ScriptedEngine implements Engine {
	readonly contractVersion = 1;
	readonly id: string;
	readonly capabilities = CAPABILITIES;
	readonly #options: ScriptedEngineOptions;
	readonly #clock: Clock;
	readonly #startedMs: number;
	readonly #sessions = new Set<ScriptedSession>();
	readonly #oneByOne = limitConcurrency(1);
	readonly #destroyed = new AbortController();
	#sessionCount = 0;
	#steps = 0;
	/** Sessions that are open or being opened. */
	#running = 0;
	#idle = createDeferred();
	#settings: BatchSettings;
	#closing: Promise<void> | undefined;
	#isClosed = false;

	constructor(options: ScriptedEngineOptions) {
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#startedMs = this.#clock.nowMs();
		this.#settings = changeBatchSettings(DEFAULT_BATCH_SETTINGS, options.settings ?? {});
		this.id = options.id ?? 'scripted';
		this.#idle.resolve();
	}

	async openSession(
		options: SessionOptions,
		{id, checkpoint, signal}: OpenSessionOptions = {},
	): Promise<EngineSession> {
		signal?.throwIfAborted();
		if (this.#closing !== undefined) throw this.#closedError();
		assertSessionOptions(options, this.capabilities);
		if (this.#running >= (this.#options.maxSessions ?? Infinity)) {
			throw new InfinisstError('ENGINE_BUSY', `${this.id} has no room for another session`, {
				hint: 'Try again when another session has ended.',
			});
		}

		if (this.#running++ === 0) this.#idle = createDeferred();
		const ordinal = this.#sessionCount++;
		try {
			await this.#wait(this.#options.openCostMs ?? 0, signal);
			this.#destroyed.signal.throwIfAborted();
			const session: ScriptedSession = new ScriptedSession({
				id: id ?? `${this.id}-${ordinal}`,
				options,
				checkpoint,
				clock: this.#clock,
				stepCostMs: this.#options.stepCostMs ?? 0,
				fault: this.#options.faults?.find(fault => (fault.session ?? ordinal) === ordinal),
				takeStep: () => this.#takeStep(),
				onOver: () => {
					this.#sessions.delete(session);
					this.#leave();
				},
			});
			this.#sessions.add(session);
			return session;
		} catch (error) {
			this.#leave();
			throw error;
		}
	}

	// eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
	async statistics(): Promise<readonly ReplicaStatistics[]> {
		this.#assertNotClosed();
		const stepMs = this.#options.stepCostMs ?? 0;
		const nothing: Distribution = {count: 0, mean: 0, p50: 0, p95: 0, max: 0};
		const steps: Distribution = {count: this.#steps, mean: stepMs, p50: stepMs, p95: stepMs, max: stepMs};
		return [
			{
				id: this.id,
				model: this.capabilities.model,
				upMs: this.#clock.nowMs() - this.#startedMs,
				sessions: [...this.#sessions].map(session => session.statistics),
				batchSizes: this.#steps === 0 ? {} : {1: this.#steps},
				queueWaitMs: nothing,
				encodeMs: nothing,
				decodeStepMs: steps,
				guards: {},
				residentBytes: process.memoryUsage.rss(),
				freeDeviceBytes: this.#options.freeDeviceBytes ?? 0,
				settings: this.#settings,
			},
		];
	}

	// eslint-disable-next-line @typescript-eslint/require-await -- what it throws must be a rejection
	async configure(settings: Partial<BatchSettings>): Promise<BatchSettings> {
		this.#assertNotClosed();
		this.#settings = changeBatchSettings(this.#settings, settings);
		return this.#settings;
	}

	close(): Promise<void> {
		return (this.#closing ??= this.#idle.promise.then(() => {
			this.#isClosed = true;
		}));
	}

	async destroy(reason: unknown = this.#closedError()): Promise<void> {
		const closing = this.close();
		this.#destroyed.abort(reason);
		for (const session of this.#sessions) session.destroy(reason);
		await closing;
	}

	#leave(): void {
		if (--this.#running === 0) this.#idle.resolve();
	}

	#assertNotClosed(): void {
		if (this.#isClosed) throw this.#closedError();
	}

	#closedError(): InfinisstError {
		return new InfinisstError('RESOURCE_CLOSED', `The engine ${this.id} was closed`);
	}

	async #takeStep(): Promise<void> {
		await this.#oneByOne(async () => {
			this.#steps++;
			await this.#wait(this.#options.stepCostMs ?? 0).catch(() => undefined);
		});
	}

	/** @throws `signal.reason`, or the reason of the destruction. */
	async #wait(delayMs: number, signal?: AbortSignal): Promise<void> {
		if (delayMs === 0) return;
		const over = createDeferred();
		const cancel = this.#clock.after(delayMs, over.resolve);
		const signals = [this.#destroyed.signal, ...(signal === undefined ? [] : [signal])];
		const abort = (): void => {
			over.reject(signals.find(({aborted}) => aborted)?.reason);
		};
		for (const each of signals) each.addEventListener('abort', abort, {once: true});
		try {
			this.#destroyed.signal.throwIfAborted();
			await over.promise;
		} finally {
			cancel();
			for (const each of signals) each.removeEventListener('abort', abort);
		}
	}
}
