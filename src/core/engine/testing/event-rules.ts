import type {SegmentEnded, SessionEvent, TextFinal, TextPartial} from '../../session/session-event.js';

/** What was said of one target so far. */
interface TargetRun {
	/** Number of the segment that is open, or opens next. */
	segment: number;
	/** Texts of the open segment's finals. */
	finals: string;
	startMs: number;
	endMs: number;
}

export interface EventRulesOptions {
	/** Those asked for; without, every target is allowed. */
	readonly targets?: readonly string[];
	/** Whether the run was left before its end. @default false */
	readonly isCut?: boolean;
}

/**
 * Checks what every session promises of its events (see `SessionEvent`), whatever the model.
 *
 * @returns a sentence for each broken rule, in the order of the events; none for a good run.
 */
export function findBrokenRules(
	events: readonly SessionEvent[],
	{targets, isCut = false}: EventRulesOptions = {},
): string[] {
	const broken: string[] = [];
	const runs = new Map<string, TargetRun>();
	let audioMs = 0;
	let finalMs = 0;
	let hasEnded = false;

	for (const [index, event] of events.entries()) {
		const say = (what: string): void => void broken.push(`event ${index} (${event.type}): ${what}`);
		if (hasEnded) say('came after session-ended');
		if ('audioMs' in event) {
			if (!(event.audioMs >= audioMs)) say(`audioMs went back from ${audioMs} to ${event.audioMs}`);
			audioMs = Math.max(audioMs, event.audioMs);
		}

		switch (event.type) {
			case 'text-final':
			case 'text-partial':
			case 'segment-ended': {
				if (targets !== undefined && !targets.includes(event.target)) {
					say(`nobody asked for ${event.target}`);
				}
				const run = runs.get(event.target) ?? {segment: 0, finals: '', startMs: 0, endMs: 0};
				runs.set(event.target, run);
				checkText(event, run, say);
				if (event.type === 'text-final' && event.endMs < finalMs) {
					say(`ends at ${event.endMs}, though all before ${finalMs} was final`);
				}
				break;
			}
			case 'lag-measured':
				if (!(event.finalMs <= event.audioMs)) say('finalMs is after audioMs');
				if (!(event.finalMs >= finalMs)) say(`finalMs went back from ${finalMs} to ${event.finalMs}`);
				if (!(event.lagMs >= 0)) say('lagMs is negative');
				if (!(event.levelDecibels >= -100 && event.levelDecibels <= 0)) say('levelDecibels is not -100..0');
				finalMs = Math.max(finalMs, event.finalMs);
				break;
			case 'language-detected':
				if (!(event.probability >= 0 && event.probability <= 1)) say('probability is not 0..1');
				break;
			case 'stretch-ended':
			case 'session-ended':
				for (const [target, {finals, segment}] of runs) {
					if (finals !== '') say(`segment ${segment} of ${target} has not ended`);
				}
				hasEnded ||= event.type === 'session-ended';
				break;
			case 'warning-raised':
				if (event.message === '') say('says nothing');
		}
	}

	if (!hasEnded && !isCut) broken.push('there is no session-ended');
	return broken;
}

type Say = (what: string) => void;

function checkText(event: TextFinal | TextPartial | SegmentEnded, run: TargetRun, say: Say): void {
	const {segment, startMs, endMs, audioMs, text} = event;
	if (segment !== run.segment) say(`belongs to segment ${segment}, but ${run.segment} is open`);
	if (!(startMs >= 0 && startMs <= endMs)) say(`startMs ${startMs} is after endMs ${endMs}`);
	if (!(endMs <= audioMs)) say(`endMs ${endMs} is after audioMs ${audioMs}`);
	switch (event.type) {
		case 'text-partial':
			break;
		case 'text-final':
			if (text === '') say('has no text');
			if (startMs < run.startMs) say(`startMs went back from ${run.startMs} to ${startMs}`);
			if (endMs < run.endMs) say(`endMs went back from ${run.endMs} to ${endMs}`);
			if (event.words !== undefined) checkWords(event.words, text, say);
			run.finals += text;
			run.startMs = Math.max(run.startMs, startMs);
			run.endMs = Math.max(run.endMs, endMs);
			break;
		case 'segment-ended':
			if (text === '') say('has no text');
			if (text !== run.finals.trim()) say('text is not that of its finals');
			if (event.words !== undefined) checkWords(event.words, text, say);
			run.finals = '';
			run.segment++;
	}
}

function checkWords(words: NonNullable<TextFinal['words']>, text: string, say: Say): void {
	if (
		words
			.map(word => word.text)
			.join('')
			.trim() !== text.trim()
	)
		say('words do not join to the text');
	const isOrdered = words.every(
		({startMs, endMs}, index) => startMs <= endMs && (index === 0 || startMs >= words[index - 1]!.startMs),
	);
	if (!isOrdered) say('words are not in the order of the audio');
}
