import type {ReplicaLoad} from './replica-load.js';

/** The next replica after the one chosen last, then the first again. */
export function roundRobin(loads: readonly ReplicaLoad[], lastIndex: number): ReplicaLoad {
	return loads.find(({index}) => index > lastIndex) ?? loads[0]!;
}
