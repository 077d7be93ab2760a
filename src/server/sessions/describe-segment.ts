import type {Segment} from '../../../core/translation/translation-event.js';
import type {RecordedUpdate} from '../../../server/sessions/session-recorder.js';
import type {RecordingRun} from './translate-recording.js';

/** What the history keeps of a segment of a recording. */
export function describeSegment(
	{index, startMs, endMs, text, sourceLanguage}: Segment,
	{task, options}: Pick<RecordingRun, 'task' | 'options'>,
): RecordedUpdate {
	const target = task.targetLanguage;
	const language = target === 'same' ? sourceLanguage : target;
	return {
		atMs: Date.now(),
		audioMs: endMs,
		finalMs: endMs,
		// Recordings are not heard as they are spoken.
		lagMs: undefined,
		finals: 1,
		segments: 1,
		characters: text.length,
		texts: options.keepText
			? [{target, language, segment: index, startMs, endMs, text, sourceText: undefined}]
			: [],
		endsStretch: false,
	};
}
