import {InfinisstError} from '../../../core/errors.js';
import type {TranslationEvent} from '../../../core/translation/translation-event.js';
import {describeSegment} from '../../sessions/describe-segment.js';
import type {RecordedUpload, SessionRecord, SessionRecorder} from '../../sessions/session-recorder.js';

export interface RecordingToRecord {
	readonly upload: Omit<RecordedUpload, 'createdAtMs'>;
	readonly keepsText: boolean;
	/** @param onTurn - to be called when it need not wait any more. */
	readonly translate: (onTurn: () => void) => AsyncIterable<TranslationEvent>;
}

/** Tells the history of a recording while it is translated; what comes out is the same. */
export async function* recordRecording(
	recorder: Pick<SessionRecorder, 'openUpload'>,
	{upload, keepsText, translate}: RecordingToRecord,
): AsyncGenerator<TranslationEvent, void> {
	const record: SessionRecord = recorder.openUpload({...upload, createdAtMs: Date.now()});
	const [target = 'same'] = upload.targets;
	let audioMs = 0;
	// Unless it comes to its end.
	let cause: unknown = new InfinisstError('RESOURCE_CLOSED', 'The client went away before it was answered');
	try {
		for await (const event of translate(() => record.began(Date.now()))) {
			if (event.type === 'segment-final') {
				audioMs = event.segment.endMs;
				record.updated(describeSegment(event.segment, {target, keepsText}));
			}
			if (event.type === 'translation-ended') ({audioMs} = event);
			yield event;
		}
		cause = undefined;
	} catch (error) {
		cause = error;
		throw error;
	} finally {
		record.ended({atMs: Date.now(), audioMs, cause});
	}
}
