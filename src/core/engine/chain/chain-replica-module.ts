import type {ReplicaModule} from '../transport/replica-module.js';
import {whisperReplicaModule} from '../whisper-replica-module.js';
import type {ChainReplicaOptions} from './chain-replica.js';

/** A Whisper replica, and where there are `texts` one whose text is translated on, for a thread or a process to run. */
export function chainReplicaModule(
	options: Omit<ChainReplicaOptions, 'clock' | 'readActivity'>,
): ReplicaModule {
	const {texts, ...speech} = options;
	if (texts.length === 0) return whisperReplicaModule(speech);
	return {module: import.meta.resolve('./chain-replica.js'), open: 'openChainReplica', options};
}
