import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import type {
	Engine,
	EngineSession,
	SessionChange,
	SessionCheckpoint,
	SessionOptions,
	SessionUpdate,
} from '../../core/engine/engine.js';
import {ChangingOptions} from '../../core/engine/changing-options.js';
import type {OpenRoutedSessionOptions} from '../../core/engine/router/router.js';
import type {QueuePlace} from '../../core/engine/router/waiting-line.js';
import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {createDeferred, type Deferred} from '../../core/util/deferred.js';
import type {ServerLimits} from '../server-settings.js';
import {describeUpdate} from './describe-update.js';
import type {LineMember} from './admission-line.js';
import type {
	HostedEvent,
	HostedSession,
	OpenHostedSession,
	SessionProgress,
	SessionStatus,
	TargetText,
} from './session-host.js';
import {SessionInbox} from './session-inbox.js';
import type {SessionRecord} from './session-recorder.js';
import {StretchTexts} from './stretch-texts.js';

/**
 * Audio that may wait for a place, above which a write waits: what a page sends in half a minute, 2 MB. Once the session
 * is active it is passed on as fast as the engine takes it, and a write waits until it was.
 */
export const MAX_WAITING_SECONDS = 30;
/** Changes and flushes that may wait; nobody needs that many. */
const MAX_WAITING_COMMANDS = 1000;

export interface ServerSessionParts {
	readonly request: Omit<OpenHostedSession, 'checkpoint'>;
	readonly checkpoint: SessionCheckpoint | undefined;
	/** With the defaults filled in. */
	readonly options: SessionOptions;
	readonly model: string;
	readonly activity: string | undefined;
	readonly createdAtMs: number;
	/** Wall clock. */
	readonly nowMs: () => number;
	readonly clock: Clock;
	readonly limits: () => ServerLimits;
	readonly keepsText: () => boolean;
	readonly record: SessionRecord;
	/** What a listener threw. */
	readonly onFault: (error: unknown) => void;
	/** Called once, as soon as the session is over. */
	readonly onOver: () => void;
}

/** An engine session that stands behind the hosted one until that is reset or ends. */
interface Run {
	readonly engine: Engine;
	readonly ended: AbortController;
	inner: EngineSession | undefined;
	/** The engine is being told audio, or takes none any more. */
	isTelling: boolean;
}

/** See {@link HostedSession}. The host tells it when its model is there and when it has left the line. */
export class ServerSession implements HostedSession, LineMember {
	readonly id: string;
	readonly door: HostedSession['door'];
	readonly model: string;
	readonly owner?: string;
	readonly agentType?: string;
	readonly languagePair?: string;
	readonly clientId?: string;
	readonly createdAtMs: number;
	/** Fires with the cause when the session is over. */
	readonly over = new AbortController();
	readonly #parts: ServerSessionParts;
	readonly #clock: Clock;
	readonly #inbox = new SessionInbox();
	readonly #texts = new StretchTexts();
	readonly #listeners = new Set<(event: HostedEvent) => void>();
	readonly #outbox: HostedEvent[] = [];
	#isDelivering = false;
	#options: SessionOptions;
	#changing: ChangingOptions;
	#checkpoint: SessionCheckpoint | undefined;
	#progress: SessionProgress;
	#engine: Engine | undefined;
	#isAdmitted = false;
	#run: Run | undefined;
	#runs = 0;
	/** Taken from the inbox, and not yet taken by the engine. */
	#samplesInHand = 0;
	#samplesTaken = 0;
	/** Those who wait for us. */
	#keepers = 0;
	#lastSeenMs: number;
	#isEnding = false;
	/** Resolves when something was taken by the engine, or never will be. */
	#room: Deferred<void> | undefined;
	#cancelOrphanTimer: () => void = () => undefined;

	constructor(parts: ServerSessionParts) {
		const {request, options} = parts;
		this.#parts = parts;
		this.#clock = parts.clock;
		this.id = request.id;
		this.door = request.door;
		this.model = parts.model;
		if (request.owner !== undefined) this.owner = request.owner;
		if (request.agentType !== undefined) this.agentType = request.agentType;
		if (request.languagePair !== undefined) this.languagePair = request.languagePair;
		if (request.clientId !== undefined) this.clientId = request.clientId;
		this.createdAtMs = parts.createdAtMs;
		this.#options = options;
		this.#changing = new ChangingOptions(options, parts.checkpoint?.commands);
		this.#checkpoint = parts.checkpoint;
		this.#progress = {
			status: 'initializing',
			queuePosition: 0,
			etaMs: undefined,
			activity: parts.activity,
		};
		this.#lastSeenMs = this.#clock.nowMs();
		this.watchForOrphan();
	}

	get options(): SessionOptions {
		return this.#options;
	}

	get progress(): SessionProgress {
		return this.#progress;
	}

	get checkpoint(): SessionCheckpoint | undefined {
		return this.#checkpoint;
	}

	get optionsAtCheckpoint(): SessionOptions {
		return this.#changing.reached;
	}

	get audioMs(): number {
		return (this.#samplesTaken / SAMPLE_RATE_HZ) * 1000;
	}

	/** Whoever is kept waiting by us is not silent. */
	get inactiveMs(): number {
		return this.#keepers > 0 ? 0 : this.#clock.nowMs() - this.#lastSeenMs;
	}

	get isOver(): boolean {
		return this.over.signal.aborted;
	}

	text(target: string): TargetText {
		return this.#texts.of(target);
	}

	touch(): void {
		this.#lastSeenMs = this.#clock.nowMs();
	}

	keep(): () => void {
		this.#keepers++;
		let isKept = true;
		return () => {
			if (!isKept) return;
			isKept = false;
			this.#keepers--;
			this.touch();
		};
	}

	async write(samples: Float32Array, signal?: AbortSignal): Promise<void> {
		this.#assertTakesAudio();
		this.touch();
		if (samples.length === 0) return;
		const {audioSeconds} = this.#parts.limits();
		if (this.#samplesTaken + samples.length > audioSeconds * SAMPLE_RATE_HZ) {
			throw new InfinisstError('LIMIT_EXCEEDED', `A session may have ${audioSeconds} s of audio`, {
				hint: 'End it and open another.',
			});
		}

		this.#samplesTaken += samples.length;
		this.#inbox.write(samples);
		this.#feed();
		await this.#waitForRoom(signal);
	}

	change(change: SessionChange): void {
		if (this.#isEnding || this.isOver) return;
		this.touch();
		this.#options = {...this.#options, ...change};
		this.#changing.note(change);
		this.#command({type: 'change', change});
	}

	flush(): void {
		if (this.#isEnding || this.isOver) return;
		this.touch();
		this.#changing.note();
		this.#command({type: 'flush'});
	}

	end(): void {
		if (this.#isEnding || this.isOver) return;
		this.#isEnding = true;
		this.#cancelOrphanTimer();
		const hasHeardNothing = this.#run === undefined && this.#checkpoint === undefined;
		if (hasHeardNothing && this.#inbox.isEmpty) {
			// There is nothing to wait in the line for.
			this.#take({type: 'session-ended', audioMs: 0});
			this.close(undefined);
			return;
		}
		this.#command({type: 'end'});
	}

	reset(): void {
		if (this.#isEnding || this.isOver) return;
		this.touch();
		this.#leaveRun(new InfinisstError('RESOURCE_CLOSED', 'The session was reset'));
		this.#inbox.clear();
		this.#texts.clear();
		this.#checkpoint = undefined;
		this.#changing = new ChangingOptions(this.#options);
		this.#parts.record.reset(this.#parts.nowMs());
		this.#wakeWriters();
		this.#tell({type: 'session-reset'});
		if (this.#isAdmitted) this.#begin();
	}

	destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', `The session ${this.id} was ended`)): void {
		this.close(reason);
	}

	subscribe(listener: (event: HostedEvent) => void): () => void {
		// Of its own, so that the same function may listen twice.
		const own = (event: HostedEvent): void => listener(event);
		this.#listeners.add(own);
		return () => void this.#listeners.delete(own);
	}

	/** Its model is there: it may stand in line. */
	prepare(engine: Engine): void {
		this.#engine = engine;
	}

	/** What is done for its model. */
	showActivity(activity: string | undefined): void {
		const {status, activity: before} = this.#progress;
		if (status !== 'initializing' || activity === before) return;
		this.#show('initializing', {activity});
	}

	placed({position, etaMs}: QueuePlace): void {
		if (!this.isOver) this.#show('queued', {queuePosition: position, etaMs});
	}

	admitted(): void {
		if (this.isOver) return;
		this.#isAdmitted = true;
		this.#parts.record.began(this.#parts.nowMs());
		this.#show('active');
		this.#begin();
	}

	/** Removes the session when its client was silent for too long; to be called again when the limit was changed. */
	watchForOrphan(): void {
		this.#cancelOrphanTimer();
		if (this.#isEnding || this.isOver) return;
		const {orphanMs} = this.#parts.limits();
		const remainingMs = orphanMs - this.inactiveMs;
		if (remainingMs > 0) {
			this.#cancelOrphanTimer = this.#clock.after(remainingMs, () => this.watchForOrphan());
			return;
		}
		this.close(
			new InfinisstError(
				'RESOURCE_CLOSED',
				`The session ${this.id} was removed: its client was silent for ${Math.round(orphanMs / 1000)} s`,
				{hint: 'Open another. Audio or a ping keeps a session.'},
			),
		);
	}

	/** The end of it, whatever comes from where. */
	close(cause: unknown): void {
		if (this.isOver) return;
		this.over.abort(cause ?? new InfinisstError('RESOURCE_CLOSED', `The session ${this.id} has ended`));
		this.#progress = {status: 'ended', queuePosition: 0, etaMs: undefined, activity: undefined};
		this.#cancelOrphanTimer();
		this.#leaveRun(this.over.signal.reason);
		this.#inbox.clear();
		this.#wakeWriters();
		const {record, onOver, nowMs} = this.#parts;
		record.ended({atMs: nowMs(), audioMs: this.audioMs, cause});
		this.#outbox.push({type: 'session-closed', cause});
		onOver();
		this.#deliver();
	}

	#assertTakesAudio(): void {
		this.over.signal.throwIfAborted();
		if (this.#isEnding) {
			throw new InfinisstError('RESOURCE_CLOSED', `The session ${this.id} takes no more audio`);
		}
	}

	/** Never once the session is over. */
	#isFull(): boolean {
		const waiting = this.#inbox.samples + this.#samplesInHand;
		return waiting > (this.#run?.inner === undefined ? MAX_WAITING_SECONDS * SAMPLE_RATE_HZ : 0);
	}

	async #waitForRoom(signal: AbortSignal | undefined): Promise<void> {
		if (!this.#isFull()) return;
		const release = this.keep();
		if (signal?.aborted) release();
		else signal?.addEventListener('abort', release, {once: true});
		try {
			while (this.#isFull()) {
				this.#room ??= createDeferred();
				await this.#room.promise;
			}
			this.over.signal.throwIfAborted();
		} finally {
			release();
			signal?.removeEventListener('abort', release);
		}
	}

	#wakeWriters(): void {
		this.#room?.resolve();
		this.#room = undefined;
	}

	#command(entry: Parameters<SessionInbox['push']>[0]): void {
		if (this.#inbox.commands >= MAX_WAITING_COMMANDS && entry.type !== 'end') {
			this.close(
				new InfinisstError(
					'LIMIT_EXCEEDED',
					`More than ${MAX_WAITING_COMMANDS} commands wait for the session`,
				),
			);
			return;
		}
		this.#inbox.push(entry);
		this.#feed();
	}

	#leaveRun(reason: unknown): void {
		const run = this.#run;
		this.#run = undefined;
		this.#samplesInHand = 0;
		run?.ended.abort(reason);
		run?.inner?.destroy(reason);
	}

	#begin(): void {
		// Whoever heard that it could may have ended it, or begun it anew.
		if (this.isOver || this.#run !== undefined) return;
		const run: Run = {
			engine: this.#engine!,
			ended: new AbortController(),
			inner: undefined,
			isTelling: false,
		};
		this.#run = run;
		void this.#serve(run);
	}

	/** Runs an engine session to its end, unless it is left. Never rejects. */
	async #serve(run: Run): Promise<void> {
		const count = ++this.#runs;
		const open: OpenRoutedSessionOptions = {
			// The engine may still know the session before.
			id: count === 1 ? this.id : `${this.id} #${count}`,
			signal: run.ended.signal,
			...(this.#checkpoint !== undefined && {checkpoint: this.#checkpoint}),
			onQueued: place => {
				if (this.#run === run) this.placed(place);
			},
		};
		try {
			const inner = await run.engine.openSession(this.#changing.reached, open);
			if (this.#run !== run) {
				inner.destroy(run.ended.signal.reason);
				return;
			}
			run.inner = inner;
			if (this.#progress.status !== 'active') this.#show('active');
			this.#feed();
			for await (const update of inner.updates) {
				if (this.#run !== run) return;
				this.#takeUpdate(update, run);
			}
			if (this.#run === run) this.close(undefined);
		} catch (error) {
			if (this.#run === run) this.close(error);
		}
	}

	/** Tells the engine what waits, as far as it takes it. Called for all that comes: nothing waits for it (see `UpdateQueue`). */
	#feed(): void {
		const run = this.#run;
		const inner = run?.inner;
		while (run !== undefined && inner !== undefined && this.#run === run && !run.isTelling) {
			const entry = this.#inbox.take();
			switch (entry?.type) {
				case undefined:
					return;
				case 'samples':
					void this.#tellSamples(run, inner, entry.samples);
					break;
				case 'change':
					inner.change(entry.change);
					break;
				case 'flush':
					inner.flush();
					break;
				case 'end':
					inner.end();
			}
		}
	}

	/** Never rejects: what ends the session is told by its updates. */
	async #tellSamples(run: Run, inner: EngineSession, samples: Float32Array): Promise<void> {
		run.isTelling = true;
		this.#samplesInHand = samples.length;
		try {
			await inner.write(samples);
		} catch {
			return;
		}
		if (this.#run !== run) return;
		run.isTelling = false;
		this.#samplesInHand = 0;
		this.#wakeWriters();
		this.#feed();
	}

	#takeUpdate(update: SessionUpdate, run: Run): void {
		const {record, nowMs, keepsText} = this.#parts;
		this.#checkpoint = update.checkpoint;
		this.#changing.reach(update.checkpoint.commands);
		for (const event of update.events) {
			this.#take(event);
			if (this.#run !== run) return;
		}
		record.updated(describeUpdate(update, {atMs: nowMs(), keepsText: keepsText()}));
	}

	#take(event: SessionUpdate['events'][number]): void {
		this.#texts.take(event);
		this.#tell(event);
	}

	#show(status: SessionStatus, more: Partial<SessionProgress> = {}): void {
		this.#progress = {
			queuePosition: 0,
			etaMs: undefined,
			activity: undefined,
			...more,
			status,
		};
		this.#tell({type: 'progress', ...this.#progress});
	}

	#tell(event: HostedEvent): void {
		if (this.isOver) return;
		this.#outbox.push(event);
		this.#deliver();
	}

	/** A listener may make further events: they come after this one has been told to all. */
	#deliver(): void {
		if (this.#isDelivering) return;
		this.#isDelivering = true;
		for (let event = this.#outbox.shift(); event !== undefined; event = this.#outbox.shift()) {
			for (const listener of [...this.#listeners]) {
				try {
					if (this.#listeners.has(listener)) listener(event);
				} catch (error) {
					this.#parts.onFault(error);
				}
			}
		}
		this.#isDelivering = false;
		if (this.isOver) this.#listeners.clear();
	}
}
