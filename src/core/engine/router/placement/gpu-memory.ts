import type {ReplicaLoad} from './replica-load.js';

/**
 * Replicas whose devices are this much alike count as equal. Replicas that share a device never report exactly the
 * same, and what a session takes is seen only a while after it was placed.
 */
const EQUAL_SHARE = 0.02;

/** The replica with the most memory left on its device; among equals the one with fewer sessions, then the first. */
export function gpuMemory(loads: readonly ReplicaLoad[]): ReplicaLoad {
	const most = Math.max(...loads.map(({freeDeviceBytes}) => freeDeviceBytes));
	return loads
		.filter(({freeDeviceBytes}) => freeDeviceBytes >= most * (1 - EQUAL_SHARE))
		.reduce((best, load) => (load.sessions < best.sessions ? load : best));
}
