import type {
	Engine,
	EngineSession,
	OpenSessionOptions,
	SessionOptions,
} from '../../src/core/engine/engine.js';
import type {Replica, ReplicaStart, StartReplica} from '../../src/core/engine/router/replica-source.js';
import {
	createScriptedEngine,
	type ScriptedEngineOptions,
} from '../../src/core/engine/testing/scripted-engine.js';
import {InfinisstError} from '../../src/core/errors.js';
import {createDeferred} from '../../src/core/util/deferred.js';

export interface KillableReplicasOptions {
	readonly engine?: ScriptedEngineOptions;
	/** Whether losing one is told by `gone`, or only by its sessions. @default true */
	readonly tellsGone?: boolean;
	/** Called before each start; what it throws keeps the replica from starting. */
	readonly beforeStart?: (start: ReplicaStart, attempt: number) => void | Promise<void>;
	/** Called for each session that is opened; what it returns stands in for the session. */
	readonly wrap?: (
		session: EngineSession,
		replica: KillableReplica,
		open: OpenSessionOptions,
	) => EngineSession;
	/** Of the replica with this index. */
	readonly engineOf?: (index: number) => ScriptedEngineOptions;
}

/** Scripted engines that can be taken down like a process. */
export class KillableReplicas {
	/** Those that run, by index. */
	readonly live = new Map<number, KillableReplica>();
	/** All that ever ran, in order. */
	readonly all: KillableReplica[] = [];
	readonly #options: KillableReplicasOptions;
	#attempts = 0;

	constructor(options: KillableReplicasOptions = {}) {
		this.#options = options;
	}

	readonly start: StartReplica = async start => {
		await this.#options.beforeStart?.(start, this.#attempts++);
		start.signal.throwIfAborted();
		const {engine, engineOf, wrap, tellsGone = true} = this.#options;
		const replica = new KillableReplica(
			start.index,
			createScriptedEngine({...engine, ...engineOf?.(start.index), id: `${start.id}.${this.all.length}`}),
			tellsGone,
			wrap,
		);
		this.live.set(start.index, replica);
		this.all.push(replica);
		return replica;
	};

	kill(index: number): void {
		this.live.get(index)?.kill();
		this.live.delete(index);
	}
}

export class KillableReplica implements Replica {
	readonly contractVersion = 1;
	readonly index: number;
	readonly gone?: Promise<unknown>;
	/** Those that were opened, in order. */
	readonly opened: string[] = [];
	isClosed = false;
	readonly #engine: Engine;
	readonly #wrap: KillableReplicasOptions['wrap'];
	readonly #gone = createDeferred<unknown>();
	#lost: InfinisstError | undefined;

	constructor(index: number, engine: Engine, tellsGone: boolean, wrap: KillableReplicasOptions['wrap']) {
		this.index = index;
		this.#engine = engine;
		this.#wrap = wrap;
		if (tellsGone) this.gone = this.#gone.promise;
	}

	get id(): string {
		return this.#engine.id;
	}

	get capabilities(): Engine['capabilities'] {
		return this.#engine.capabilities;
	}

	get isLost(): boolean {
		return this.#lost !== undefined;
	}

	kill(): void {
		this.#lost ??= new InfinisstError('REPLICA_LOST', `${this.id} was killed`);
		void this.#engine.destroy(this.#lost);
		this.#gone.resolve(this.#lost);
	}

	async openSession(options: SessionOptions, open: OpenSessionOptions = {}): Promise<EngineSession> {
		if (this.#lost !== undefined) throw this.#lost;
		this.opened.push(open.id ?? '');
		const session = await this.#engine.openSession(options, open);
		return this.#wrap?.(session, this, open) ?? session;
	}

	async statistics(): ReturnType<Engine['statistics']> {
		if (this.#lost !== undefined) throw this.#lost;
		return this.#engine.statistics();
	}

	async configure(settings: Parameters<Engine['configure']>[0]): ReturnType<Engine['configure']> {
		if (this.#lost !== undefined) throw this.#lost;
		return this.#engine.configure(settings);
	}

	async close(): Promise<void> {
		await this.#engine.close();
		this.isClosed = true;
	}

	async destroy(reason?: unknown): Promise<void> {
		await this.#engine.destroy(reason);
		this.isClosed = true;
	}
}
