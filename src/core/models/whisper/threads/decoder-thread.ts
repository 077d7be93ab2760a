import {workerData} from 'node:worker_threads';
import {answerCalls, Transferred} from '../../../util/thread-call.js';
import {openWhisperDecoder} from '../whisper-decoder.js';
import type {LanguageGuess} from '../whisper-model.js';
import {audioBuffers, type DetectCall, type SearchCall, type WhisperThreadData} from './thread-protocol.js';

const {graphsDirectory, description, session, maxBatchSize} = workerData as WhisperThreadData;
const opening = openWhisperDecoder(graphsDirectory, description, {...session, maxBatchSize});
// Whoever calls first is told why it failed.
opening.catch(() => undefined);

answerCalls({
	open: async () => {
		await opening;
	},
	detectLanguage: async ({audio}: DetectCall, signal) => {
		const probabilities = await (await opening).detectLanguage(audio, signal);
		return new Transferred({probabilities, audio} satisfies LanguageGuess, audioBuffers(audio));
	},
	search: async ({audio, request}: SearchCall, signal) => (await opening).search(audio, request, signal),
});
