import type {SessionEvent} from '../../core/session/session-event.js';
import type {RecordedText, RecordedUpdate} from './session-recorder.js';

/** What a history keeps of the events of an update. */
export function describeUpdate(
	events: readonly SessionEvent[],
	{atMs, keepsText}: {readonly atMs: number; readonly keepsText: boolean},
): RecordedUpdate {
	const lag = events.find(event => event.type === 'lag-measured');
	const texts: RecordedText[] = [];
	let finals = 0;
	let segments = 0;
	let characters = 0;
	for (const event of events) {
		if (event.type === 'segment-ended') segments++;
		if (event.type !== 'text-final') continue;
		finals++;
		characters += event.text.length;
		if (!keepsText) continue;
		const {target, language, segment, startMs, endMs, text, sourceText} = event;
		texts.push({target, language, segment, startMs, endMs, text, sourceText});
	}
	return {
		atMs,
		audioMs: lag?.audioMs,
		finalMs: lag?.finalMs,
		lagMs: lag?.lagMs,
		finals,
		segments,
		characters,
		texts,
		endsStretch: events.some(({type}) => type === 'stretch-ended'),
	};
}
