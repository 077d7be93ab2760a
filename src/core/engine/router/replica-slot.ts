import type {Clock} from '../../util/clock.js';
import {createDeferred} from '../../util/deferred.js';
import {LiveReplica} from './live-replica.js';
import type {Replica, StartReplica} from './replica-source.js';

/** The wait before the second attempt in a row; doubles with each, up to {@link LONGEST_WAIT_MS}. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** One that ran for so long, or brought a session on, was well: when it is lost, it is started again at once. */
const WELL_AFTER_MS = 10_000;

export interface SlotHost {
	/** It runs, and may be given sessions. */
	started(slot: ReplicaSlot): void;
	/** It runs no longer; another will be started. */
	lost(slot: ReplicaSlot, replica: LiveReplica, cause: unknown): void;
	/** It could not be started; it will be tried again. */
	startFailed(slot: ReplicaSlot, cause: unknown): void;
}

export interface ReplicaSlotParts {
	readonly index: number;
	readonly start: StartReplica;
	/** Brings a replica up to date before it is used. */
	readonly prepare: (engine: Replica) => Promise<void>;
	readonly clock: Clock;
	readonly host: SlotHost;
}

/** Keeps one replica running: starts it again when it is lost, at once or, if that happens often, after a while. */
export class ReplicaSlot {
	readonly index: number;
	readonly id: string;
	readonly #parts: ReplicaSlotParts;
	readonly #ended = new AbortController();
	#live: LiveReplica | undefined;
	/** Attempts in a row that came to nothing: not started, or lost soon after. */
	#setbacks = 0;
	#idleSetbacks = 0;
	#starts = 0;
	#losses = 0;
	/** While one is being started; never rejects. */
	#starting: Promise<void> | undefined;
	#isRestarting = false;
	#cancelWait: () => void = () => undefined;

	constructor(parts: ReplicaSlotParts) {
		this.index = parts.index;
		this.id = `replica-${parts.index + 1}`;
		this.#parts = parts;
	}

	get live(): LiveReplica | undefined {
		return this.#live;
	}

	/** How often one was started here. */
	get starts(): number {
		return this.#starts;
	}

	/** How often one was lost here. */
	get losses(): number {
		return this.#losses;
	}

	/** Attempts in a row that came to nothing without any session having had a part in it. */
	get idleSetbacks(): number {
		return this.#idleSetbacks;
	}

	/** Starts the replica, and again whenever it is lost. Resolves after the first attempt. Never rejects. */
	async begin(): Promise<void> {
		await this.#attempt();
	}

	/**
	 * Starts another replica beside the one that runs, and puts it in its place.
	 *
	 * @returns the one that ran before, if one did; it is the caller's to empty and to close.
	 * @throws why it could not be started; the one that runs stays.
	 */
	async restart(): Promise<LiveReplica | undefined> {
		while (this.#starting !== undefined) await this.#starting;
		this.#isRestarting = true;
		this.#cancelWait();
		const done = createDeferred();
		this.#starting = done.promise;
		try {
			const fresh = await this.#start();
			const before = this.#live;
			if (before !== undefined) before.isDraining = true;
			this.#install(fresh);
			return before;
		} finally {
			this.#isRestarting = false;
			this.#starting = undefined;
			done.resolve();
			if (this.#live === undefined) this.#attemptLater();
		}
	}

	/** A replica was lost. Idempotent. */
	lose(replica: LiveReplica, cause: unknown): void {
		if (replica.isLost || this.#ended.signal.aborted) return;
		replica.isLost = true;
		this.#losses++;
		// What is left of it must not go on; that it cannot be asked any more is no news.
		void replica.engine.destroy(cause).catch(() => undefined);
		const wasWell = replica.hasServed || this.#parts.clock.nowMs() - replica.startedAtMs >= WELL_AFTER_MS;
		const isCurrent = this.#live === replica;
		if (isCurrent) {
			this.#live = undefined;
			this.#setbacks = wasWell ? 0 : this.#setbacks + 1;
			this.#idleSetbacks = wasWell || replica.sessions.size > 0 ? 0 : this.#idleSetbacks + 1;
		}
		this.#parts.host.lost(this, replica, cause);
		if (isCurrent && !this.#isRestarting) this.#attemptLater();
	}

	/** Closes the replica, which must serve nobody any more; starts none again. */
	async close(): Promise<void> {
		this.#end();
		await this.#starting;
		await this.#live?.engine.close();
	}

	async destroy(reason: unknown): Promise<void> {
		this.#end(reason);
		await this.#live?.engine.destroy(reason);
		await this.#starting;
	}

	#end(reason?: unknown): void {
		this.#cancelWait();
		this.#ended.abort(reason);
	}

	#attemptLater(): void {
		if (this.#ended.signal.aborted) return;
		const waitMs =
			this.#setbacks < 2 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (this.#setbacks - 2), LONGEST_WAIT_MS);
		if (waitMs === 0) void this.#attempt();
		else this.#cancelWait = this.#parts.clock.after(waitMs, () => void this.#attempt());
	}

	/** Never rejects. */
	#attempt(): Promise<void> {
		this.#starting ??= (async () => {
			let live: LiveReplica;
			try {
				live = await this.#start();
			} catch (cause) {
				this.#starting = undefined;
				if (this.#ended.signal.aborted) return;
				this.#setbacks++;
				this.#idleSetbacks++;
				this.#parts.host.startFailed(this, cause);
				this.#attemptLater();
				return;
			}
			this.#starting = undefined;
			this.#install(live);
		})();
		return this.#starting;
	}

	async #start(): Promise<LiveReplica> {
		const {signal} = this.#ended;
		signal.throwIfAborted();
		this.#starts++;
		const engine = await this.#parts.start({id: this.id, index: this.index, signal});
		try {
			signal.throwIfAborted();
			await this.#parts.prepare(engine);
			signal.throwIfAborted();
		} catch (error) {
			await engine.destroy(error).catch(() => undefined);
			throw error;
		}
		return new LiveReplica(this.index, engine, this.#parts.clock.nowMs());
	}

	#install(live: LiveReplica): void {
		this.#live = live;
		this.#parts.host.started(this);
		const lose = (cause: unknown): void => {
			this.lose(live, cause);
		};
		live.engine.gone?.then(lose, lose);
	}
}
