/** A program for the test of what becomes of a replica's process when its parent is killed. */
import {setInterval} from 'node:timers';

import {openChildReplica} from '../../dist/core/engine/transport/child-replica.js';

const [, , module, ending] = process.argv;
let processId = 0;
const engine = await openChildReplica(
	{module, open: 'openScriptedReplica', options: {}},
	{onStart: id => (processId = id)},
);
const session = await engine.openSession({sourceLanguage: 'en', targets: ['same']});
console.log(processId);
if (ending === 'exit') process.exit();
await session.write(new Float32Array(160_000));
setInterval(() => undefined, 1000);
