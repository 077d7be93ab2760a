import {workerData} from 'node:worker_threads';
import limitConcurrency from 'p-limit';
import {answerCalls, Transferred} from '../../../util/thread-call.js';
import {openWhisperEncoder} from '../whisper-encoder.js';
import type {EncodeCall, WhisperThreadData} from './thread-protocol.js';

const {graphsDirectory, description, session} = workerData as WhisperThreadData;
const opening = openWhisperEncoder(graphsDirectory, description.dimensions, session);
// Whoever calls first is told why it failed.
opening.catch(() => undefined);
const oneByOne = limitConcurrency(1);

answerCalls({
	open: async () => {
		await opening;
	},
	encode: async ({samples, silenceMs}: EncodeCall, signal) => {
		const encoder = await opening;
		const audio = await oneByOne(async () => {
			signal.throwIfAborted();
			return encoder.encode(samples, silenceMs);
		});
		return new Transferred(audio, [audio.states.buffer as ArrayBuffer]);
	},
});
