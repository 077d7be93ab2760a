/**
 * A process that writes batches of events to the history named by its argument, and says after each, on
 * its standard output, how many are stored. It is there to be killed.
 */
import {writeSync} from 'node:fs';

import {EventBatch} from '../../src/history/ingest/event-batch.js';
import {openHistory} from '../../src/history/store/sqlite-history-store.js';
import {makeTaskEvents, testCluster} from './history.js';

const store = await openHistory({path: process.argv[2]!});
const sessionId = store.openSession(testCluster, 'session_test');
const first = Number(process.argv[3]);
for (let stored = first; ; stored += 20) {
	const batch = new EventBatch();
	for (const event of makeTaskEvents(stored, 20)) batch.add(event, 'test', 'none');
	store.write(sessionId, {events: batch});
	writeSync(1, `${stored + 20}\n`);
}
