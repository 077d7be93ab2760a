import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {systemClock} from '../../util/clock.js';
import {leaveEndToParent} from '../../util/leave-end-to-parent.js';
import type {ReplicaProcessInput} from './child-replica.js';
import {connectChannel} from './connect-channel.js';
import {serveEngine} from './serve-engine.js';
import {openThreadReplica} from './thread-replica.js';

/** How long the engine may take to end when nobody is there any more to wait for it. */
const END_TIMEOUT_MS = 5000;

leaveEndToParent();
// Told on the standard input, which others cannot read as they can arguments and variables. It stays open as long as
// the parent lives.
const lines = createInterface({input: process.stdin});
const ended = once(lines, 'close');
const [line] = (await once(lines, 'line')) as [string];
const {address, token, replica} = JSON.parse(line) as ReplicaProcessInput;
const channel = await connectChannel(address, {token});
void ended.then(() => {
	channel.close();
	// An exit would wait for what runs in native code.
	systemClock.after(END_TIMEOUT_MS, () => process.kill(process.pid, 'SIGKILL'));
});
// In a thread, because a model blocks the one that runs it, and silence would be taken for the end of this process.
const opening = openThreadReplica(replica);
// Without it nothing is left to do, and the other end is told by the end of the channel.
void opening.then(
	engine => engine.gone.then(() => channel.close()),
	() => undefined,
);
await serveEngine(channel, opening);
// Where it could not be opened the other end was told why.
const engine = await opening.catch(() => undefined);
await engine?.close();
process.exit(0);
