import {freemem} from 'node:os';
import {openVoiceActivityDetector, type VoiceActivityDetector} from '../audio/voice-activity.js';
import {InfinisstError} from '../errors.js';
import type {Device} from '../models/onnx-session.js';
import {openInlineWhisperModel} from '../models/whisper/open-inline-whisper-model.js';
import type {WhisperModel} from '../models/whisper/whisper-model.js';
import type {WhisperStatistics} from '../models/whisper/whisper-statistics.js';
import {
	LiveTranslation,
	type LiveTranslationOptions,
	type LiveTranslationState,
} from '../translation/live/live-translation.js';
import type {LookCost} from '../translation/live/shared-hearing.js';
import {systemClock, type Clock} from '../util/clock.js';
import {assertSessionOptions} from './assert-session-options.js';
import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from './batch-settings.js';
import {
	POLICY_NAMES,
	type BatchSettings,
	type Engine,
	type EngineCapabilities,
	type EngineSession,
	type OpenSessionOptions,
	type ReplicaStatistics,
	type SessionOptions,
} from './engine.js';
import {Crowd, type ReadActivity} from './crowd.js';
import {LiveSession} from './live-session.js';

export interface WhisperReplicaOptions {
	/** As `buildWhisperGraphs` made it. */
	readonly graphsDirectory: string;
	readonly id: string;
	/** As people name it. @default 'whisper' */
	readonly model?: string;
	/** @default 1: as many replicas as cores do more than one replica with as many threads */
	readonly threads?: number;
	/** @default 'auto' */
	readonly device?: Device;
	readonly settings?: Partial<BatchSettings>;
	readonly clock?: Clock;
	/** What the calling thread did so far. @default the runtime's count */
	readonly readActivity?: ReadActivity;
}

/**
 * Loads a Whisper model into the calling thread and translates speakers with it. The thread is blocked while the model
 * works: for threads and processes that do nothing else.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT`, `DEVICE_UNAVAILABLE`, `OPTION_INVALID`.
 */
export async function openWhisperReplica(options: WhisperReplicaOptions): Promise<Engine> {
	const {graphsDirectory, threads, device, clock = systemClock, readActivity = readThreadActivity} = options;
	const settings = changeBatchSettings(DEFAULT_BATCH_SETTINGS, options.settings ?? {});
	const opening = [
		openInlineWhisperModel({
			graphsDirectory,
			settings,
			clock,
			...(threads !== undefined && {threads}),
			...(device !== undefined && {device}),
		}),
		openVoiceActivityDetector(),
	] as const;
	const [model, detector] = await Promise.all(opening).catch(async (error: unknown) => {
		for (const opened of await Promise.allSettled(opening)) {
			if (opened.status === 'fulfilled') await opened.value.close();
		}
		throw error;
	});
	return new WhisperReplica({
		id: options.id,
		name: options.model ?? 'whisper',
		model,
		detector,
		clock,
		crowd: new Crowd(clock, readActivity),
		settings,
	});
}

function readThreadActivity(): ReturnType<ReadActivity> {
	const {active, idle} = performance.eventLoopUtilization();
	return {activeMs: active, idleMs: idle};
}

interface WhisperReplicaParts {
	readonly id: string;
	readonly name: string;
	readonly model: WhisperModel;
	readonly detector: VoiceActivityDetector;
	readonly clock: Clock;
	readonly crowd: Crowd;
	readonly settings: BatchSettings;
}

interface OpenSession {
	readonly id: string;
	readonly session: LiveSession;
	readonly over: Promise<void>;
}

class WhisperReplica implements Engine {
	readonly contractVersion = 1;
	readonly id: string;
	readonly capabilities: EngineCapabilities;
	readonly #parts: WhisperReplicaParts;
	readonly #startedMs: number;
	readonly #sessions = new Set<OpenSession>();
	readonly #opening = new Set<Promise<unknown>>();
	readonly #guards: Record<string, number> = {};
	#settings: BatchSettings;
	#count = 0;
	#isClosed = false;
	#destroyed: {readonly reason: unknown} | undefined;
	#closing: Promise<void> | undefined;
	#freeing: Promise<void> | undefined;

	constructor(parts: WhisperReplicaParts) {
		this.#parts = parts;
		this.id = parts.id;
		this.#settings = parts.settings;
		this.#startedMs = parts.clock.nowMs();
		const languages = Object.keys(parts.model.description.languageTokens);
		const isMultilingual = languages.length > 0;
		this.capabilities = {
			model: parts.name,
			sourceLanguages: isMultilingual ? languages : ['en'],
			targets: isMultilingual ? ['same', 'en'] : ['same'],
			policies: POLICY_NAMES,
		};
	}

	async openSession(
		options: SessionOptions,
		{id, checkpoint, signal}: OpenSessionOptions = {},
	): Promise<EngineSession> {
		signal?.throwIfAborted();
		this.#assertOpen();
		assertSessionOptions(options, this.capabilities);
		const opening = this.#open(options, id ?? `${this.id}-${this.#count++}`, checkpoint);
		this.#opening.add(opening);
		try {
			const session = await opening;
			if (signal?.aborted === true) session.destroy(signal.reason);
			signal?.throwIfAborted();
			return session;
		} finally {
			this.#opening.delete(opening);
		}
	}

	async statistics(): Promise<readonly ReplicaStatistics[]> {
		this.#assertOpen();
		const {model, clock, name} = this.#parts;
		const figures = await model.statistics();
		return [
			{
				id: this.id,
				model: name,
				upMs: clock.nowMs() - this.#startedMs,
				sessions: [...this.#sessions].map(({id, session}) => ({
					id,
					waitingMs: session.waitingMs,
					lagMs: session.lagMs,
					workPerSecondMs: predictWork(session.costPerSecond, figures),
				})),
				batchSizes: figures.batchSizes,
				queueWaitMs: figures.decodeWaitMs,
				encodeMs: figures.encodeMs,
				decodeStepMs: figures.decodeStepMs,
				guards: {...this.#guards},
				residentBytes: process.memoryUsage.rss(),
				freeDeviceBytes: freemem(),
				settings: this.#settings,
			},
		];
	}

	async configure(change: Partial<BatchSettings>): Promise<BatchSettings> {
		this.#assertOpen();
		this.#settings = changeBatchSettings(this.#settings, change);
		await this.#parts.model.configure(this.#settings);
		return this.#settings;
	}

	close(): Promise<void> {
		this.#isClosed = true;
		this.#closing ??= (async () => {
			await Promise.allSettled(this.#opening);
			await Promise.all([...this.#sessions].map(({over}) => over));
			await this.#free();
		})();
		return this.#closing;
	}

	async destroy(reason: unknown = closedError(this.id)): Promise<void> {
		this.#isClosed = true;
		this.#destroyed ??= {reason};
		for (const {session} of this.#sessions) session.destroy(this.#destroyed.reason);
		await Promise.allSettled(this.#opening);
		await Promise.all([...this.#sessions].map(({over}) => over));
		await this.#free();
	}

	#free(): Promise<void> {
		this.#freeing ??= (async () => {
			await Promise.all([this.#parts.model.close(), this.#parts.detector.close()]);
		})();
		return this.#freeing;
	}

	async #open(
		options: SessionOptions,
		id: string,
		checkpoint: OpenSessionOptions['checkpoint'],
	): Promise<EngineSession> {
		const {model, detector, clock} = this.#parts;
		const controller = new AbortController();
		const translation = await LiveTranslation.open(
			toLiveOptions(options, this.capabilities),
			{model, detector, guard: name => this.#countGuard(name), signal: controller.signal},
			checkpoint?.state as LiveTranslationState | undefined,
		);
		if (this.#destroyed !== undefined) throw this.#destroyed.reason;
		let onOver!: () => void;
		const over = new Promise<void>(resolve => (onOver = resolve));
		const open: OpenSession = {
			id,
			over,
			session: new LiveSession({
				replica: this.id,
				options,
				translation,
				commands: checkpoint?.commands ?? 0,
				clock,
				isCrowded: () => this.#sessions.size > 1 && this.#parts.crowd.isCrowded,
				abort: reason => controller.abort(reason),
				onOver: () => {
					this.#sessions.delete(open);
					onOver();
				},
			}),
		};
		this.#sessions.add(open);
		return open.session;
	}

	#countGuard(name: string): void {
		this.#guards[name] = (this.#guards[name] ?? 0) + 1;
	}

	#assertOpen(): void {
		if (this.#isClosed) throw closedError(this.id);
	}
}

function closedError(id: string): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', `${id} was closed`);
}

function toLiveOptions(options: SessionOptions, {policies}: EngineCapabilities): LiveTranslationOptions {
	return {
		sourceLanguage: options.sourceLanguage,
		targets: options.targets,
		latencyMultiplier: options.latencyMultiplier ?? 2,
		policy: options.policy ?? policies[0]!,
		partials: options.partials ?? true,
		words: options.words ?? false,
		prompt: options.prompt,
	};
}

/** A second of silence behind the audio is encoded with it, so a mean call has about so many frames and tokens. */
const FRAMES_PER_CALL = 350;
const TOKENS_PER_CALL = 8;

/** Processor time for a second of audio, from what it costs the model and what the model says that takes. */
function predictWork({frames, tokens}: LookCost, {encodeMs, decodeStepMs}: WhisperStatistics): number {
	return (frames / FRAMES_PER_CALL) * encodeMs.mean + (tokens / TOKENS_PER_CALL) * decodeStepMs.mean;
}
