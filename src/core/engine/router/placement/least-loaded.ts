import type {ReplicaLoad} from './replica-load.js';

/**
 * The replica with the least predicted work; among equals the one with fewer sessions, then the first. Work is
 * predicted from what the sessions have cost so far: the time of a replica's last batch says little about it.
 */
export function leastLoaded(loads: readonly ReplicaLoad[]): ReplicaLoad {
	return loads.reduce((best, load) =>
		load.workPerSecondMs < best.workPerSecondMs ||
		(load.workPerSecondMs === best.workPerSecondMs && load.sessions < best.sessions)
			? load
			: best,
	);
}
