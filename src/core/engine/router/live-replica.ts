import type {EngineSession, ReplicaStatistics} from '../engine.js';
import {createDeferred} from '../../util/deferred.js';
import type {Replica} from './replica-source.js';
import type {RoutedSession} from './routed-session.js';

/** A replica that runs, from its start to its loss or its replacement. */
export class LiveReplica {
	/** Of the slot it stands in. */
	readonly index: number;
	readonly engine: Replica;
	readonly startedAtMs: number;
	/** Those it serves and those being opened on it. */
	readonly sessions = new Set<RoutedSession>();
	/** As it said last. */
	statistics: readonly ReplicaStatistics[] = [];
	/** It said itself that it has no room, and is not asked again before. */
	busyUntilMs = -Infinity;
	/** It is being asked for its statistics. */
	isAsked = false;
	/** It has brought a session on. */
	hasServed = false;
	/** Takes no new sessions. */
	isDraining = false;
	isLost = false;
	#empty = createDeferred();

	constructor(index: number, engine: Replica, startedAtMs: number) {
		this.index = index;
		this.engine = engine;
		this.startedAtMs = startedAtMs;
	}

	get freeDeviceBytes(): number {
		return this.statistics.reduce((sum, {freeDeviceBytes}) => sum + freeDeviceBytes, 0);
	}

	/** What a session has cost here, if that is known. */
	workPerSecondMs(session: RoutedSession): number | undefined {
		for (const {sessions} of this.statistics) {
			const found = sessions.find(({id}) => id === session.id)?.workPerSecondMs;
			if (found !== undefined && found > 0) return found;
		}
		return undefined;
	}

	async open(session: RoutedSession, signal: AbortSignal): Promise<EngineSession> {
		const {id, options, checkpoint} = session;
		return this.engine.openSession(options, {id, signal, ...(checkpoint !== undefined && {checkpoint})});
	}

	remove(session: RoutedSession): void {
		this.sessions.delete(session);
		if (this.sessions.size === 0) this.#empty.resolve();
	}

	/** Resolves when no session is left; none may be added any more. */
	async whenEmpty(): Promise<void> {
		if (this.sessions.size === 0) return;
		this.#empty = createDeferred();
		await this.#empty.promise;
	}
}
