import {workerData} from 'node:worker_threads';
import {answerCalls} from '../../../util/thread-call.js';
import type {PreparedAudio} from '../prepared-audio.js';
import {openWhisperDecoder} from '../whisper-decoder.js';
import type {
	AudioCall,
	LiveSearchCall,
	PrepareCall,
	SearchCall,
	WhisperThreadData,
} from './thread-protocol.js';

const {graphsDirectory, description, session, maxBatchSize} = workerData as WhisperThreadData;
const opening = openWhisperDecoder(graphsDirectory, description, {...session, maxBatchSize});
// Whoever calls first is told why it failed.
opening.catch(() => undefined);
const prepared = new Map<number, PreparedAudio>();

answerCalls({
	open: async () => {
		await opening;
	},
	prepare: async ({id, audio}: PrepareCall) => {
		prepared.set(id, await (await opening).prepare(audio));
	},
	detectLanguage: async ({id}: AudioCall, signal) =>
		(await opening).detectLanguage(prepared.get(id)!, signal),
	search: async ({id, request}: SearchCall, signal) => {
		const audio = prepared.get(id)!;
		prepared.delete(id);
		return (await opening).search(audio, request, signal);
	},
	searchLive: async ({id, request}: LiveSearchCall, signal) => {
		const audio = prepared.get(id)!;
		prepared.delete(id);
		return (await opening).searchLive(audio, request, signal);
	},
	release: async ({id}: AudioCall) => {
		prepared.delete(id);
		return Promise.resolve();
	},
});
