import type {Engine} from '../engine.js';

/** An engine that may be lost: a model in a thread, in a process, on another machine. */
export interface Replica extends Engine {
	/**
	 * Settles when the replica was lost, without having been closed or destroyed, with what happened. Without it, it
	 * is noticed when one of its sessions throws `REPLICA_LOST`.
	 */
	readonly gone?: Promise<unknown>;
}

export interface ReplicaStart {
	/** `replica-1`, `replica-2`, ...: where it stands among its peers; one that is started again keeps it. */
	readonly id: string;
	/** Counts from 0, likewise. */
	readonly index: number;
	/** Fires when it is no longer wanted; what was begun must be ended. */
	readonly signal: AbortSignal;
}

/**
 * Starts a replica. All that it starts serve the same model, and may go on from each other's checkpoints.
 *
 * @throws whatever stands in the way; it is tried again later, unless there is no other replica.
 */
export type StartReplica = (start: ReplicaStart) => Promise<Replica>;
