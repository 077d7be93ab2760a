/** What placement knows of a replica that could take a session. */
export interface ReplicaLoad {
	/** Counts the router's replicas from 0; does not change when one is started again. */
	readonly index: number;
	/** Those it serves and those being opened on it. */
	readonly sessions: number;
	/** Predicted processor time of all its sessions for a second of their audio. */
	readonly workPerSecondMs: number;
	/** Memory that was left on its device when it was last asked. */
	readonly freeDeviceBytes: number;
}

/**
 * Chooses where a session goes.
 *
 * @param loads - of the replicas with room, in the order of their index; at least one.
 * @param lastIndex - where the session before it went; -1 for the first.
 */
export type Placement = (loads: readonly ReplicaLoad[], lastIndex: number) => ReplicaLoad;
