import type {Engine, SessionOptions} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {createDeferred} from '../../core/util/deferred.js';
import {shuttingDownError} from '../errors/shutting-down-error.js';
import type {HostedModel, ModelHost} from '../models/model-host.js';
import type {ServerSettings} from '../server-settings.js';
import {AdmissionLine} from './admission-line.js';
import {ServerSession} from './server-session.js';
import type {HostedSession, OpenHostedSession, SessionHost} from './session-host.js';
import {guardRecorder, NO_RECORDER, type SessionRecorder} from './session-recorder.js';

export interface SessionHostParts {
	readonly models: ModelHost;
	/** As they are now; see `SessionHost.settingsChanged()`. */
	readonly settings: () => ServerSettings;
	readonly clock: Clock;
	/** Wall clock, ms since 1970. @default the system's */
	readonly nowMs?: () => number;
	/** @default none */
	readonly recorder?: SessionRecorder;
	/** What a listener or the recorder threw, for logs: a defect. */
	readonly onFault?: (error: unknown) => void;
}

/** The models are closed with the host. */
export function createSessionHost(parts: SessionHostParts): SessionHost {
	return new ServerSessions(parts);
}

class ServerSessions implements SessionHost {
	readonly #models: ModelHost;
	readonly #settings: () => ServerSettings;
	readonly #clock: Clock;
	readonly #nowMs: () => number;
	readonly #recorder: SessionRecorder;
	readonly #onFault: (error: unknown) => void;
	/** In the order of their opening. */
	readonly #sessions = new Map<string, ServerSession>();
	readonly #line: AdmissionLine<ServerSession>;
	readonly #watchers = new Set<(session: HostedSession) => void>();
	readonly #stopWatchingModels: () => void;
	#empty = createDeferred();
	#isClosed = false;
	#closing: Promise<void> | undefined;
	#destroying: Promise<void> | undefined;

	constructor({models, settings, clock, nowMs, recorder, onFault}: SessionHostParts) {
		this.#models = models;
		this.#settings = settings;
		this.#clock = clock;
		this.#nowMs = nowMs ?? Date.now;
		this.#onFault = onFault ?? (() => undefined);
		this.#recorder = guardRecorder(recorder ?? NO_RECORDER, this.#onFault);
		this.#line = new AdmissionLine(() => this.#settings().limits.maxSessions, clock);
		this.#stopWatchingModels = models.watch(model => this.#showActivity(model));
	}

	open(request: OpenHostedSession): HostedSession {
		this.#assertRoom(request);
		const options = this.#resolveOptions(request.options);
		const model = this.#models.choose({
			...options,
			...(request.model !== undefined && {model: request.model}),
		});
		const createdAtMs = this.#nowMs();
		const {checkpoint, ...facts} = request;
		const session: ServerSession = new ServerSession({
			request: facts,
			checkpoint,
			options,
			model: model.name,
			activity: model.activity,
			createdAtMs,
			nowMs: this.#nowMs,
			clock: this.#clock,
			limits: () => this.#settings().limits,
			keepsText: () => this.#settings().keepText,
			record: this.#recorder.open({
				...facts,
				options: this.#settings().keepText ? options : withoutText(options),
				model: model.name,
				createdAtMs,
			}),
			onFault: this.#onFault,
			onOver: () => this.#remove(session),
		});
		this.#sessions.set(session.id, session);
		for (const watcher of [...this.#watchers]) {
			try {
				watcher(session);
			} catch (error) {
				this.#onFault(error);
			}
		}
		const router = this.#models.routers().get(model.name);
		if (router === undefined) void this.#load(session);
		else this.#lineUp(session, router);
		return session;
	}

	find(id: string): HostedSession | undefined {
		return this.#sessions.get(id);
	}

	list(): readonly HostedSession[] {
		return [...this.#sessions.values()];
	}

	watch(listener: (session: HostedSession) => void): () => void {
		const own = (session: HostedSession): void => listener(session);
		this.#watchers.add(own);
		return () => void this.#watchers.delete(own);
	}

	settingsChanged(): void {
		this.#line.review();
		for (const session of [...this.#sessions.values()]) session.watchForOrphan();
	}

	close(signal: AbortSignal): Promise<void> {
		this.#isClosed = true;
		return (this.#closing ??= this.#drain(signal));
	}

	destroy(reason: unknown = shuttingDownError()): Promise<void> {
		this.#isClosed = true;
		return (this.#destroying ??= (async () => {
			for (const session of [...this.#sessions.values()]) session.destroy(reason);
			this.#stopWatchingModels();
			await this.#models.destroy(reason);
		})());
	}

	async #drain(signal: AbortSignal): Promise<void> {
		for (const session of [...this.#sessions.values()]) session.end();
		const aborted = createDeferred<never>();
		const abort = (): void => aborted.reject(signal.reason);
		signal.addEventListener('abort', abort, {once: true});
		try {
			signal.throwIfAborted();
			if (this.#sessions.size > 0) await Promise.race([this.#empty.promise, aborted.promise]);
			await Promise.race([this.#models.close(), aborted.promise]);
			this.#stopWatchingModels();
		} catch (error) {
			await this.destroy(error);
			throw error;
		} finally {
			signal.removeEventListener('abort', abort);
		}
	}

	#assertRoom({id, owner}: OpenHostedSession): void {
		if (this.#isClosed) throw shuttingDownError();
		if (this.#sessions.has(id)) {
			throw new InfinisstError('OPTION_INVALID', `There is a session "${id}" already`);
		}

		const {limits, apiKeys} = this.#settings();
		if (owner !== undefined) {
			const most = apiKeys.find(key => key.id === owner)?.maxSessions ?? limits.sessionsPerKey;
			const own = this.list().filter(session => session.owner === owner).length;
			if (own >= most) {
				throw new InfinisstError(
					'LIMIT_EXCEEDED',
					`The key ${owner} has ${own} sessions, and may have ${most}`,
					{
						hint: 'End one of them first.',
					},
				);
			}
		}

		// Those whose model is being loaded will stand in line, too.
		const running = Math.max(limits.maxSessions, this.#line.admitted);
		if (this.#sessions.size < running + limits.maxQueued) return;
		const waiting = this.#sessions.size - this.#line.admitted;
		const seconds = Math.ceil(this.#line.predictMs(waiting + 1) / 1000);
		throw new InfinisstError(
			'ENGINE_BUSY',
			`${this.#line.admitted} sessions run, ${waiting} wait, and there is room for no more`,
			{hint: `Try again in about ${seconds} s.`},
		);
	}

	/** What is spoken is written as captions, whatever the target is called. */
	#resolveOptions(options: SessionOptions): SessionOptions {
		const {sourceLanguage, targets} = options;
		return {
			latencyMultiplier: this.#settings().latencyMultiplier,
			catchUp: true,
			...options,
			targets: [...new Set(targets.map(target => (target === sourceLanguage ? 'same' : target)))],
		};
	}

	async #load(session: ServerSession): Promise<void> {
		try {
			this.#lineUp(session, await this.#models.load(session.model, session.over.signal));
		} catch (error) {
			session.close(error);
		}
	}

	#lineUp(session: ServerSession, engine: Engine): void {
		if (session.isOver) return;
		session.prepare(engine);
		this.#line.enter(session);
	}

	#remove(session: ServerSession): void {
		this.#sessions.delete(session.id);
		this.#line.leave(session);
		if (this.#sessions.size > 0) return;
		this.#empty.resolve();
		this.#empty = createDeferred();
	}

	#showActivity({name, state, activity}: HostedModel): void {
		if (state !== 'loading') return;
		for (const session of [...this.#sessions.values()]) {
			if (session.model === name) session.showActivity(activity);
		}
	}
}

function withoutText(options: SessionOptions): SessionOptions {
	const bare: {prompt?: unknown; glossary?: unknown} = {...options};
	delete bare.prompt;
	delete bare.glossary;
	return bare as SessionOptions;
}
