import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import {builtModule} from '../../util/built-module.js';
import {openRemoteEngine, type RemoteEngine, type RemoteEngineOptions} from './remote-engine.js';
import type {ReplicaModule} from './replica-module.js';
import {manageHost} from './manage-host.js';
import {openThreadChannel} from './thread-channel.js';

/**
 * Opens an engine in a thread of its own. Audio that is written to it is moved there: its buffer is lost to the writer.
 *
 * @throws {InfinisstError} what kept the engine from opening; `REPLICA_LOST` if the thread ended; `signal.reason`.
 */
export async function openThreadReplica(
	replica: ReplicaModule,
	options: RemoteEngineOptions = {},
): Promise<RemoteEngine> {
	options.signal?.throwIfAborted();
	const worker = new Worker(builtModule(import.meta.resolve('./replica-thread.js')), {
		workerData: {...replica, module: builtModule(replica.module).href} satisfies ReplicaModule,
	});
	const exited = once(worker, 'exit').then(() => undefined);
	// A thread that is ended inside native code takes the whole process with it: it ends itself when its channel is closed.
	const end = (): Promise<void> => exited;
	try {
		const engine = await openRemoteEngine(openThreadChannel(worker), options);
		return manageHost(engine, {end, kill: end, abandon: end});
	} catch (error) {
		void end();
		throw error;
	}
}
