import type {SessionUpdate} from '../../core/engine/engine.js';
import type {RecordedText, RecordedUpdate} from './session-recorder.js';

/** What a history keeps of an update. */
export function describeUpdate(
	{events, work}: Pick<SessionUpdate, 'events' | 'work'>,
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
		work,
		endsStretch: events.some(({type}) => type === 'stretch-ended'),
	};
}
