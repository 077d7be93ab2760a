import type {
	RecordedOutcome,
	RecordedSession,
	RecordedUpdate,
	RecordedUpload,
	SessionRecord,
	SessionRecorder,
} from '../../src/server/sessions/session-recorder.js';

export type Told =
	| ['opened', RecordedSession]
	| ['uploaded', RecordedUpload]
	| ['began' | 'reset', number]
	| ['updated', RecordedUpdate]
	| ['ended', RecordedOutcome];

/** A recorder that remembers what it was told. */
export function createToldRecorder(): {readonly recorder: SessionRecorder; readonly told: Told[]} {
	const told: Told[] = [];
	const record: SessionRecord = {
		began: atMs => told.push(['began', atMs]),
		reset: atMs => told.push(['reset', atMs]),
		updated: update => told.push(['updated', update]),
		ended: outcome => told.push(['ended', outcome]),
	};
	const recorder: SessionRecorder = {
		open(session) {
			told.push(['opened', session]);
			return record;
		},
		openUpload(upload) {
			told.push(['uploaded', upload]);
			return record;
		},
	};
	return {recorder, told};
}
