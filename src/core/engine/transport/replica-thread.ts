import {parentPort, workerData} from 'node:worker_threads';
import {openReplicaModule, type ReplicaModule} from './replica-module.js';
import {serveEngine} from './serve-engine.js';
import {openThreadChannel} from './thread-channel.js';

const opening = openReplicaModule(workerData as ReplicaModule);
await serveEngine(openThreadChannel(parentPort!), opening);
// Where it could not be opened the other end was told why.
const engine = await opening.catch(() => undefined);
await engine?.close();
// From here no native code runs in this thread: it may be ended.
process.exit(0);
