import {workerData} from 'node:worker_threads';
import {systemClock} from '../../../util/clock.js';
import {answerCalls} from '../../../util/thread-call.js';
import {WorkSchedule} from '../../decoding/work-schedule.js';
import {HeardStore} from '../heard-store.js';
import {openWhisperDecoder} from '../whisper-decoder.js';
import type {
	AudioCall,
	ConfigureCall,
	DetectCall,
	LiveSearchCall,
	PrepareCall,
	SearchCall,
	WhisperThreadData,
} from './thread-protocol.js';

const {graphsDirectory, description, session, settings} = workerData as WhisperThreadData;
const schedule = new WorkSchedule(settings, systemClock);
const opening = openWhisperDecoder(graphsDirectory, description, {...session, schedule, clock: systemClock});
// Whoever calls first is told why it failed.
opening.catch(() => undefined);
const store = new HeardStore();

answerCalls({
	open: async () => {
		await opening;
	},
	expect: async ({id}: AudioCall) => {
		schedule.expect(id);
		return Promise.resolve();
	},
	// At once, between two turns: it is short, and whoever waits for it may join the batch.
	prepare: async ({id, audio}: PrepareCall) => {
		try {
			store.add(id, await (await opening).prepare(audio));
		} finally {
			schedule.expectNoMore(id);
		}
	},
	detectLanguage: async ({id, deadlineMs}: DetectCall, signal) =>
		(await opening).detectLanguage(store.take(id, true), {signal, deadlineMs}),
	search: async ({id, request, deadlineMs, keep}: SearchCall, signal) =>
		(await opening).search(store.take(id, keep), request, {signal, deadlineMs}),
	searchLive: async ({id, request, deadlineMs, keep}: LiveSearchCall, signal) =>
		(await opening).searchLive(store.take(id, keep), request, {signal, deadlineMs}),
	release: async ({id}: AudioCall) => {
		schedule.expectNoMore(id);
		store.release(id);
		return Promise.resolve();
	},
	configure: async ({settings: changed}: ConfigureCall) => {
		schedule.configure(changed);
		return Promise.resolve();
	},
	statistics: async () => (await opening).statistics(),
});
