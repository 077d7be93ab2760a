import type {Segment} from '../../core/translation/translation-event.js';
import type {RecordedUpdate} from './session-recorder.js';

/**
 * What a history keeps of a segment of a recording.
 *
 * @param target - code of the language of its text, or `same`.
 */
export function describeSegment(
	{index, startMs, endMs, text, sourceLanguage}: Segment,
	{target, keepsText}: {readonly target: string; readonly keepsText: boolean},
): RecordedUpdate {
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
		texts: keepsText ? [{target, language, segment: index, startMs, endMs, text, sourceText: undefined}] : [],
		work: undefined,
		endsStretch: false,
	};
}
