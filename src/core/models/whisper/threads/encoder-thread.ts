import {workerData} from 'node:worker_threads';
import {systemClock} from '../../../util/clock.js';
import {answerCalls, Transferred} from '../../../util/thread-call.js';
import {WorkSchedule} from '../../decoding/work-schedule.js';
import {openWhisperEncoder} from '../whisper-encoder.js';
import type {EncoderStatistics} from '../whisper-statistics.js';
import type {EncodeCall, WhisperThreadData} from './thread-protocol.js';

const {graphsDirectory, description, session, settings} = workerData as WhisperThreadData;
const opening = openWhisperEncoder(graphsDirectory, description.dimensions, {...session, clock: systemClock});
// Whoever calls first is told why it failed.
opening.catch(() => undefined);
const schedule = new WorkSchedule(settings, systemClock);

answerCalls({
	open: async () => {
		await opening;
	},
	encode: async ({samples, silenceMs, deadlineMs}: EncodeCall, signal) => {
		const encoder = await opening;
		const audio = await schedule.encode(() => encoder.encode(samples, silenceMs), {signal, deadlineMs});
		return new Transferred(audio, [audio.states.buffer as ArrayBuffer]);
	},
	statistics: async (): Promise<EncoderStatistics> => ({
		encodeMs: (await opening).encodeMs(),
		encodeWaitMs: schedule.encodeWaitMs,
	}),
});
