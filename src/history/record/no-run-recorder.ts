import {NO_RECORDER} from '../../server/sessions/session-recorder.js';
import type {RunRecorder} from './run-recorder.js';

const nothing = (): void => undefined;

/** For runs that are not kept. */
export const NO_RUN_RECORDER: RunRecorder = {
	sessions: NO_RECORDER,
	openPart: () => ({began: nothing, updated: nothing, reset: nothing, ended: nothing}),
	replicaStarted: nothing,
	replicaEnded: nothing,
	listEndedSessions: () => Promise.resolve([]),
	end: () => Promise.resolve(),
};
