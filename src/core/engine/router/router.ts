import {randomUUID} from 'node:crypto';
import {InfinisstError} from '../../errors.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import {changeBatchSettings} from '../batch-settings.js';
import type {
	BatchSettings,
	Engine,
	EngineCapabilities,
	EngineSession,
	OpenSessionOptions,
	ReplicaStatistics,
	SessionOptions,
} from '../engine.js';
import {chooseMoves} from './choose-moves.js';
import type {LiveReplica} from './live-replica.js';
import {PLACEMENTS} from './placement/placements.js';
import {predictWait} from './predict-wait.js';
import {predictWork} from './predict-work.js';
import {MAX_STRIKES, Probation} from './probation.js';
import {ReplicaSlot} from './replica-slot.js';
import type {Replica, StartReplica} from './replica-source.js';
import {RoutedSession} from './routed-session.js';
import type {RouterEvent} from './router-event.js';
import {changeRouterSettings, DEFAULT_ROUTER_SETTINGS, type RouterSettings} from './router-settings.js';
import {WaitingLine, type QueuePlace, type WaitOptions} from './waiting-line.js';

/** Attempts in a row, of each replica, after which it is no use to go on. */
const MAX_IDLE_SETBACKS = 5;
/** How often the replicas are asked what their sessions cost. */
const STATISTICS_INTERVAL_MS = 1000;
/** How long a replica is left alone that said that it has no room. */
const BUSY_MS = 1000;
/** Sessions that ended lately, from which waits are predicted. */
const MAX_DURATIONS = 100;
/** whisper-base with a latency multiplier of 1 (`../shared/design/live-policy.md`). */
const PRIOR_WORK_PER_SECOND_MS = 70;
const REPLICA_WAIT_MS = 60_000;

export interface RouterOptions {
	/** @default 'router' */
	readonly id?: string;
	/** How many. */
	readonly replicas: number;
	readonly startReplica: StartReplica;
	readonly settings?: Partial<RouterSettings>;
	/** Of each replica, from its start on. */
	readonly batchSettings?: Partial<BatchSettings>;
	/** Processor time for a second of audio with a latency multiplier of 1, until some was measured. @default 70 */
	readonly priorWorkPerSecondMs?: number;
	/** How long a session that lost its replica waits for another before it fails. @default 60000 */
	readonly replicaWaitMs?: number;
	/** Must not throw. */
	readonly onEvent?: (event: RouterEvent) => void;
	readonly clock?: Clock;
	/** Gives up waiting for the replicas to start. */
	readonly signal?: AbortSignal;
}

export interface OpenRoutedSessionOptions extends OpenSessionOptions {
	/** Told when the session must wait for a place, and again whenever its position changes. */
	readonly onQueued?: ((place: QueuePlace) => void) | undefined;
}

export interface RoutedReplicaStatistics {
	readonly id: string;
	/** `starting` also while it waits to be started again. */
	readonly state: 'starting' | 'ready';
	readonly sessions: number;
	/** Predicted for all its sessions. */
	readonly workPerSecondMs: number;
	/** How often it was started and lost. */
	readonly starts: number;
	readonly losses: number;
}

export interface RouterStatistics {
	readonly settings: RouterSettings;
	/** Running, those that wait for a replica to come back included. */
	readonly sessions: number;
	readonly queued: number;
	/** Sessions that went on elsewhere because their replica was lost, since the router began. */
	readonly failovers: number;
	/** Sessions that were moved from a replica that runs. */
	readonly moves: number;
	/** The longest pause of a session by either. */
	readonly longestPauseMs: number;
	/** Audio that is kept because it is not yet final. */
	readonly journalBytes: number;
	readonly replicas: readonly RoutedReplicaStatistics[];
}

interface FirstWait {
	readonly signal: AbortSignal;
	readonly onQueued: ((place: QueuePlace) => void) | undefined;
}

/** What the router knows of a session that was let in. */
interface Admission {
	readonly startedAtMs: number;
	/** Where the session is, or is being opened. */
	replica: LiveReplica | undefined;
	/** It is there because another replica was lost. */
	isGuest: boolean;
	/** Where it was told to go. */
	destination: LiveReplica | undefined;
	/** What it cost so far; kept from one replica to the next. */
	workPerSecondMs: number | undefined;
	/** Since when it has no replica, until it has caught up. */
	pause: {readonly sinceMs: number; readonly isMoved: boolean} | undefined;
}

/**
 * Starts replicas and opens a router over them, as soon as all have started once or failed to.
 *
 * @throws {InfinisstError} why the first could not be started, if none could; `OPTION_INVALID`; `signal.reason`.
 */
export async function openRouter(options: RouterOptions): Promise<Router> {
	const {signal, replicas} = options;
	signal?.throwIfAborted();
	if (!Number.isSafeInteger(replicas) || replicas < 1) {
		throw new InfinisstError('OPTION_INVALID', `There must be one replica or more, not ${replicas}`);
	}
	const router = new Router(options);
	const abort = (): void => void router.destroy(signal!.reason);
	signal?.addEventListener('abort', abort, {once: true});
	try {
		await router.begin();
		signal?.throwIfAborted();
	} catch (error) {
		await router.destroy(error);
		throw error;
	} finally {
		signal?.removeEventListener('abort', abort);
	}
	return router;
}

/**
 * Many sessions over several replicas. Each session stays on the replica that placement chose for it. When a
 * replica is lost it is started again, and its sessions go on with the others, without a gap (see `RoutedSession`).
 * Where there is no room, sessions wait in line.
 */
export class Router implements Engine {
	readonly contractVersion = 1;
	readonly id: string;
	readonly #options: RouterOptions;
	readonly #clock: Clock;
	readonly #slots: readonly ReplicaSlot[];
	/** Those that were let in, until they end. */
	readonly #sessions = new Map<RoutedSession, Admission>();
	/** Let in, without a replica. They come before the line. */
	readonly #stranded = new Map<RoutedSession, Deferred<LiveReplica>>();
	readonly #line: WaitingLine<RoutedSession>;
	readonly #probation: Probation<RoutedSession>;
	readonly #durationsMs: number[] = [];
	readonly #ended = new AbortController();
	/** Why there is no use in going on. */
	#failure: InfinisstError | undefined;
	#firstFailure: {readonly cause: unknown} | undefined;
	#capabilities: EngineCapabilities | undefined;
	#settings: RouterSettings;
	/** Complete as soon as one replica was started. */
	#batchSettings: Partial<BatchSettings>;
	#lastIndex = -1;
	#failovers = 0;
	#moves = 0;
	#longestPauseMs = 0;
	#idle: Deferred<void> | undefined;
	#closing: Promise<void> | undefined;
	#destroying: Promise<void> | undefined;
	#cancelPoll: () => void = () => undefined;

	/** Use {@link openRouter}. */
	constructor(options: RouterOptions) {
		this.id = options.id ?? 'router';
		this.#options = options;
		this.#clock = options.clock ?? systemClock;
		this.#settings = changeRouterSettings(DEFAULT_ROUTER_SETTINGS, options.settings ?? {});
		this.#batchSettings = options.batchSettings ?? {};
		this.#probation = new Probation(this.#clock);
		this.#line = new WaitingLine(position => this.#predictWaitMs(position));
		this.#slots = Array.from(
			{length: options.replicas},
			(_, index) =>
				new ReplicaSlot({
					index,
					start: options.startReplica,
					prepare: engine => this.#prepare(engine),
					clock: this.#clock,
					host: {
						started: slot => this.#replicaStarted(slot),
						lost: (slot, replica, cause) => this.#replicaLost(slot, replica, cause),
						startFailed: (slot, cause) => this.#startFailed(slot, cause),
					},
				}),
		);
	}

	/** Those of the first replica that was started: all serve the same model. */
	get capabilities(): EngineCapabilities {
		return this.#capabilities!;
	}

	/** For {@link openRouter}. */
	async begin(): Promise<void> {
		await Promise.all(this.#slots.map(slot => slot.begin()));
		this.#ended.signal.throwIfAborted();
		if (this.#capabilities === undefined) throw this.#firstFailure!.cause;
		this.#pollLater();
	}

	/**
	 * Waits in line where there is no room.
	 *
	 * @throws {InfinisstError} `ENGINE_BUSY` when the line is full, `REPLICA_LOST` when no replica came up in time,
	 * `INTERNAL_FAULT` when opening the session takes replicas down, and what the replica throws; `signal.reason`;
	 * `RESOURCE_CLOSED`.
	 */
	async openSession(
		options: SessionOptions,
		{id = randomUUID(), checkpoint, signal, onQueued}: OpenRoutedSessionOptions = {},
	): Promise<EngineSession> {
		signal?.throwIfAborted();
		this.#assertOpen();
		const session: RoutedSession = new RoutedSession({
			id,
			options,
			checkpoint,
			host: {
				reopen: (moving, isMoved, cause) => this.#reopen(moving, isMoved, cause),
				progressed: moved => this.#progressed(moved),
				caughtUp: back => this.#caughtUp(back),
				ended: over => this.#release(over),
			},
		});
		const patience = AbortSignal.any([session.ended.signal, ...(signal === undefined ? [] : [signal])]);
		try {
			const inner = await this.#openFirst(session, {signal: patience, onQueued});
			void session.run(inner);
			return session;
		} catch (error) {
			session.fail(error);
			this.#withdraw(session);
			throw error;
		}
	}

	async statistics(): Promise<readonly ReplicaStatistics[]> {
		this.#assertUsable();
		const asked = await Promise.all(
			this.#live.map(async replica => {
				try {
					return await this.#ask(replica);
				} catch (error) {
					if (!InfinisstError.is(error, 'REPLICA_LOST')) throw error;
					return [];
				}
			}),
		);
		return asked.flat();
	}

	/** What the router itself does. */
	routerStatistics(): RouterStatistics {
		const work = this.#predictWork();
		return {
			settings: this.#settings,
			sessions: this.#sessions.size,
			queued: this.#line.length,
			failovers: this.#failovers,
			moves: this.#moves,
			longestPauseMs: this.#longestPauseMs,
			journalBytes: [...this.#sessions.keys()].reduce((sum, {journalBytes}) => sum + journalBytes, 0),
			replicas: this.#slots.map(slot => ({
				id: slot.id,
				state: slot.live === undefined ? 'starting' : 'ready',
				sessions: slot.live?.sessions.size ?? 0,
				workPerSecondMs: slot.live === undefined ? 0 : sumWork(slot.live.sessions, work),
				starts: slot.starts,
				losses: slot.losses,
			})),
		};
	}

	/** Of all replicas, also those that are started later. */
	async configure(settings: Partial<BatchSettings>): Promise<BatchSettings> {
		this.#assertUsable();
		const before = this.#batchSettings as BatchSettings;
		const now = changeBatchSettings(before, settings);
		this.#batchSettings = now;
		await Promise.all(
			this.#live.map(async replica => {
				try {
					await replica.engine.configure(settings);
				} catch (error) {
					if (InfinisstError.is(error, 'REPLICA_LOST')) {
						this.#lose(replica, error);
						return;
					}
					if (this.#batchSettings === now) this.#batchSettings = before;
					throw error;
				}
			}),
		);
		return now;
	}

	/**
	 * Takes effect at once; those that run or wait already stay. @returns the settings now.
	 *
	 * @throws {InfinisstError} `OPTION_INVALID`.
	 */
	configureRouter(settings: Partial<RouterSettings>): RouterSettings {
		this.#settings = changeRouterSettings(this.#settings, settings);
		this.#admit();
		return this.#settings;
	}

	/**
	 * Starts a replica anew, without its sessions losing anything: another is started beside it, the sessions go
	 * on from their checkpoints, then the old one is closed. For a moment there is memory for one more in use.
	 *
	 * @param id - as in {@link routerStatistics}.
	 * @throws {InfinisstError} `OPTION_INVALID` for an unknown id; why the other could not be started: then the old
	 * one goes on.
	 */
	async restartReplica(id: string): Promise<void> {
		this.#assertOpen();
		const slot = this.#slots.find(other => other.id === id);
		if (slot === undefined) {
			throw new InfinisstError('OPTION_INVALID', `There is no replica "${id}"`, {
				hint: `Choose one of ${this.#slots.map(other => other.id).join(', ')}.`,
			});
		}
		const before = await slot.restart();
		if (before === undefined) return;
		const empty = before.whenEmpty();
		for (const session of before.sessions) this.#move(session, slot.live);
		await empty;
		if (!before.isLost) await before.engine.close();
	}

	close(): Promise<void> {
		return (this.#closing ??= (async () => {
			this.#line.refuseAll(this.#closedError());
			if (this.#sessions.size > 0) {
				this.#idle = createDeferred();
				await this.#idle.promise;
			}
			if (this.#destroying !== undefined) return this.#destroying;
			this.#cancelPoll();
			await Promise.all(this.#slots.map(slot => slot.close()));
			this.#ended.abort(this.#closedError());
		})());
	}

	destroy(reason: unknown = this.#closedError()): Promise<void> {
		return (this.#destroying ??= (async () => {
			this.#cancelPoll();
			this.#ended.abort(reason);
			this.#line.refuseAll(reason);
			for (const session of this.#sessions.keys()) session.destroy(reason);
			await Promise.all(this.#slots.map(slot => slot.destroy(reason)));
			this.#closing ??= Promise.resolve();
		})());
	}

	get #live(): LiveReplica[] {
		return this.#slots.flatMap(({live}) => live ?? []);
	}

	/** How many sessions may run at once. */
	get #places(): number {
		const {maxSessions, maxSessionsPerReplica} = this.#settings;
		return Math.min(maxSessions, maxSessionsPerReplica * this.#slots.length);
	}

	/** Lets a session in and opens it; back into the line, first, when the replica says that it is full. */
	async #openFirst(session: RoutedSession, waiting: FirstWait): Promise<EngineSession> {
		for (let isFirst = false; ; isFirst = true) {
			await this.#enter(session, {...waiting, isFirst});
			try {
				return await this.#open(session, waiting.signal, true);
			} catch (error) {
				if (!InfinisstError.is(error, 'ENGINE_BUSY')) throw error;
				this.#withdraw(session);
			}
		}
	}

	/** Resolves when the session is let in and has a replica. */
	async #enter(session: RoutedSession, waiting: WaitOptions): Promise<void> {
		const {length} = this.#line;
		const replica = length === 0 || waiting.isFirst === true ? this.#placeNew() : undefined;
		if (replica !== undefined) {
			this.#reserve(session, replica);
			return;
		}

		const {maxQueued} = this.#settings;
		if (maxQueued === 0 || (length >= maxQueued && waiting.isFirst !== true)) {
			const etaMs = this.#predictWaitMs(length + 1);
			throw new InfinisstError(
				'ENGINE_BUSY',
				`${this.#sessions.size} sessions run, ${length} wait, and there is room for no more`,
				{hint: `Try again in about ${Math.ceil(etaMs / 1000)} s, or raise maxSessions or maxQueued.`},
			);
		}

		await this.#line.wait(session, waiting);
	}

	/** @throws what ends the session; `ENGINE_BUSY`, only for one that is new. */
	async #open(session: RoutedSession, signal: AbortSignal, isNew: boolean): Promise<EngineSession> {
		const admission = this.#sessions.get(session)!;
		for (;;) {
			await this.#probation.enter(session, signal);
			signal.throwIfAborted();
			const replica = admission.replica ?? (await this.#findReplica(session, signal));
			try {
				const inner = await replica.open(session, signal);
				const isMoving = replica.isDraining || admission.destination !== undefined;
				if (admission.replica === replica && !isMoving) {
					this.#probation.opened(session);
					return inner;
				}
				inner.destroy();
				this.#detach(session);
			} catch (error) {
				signal.throwIfAborted();
				if (InfinisstError.is(error, 'REPLICA_LOST')) {
					this.#lose(replica, error);
				} else if (InfinisstError.is(error, 'ENGINE_BUSY')) {
					this.#detach(session);
					replica.busyUntilMs = this.#clock.nowMs() + BUSY_MS;
					this.#clock.after(BUSY_MS, () => this.#admit());
					if (isNew) throw error;
				} else {
					throw error;
				}
			}
		}
	}

	async #reopen(session: RoutedSession, isMoved: boolean, cause: unknown): Promise<EngineSession> {
		const admission = this.#sessions.get(session)!;
		if (!isMoved && admission.replica !== undefined) this.#lose(admission.replica, cause);
		this.#detach(session);
		admission.pause ??= {sinceMs: this.#clock.nowMs(), isMoved};
		admission.isGuest = !isMoved;
		return this.#open(session, session.ended.signal, false);
	}

	/** For a session that was let in and has no replica: one that runs, or the next that does. */
	async #findReplica(session: RoutedSession, signal: AbortSignal): Promise<LiveReplica> {
		const replica = this.#placeStranded(session);
		if (replica !== undefined) {
			this.#reserve(session, replica);
			return replica;
		}

		const found = createDeferred<LiveReplica>();
		const waitMs = this.#options.replicaWaitMs ?? REPLICA_WAIT_MS;
		const cancel = this.#clock.after(waitMs, () => {
			found.reject(
				new InfinisstError('REPLICA_LOST', `No replica had room for the session within ${waitMs / 1000} s`),
			);
		});
		const abort = (): void => found.reject(signal.reason);
		signal.addEventListener('abort', abort, {once: true});
		this.#stranded.set(session, found);
		try {
			return await found.promise;
		} finally {
			cancel();
			signal.removeEventListener('abort', abort);
			this.#stranded.delete(session);
		}
	}

	/** Gives free places to those that lost their replica, then to those in line. */
	#admit(): void {
		for (const [session, found] of [...this.#stranded]) {
			const replica = this.#placeStranded(session);
			if (replica === undefined) break;
			this.#stranded.delete(session);
			this.#reserve(session, replica);
			found.resolve(replica);
		}

		for (let next = this.#line.first; next !== undefined; next = this.#line.first) {
			const replica = this.#placeNew();
			if (replica === undefined) break;
			this.#reserve(next, replica);
			this.#line.admitFirst();
		}
	}

	#placeNew(): LiveReplica | undefined {
		if (this.#sessions.size >= this.#settings.maxSessions || this.#stranded.size > 0) return undefined;
		return this.#choose(this.#withRoom());
	}

	/** A pause is worse than a crowd: without room, any that runs will do. */
	#placeStranded(session: RoutedSession): LiveReplica | undefined {
		const {destination} = this.#sessions.get(session)!;
		if (destination !== undefined && this.#live.includes(destination)) return destination;
		return this.#choose(this.#withRoom()) ?? this.#choose(this.#ready());
	}

	#ready(): LiveReplica[] {
		const nowMs = this.#clock.nowMs();
		return this.#live.filter(({busyUntilMs}) => busyUntilMs <= nowMs);
	}

	#withRoom(): LiveReplica[] {
		return this.#ready().filter(({sessions}) => sessions.size < this.#settings.maxSessionsPerReplica);
	}

	#choose(replicas: readonly LiveReplica[]): LiveReplica | undefined {
		if (replicas.length === 0) return undefined;
		const work = this.#predictWork();
		const loads = replicas.map(({index, sessions, freeDeviceBytes}) => ({
			index,
			sessions: sessions.size,
			workPerSecondMs: sumWork(sessions, work),
			freeDeviceBytes,
		}));
		const {index} = PLACEMENTS[this.#settings.loadBalanceStrategy](loads, this.#lastIndex);
		return replicas.find(replica => replica.index === index);
	}

	#reserve(session: RoutedSession, replica: LiveReplica): void {
		const admission = this.#sessions.get(session) ?? {
			startedAtMs: this.#clock.nowMs(),
			replica,
			isGuest: false,
			destination: undefined,
			workPerSecondMs: undefined,
			pause: undefined,
		};
		this.#sessions.set(session, admission);
		admission.replica = replica;
		admission.destination = undefined;
		replica.sessions.add(session);
		this.#lastIndex = replica.index;
	}

	#detach(session: RoutedSession): void {
		const admission = this.#sessions.get(session);
		admission?.replica?.remove(session);
		if (admission !== undefined) admission.replica = undefined;
	}

	/** A session is over. */
	#release(session: RoutedSession): void {
		const admission = this.#sessions.get(session);
		if (admission === undefined) return;
		this.#durationsMs.push(this.#clock.nowMs() - admission.startedAtMs);
		if (this.#durationsMs.length > MAX_DURATIONS) this.#durationsMs.shift();
		this.#withdraw(session);
	}

	#withdraw(session: RoutedSession): void {
		this.#detach(session);
		this.#probation.clear(session);
		if (!this.#sessions.delete(session)) return;
		if (this.#sessions.size === 0) this.#idle?.resolve();
		this.#admit();
	}

	#move(session: RoutedSession, destination: LiveReplica | undefined): void {
		this.#sessions.get(session)!.destination = destination;
		session.leave(new InfinisstError('RESOURCE_CLOSED', 'The session goes on elsewhere'));
	}

	#progressed(session: RoutedSession): void {
		const replica = this.#sessions.get(session)?.replica;
		if (replica !== undefined) replica.hasServed = true;
		this.#probation.clear(session);
	}

	#caughtUp(session: RoutedSession): void {
		const admission = this.#sessions.get(session);
		if (admission?.pause === undefined || admission.replica === undefined) return;
		const {sinceMs, isMoved} = admission.pause;
		admission.pause = undefined;
		const pauseMs = this.#clock.nowMs() - sinceMs;
		this.#longestPauseMs = Math.max(this.#longestPauseMs, pauseMs);
		if (isMoved) this.#moves++;
		else this.#failovers++;
		const {id} = this.#slots[admission.replica.index]!;
		this.#tell({type: 'session-reopened', session: session.id, id, pauseMs, isMoved});
	}

	#lose(replica: LiveReplica, cause: unknown): void {
		this.#slots[replica.index]!.lose(replica, cause);
	}

	#replicaStarted(slot: ReplicaSlot): void {
		this.#tell({type: 'replica-started', id: slot.id});
		this.#admit();
		this.#spreadGuests();
	}

	/** Sends sessions on that had to go where there was least room, once there is more elsewhere. */
	#spreadGuests(): void {
		const work = this.#predictWork();
		const crowded = this.#live.map(replica => ({
			replica,
			workPerSecondMs: sumWork(replica.sessions, work),
			guests: [...replica.sessions]
				// One that may have taken a replica down shall not take another one.
				.filter(session => this.#sessions.get(session)!.isGuest && !this.#probation.isSuspect(session))
				.map(session => ({session, workPerSecondMs: work.get(session)!})),
		}));
		if (crowded.every(({guests}) => guests.length === 0)) return;
		const {replica, workPerSecondMs} = crowded.reduce((least, other) =>
			other.workPerSecondMs < least.workPerSecondMs ? other : least,
		);
		for (const session of chooseMoves(crowded, workPerSecondMs)) this.#move(session, replica);
	}

	#replicaLost(slot: ReplicaSlot, replica: LiveReplica, cause: unknown): void {
		const sessions = [...replica.sessions];
		this.#tell({type: 'replica-lost', id: slot.id, sessions: sessions.length, cause});
		const guilty = this.#probation.blame(sessions);
		for (const session of sessions) {
			this.#detach(session);
			this.#sessions.get(session)!.pause ??= {sinceMs: this.#clock.nowMs(), isMoved: false};
			if (guilty.includes(session)) {
				this.#tell({type: 'session-condemned', session: session.id});
				session.fail(
					new InfinisstError(
						'INTERNAL_FAULT',
						`The session took ${MAX_STRIKES} replicas down at the same place and was ended`,
						{cause, hint: 'Other sessions go on. Please report what was being said.'},
					),
				);
			} else {
				session.leave(new InfinisstError('REPLICA_LOST', `${slot.id} was lost`, {cause}));
			}
		}
		this.#giveUpIfHopeless(cause);
	}

	#startFailed(slot: ReplicaSlot, cause: unknown): void {
		this.#firstFailure ??= {cause};
		this.#tell({type: 'replica-start-failed', id: slot.id, cause});
		this.#giveUpIfHopeless(cause);
	}

	#giveUpIfHopeless(cause: unknown): void {
		if (this.#slots.some(({live, idleSetbacks}) => live !== undefined || idleSetbacks < MAX_IDLE_SETBACKS))
			return;
		const error = new InfinisstError(
			'REPLICA_LOST',
			`None of the ${this.#slots.length} replicas could be kept running in ${MAX_IDLE_SETBACKS} attempts each`,
			{cause, hint: 'See why the last one ended, then start the program again.'},
		);
		this.#failure = error;
		this.#tell({type: 'router-failed', cause});
		void this.destroy(error);
	}

	async #prepare(engine: Replica): Promise<void> {
		this.#capabilities ??= engine.capabilities;
		for (;;) {
			const before = this.#batchSettings;
			const now = await engine.configure(before);
			if (this.#batchSettings !== before) continue;
			this.#batchSettings = now;
			return;
		}
	}

	async #ask(replica: LiveReplica): Promise<readonly ReplicaStatistics[]> {
		try {
			replica.statistics = await replica.engine.statistics();
		} catch (error) {
			if (InfinisstError.is(error, 'REPLICA_LOST')) this.#lose(replica, error);
			throw error;
		}
		for (const session of replica.sessions) {
			const admission = this.#sessions.get(session)!;
			admission.workPerSecondMs = replica.workPerSecondMs(session) ?? admission.workPerSecondMs;
		}
		return replica.statistics;
	}

	#pollLater(): void {
		this.#cancelPoll = this.#clock.after(STATISTICS_INTERVAL_MS, () => {
			for (const replica of this.#live) {
				if (replica.isAsked) continue;
				replica.isAsked = true;
				// A replica that cannot answer now is asked again; one that was lost has been seen to.
				void this.#ask(replica)
					.catch(() => undefined)
					.finally(() => (replica.isAsked = false));
			}
			this.#spreadGuests();
			this.#pollLater();
		});
	}

	#predictWork(): Map<RoutedSession, number> {
		const sessions = [...this.#sessions];
		const work = predictWork(
			sessions.map(([{latencyMultiplier}, {workPerSecondMs}]) => ({latencyMultiplier, workPerSecondMs})),
			this.#options.priorWorkPerSecondMs ?? PRIOR_WORK_PER_SECOND_MS,
		);
		return new Map(sessions.map(([session], index) => [session, work[index]!]));
	}

	#predictWaitMs(position: number): number {
		const nowMs = this.#clock.nowMs();
		return predictWait(position, {
			agesMs: [...this.#sessions.values()].map(({startedAtMs}) => nowMs - startedAtMs),
			durationsMs: this.#durationsMs,
			places: Math.min(this.#places, this.#sessions.size + position),
		});
	}

	#tell(event: RouterEvent): void {
		this.#options.onEvent?.(event);
	}

	#assertOpen(): void {
		this.#assertUsable();
		if (this.#closing !== undefined) throw this.#closedError();
	}

	#assertUsable(): void {
		if (this.#failure !== undefined) throw this.#failure;
		if (this.#ended.signal.aborted) throw this.#closedError();
	}

	#closedError(): InfinisstError {
		return new InfinisstError('RESOURCE_CLOSED', `The engine ${this.id} was closed`);
	}
}

function sumWork(sessions: Iterable<RoutedSession>, work: ReadonlyMap<RoutedSession, number>): number {
	let sum = 0;
	for (const session of sessions) sum += work.get(session)!;
	return sum;
}
