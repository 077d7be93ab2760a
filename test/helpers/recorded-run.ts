/**
 * A process that records a run with a session into the history named by its argument, and says on its standard output
 * when all of it is in the file. It is there to be killed.
 */
import {writeSync} from 'node:fs';
import {setTimeout} from 'node:timers/promises';

import {systemClock} from '../../src/core/util/clock.js';
import {createRunRecorder} from '../../src/history/record/run-recorder.js';

const recorder = createRunRecorder({
	path: process.argv[2]!,
	command: 'serve',
	entrypoint: 'infinisst serve',
	clock: systemClock,
	onWarning: message => {
		throw new Error(message);
	},
});
recorder.replicaStarted('model/replica-1', 'model');
const session = recorder.sessions.open({
	id: 'speaker-1',
	door: 'stream',
	options: {sourceLanguage: 'en', targets: ['de']},
	model: 'model',
	createdAtMs: Date.now(),
});
session.began(Date.now());
// The recorder writes once a second; its answer to this comes after what it wrote before.
await setTimeout(1500);
await recorder.listEndedSessions(undefined, 1);
writeSync(1, 'recorded\n');
await setTimeout(600_000);
await recorder.end();
