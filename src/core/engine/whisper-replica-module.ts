import type {ReplicaModule} from './transport/replica-module.js';
import type {WhisperReplicaOptions} from './whisper-replica.js';

/** A Whisper replica, for a thread or a process to run: see `openThreadReplica()` and `openChildReplica()`. */
export function whisperReplicaModule(
	options: Omit<WhisperReplicaOptions, 'clock' | 'readActivity'>,
): ReplicaModule {
	return {module: import.meta.resolve('./whisper-replica.js'), open: 'openWhisperReplica', options};
}
