import type {SessionEvent} from '../../session/session-event.js';
import {readAhead} from '../../util/read-ahead.js';
import type {Segment, TimedWord, TranslationEvent} from '../translation-event.js';
import {compressionRatio} from '../whisper/segment-recognizer.js';
import {TargetWriter} from './target-writer.js';
import type {GlossaryEntry, LatencyMultiplier} from '../../engine/engine.js';
import {glossaryOf} from './settle-glossary.js';
import type {TextTranslator} from './text-translator.js';
import {writeAll} from './write-all.js';

export interface TranslateCaptionsOptions {
	/** Codes; each by one translator, which does not become this function's. */
	readonly targets: readonly {readonly target: string; readonly translator: TextTranslator}[];
	/** Code of the language that the captions are in. */
	readonly sourceLanguage: string;
	readonly glossary?: readonly GlossaryEntry[];
	/** How many words are put together before they are translated. @default 4: nobody waits for a recording */
	readonly latencyMultiplier?: LatencyMultiplier;
	/** What the captions themselves are called, where they are wanted too: `same`, or a code. */
	readonly keeps?: string;
	/** Also time every word. @default false */
	readonly words?: boolean;
	/** Fires to give it up: what is being translated rejects with its reason. */
	readonly signal?: AbortSignal;
}

/** Captions that are heard while those before them are translated: some kilobytes. */
const CAPTIONS_AHEAD = 32;

/** What a recording's captions stand in for: one session whose only target is what was said. */
const HEARD = 'same';

/**
 * Translates the captions of a recording, by the same turns as those of a live session.
 *
 * @param captions - with the times of their words; read to the end or returned.
 * @returns events of the captions, with segments of each target in place of theirs.
 */
export async function* translateCaptions(
	captions: AsyncIterable<TranslationEvent>,
	options: TranslateCaptionsOptions,
): AsyncGenerator<TranslationEvent, void, undefined> {
	const {targets, sourceLanguage, glossary = [], latencyMultiplier = 4, words = false} = options;
	const signal = options.signal ?? new AbortController().signal;
	const writers = targets.map(({target, translator}) => {
		const open = (state: unknown) =>
			translator.open(
				{sourceLanguage, target, latencyMultiplier, glossary: glossaryOf(target, glossary)},
				state,
			);
		// Times of words are needed for the spans of segments in any case.
		return new TargetWriter({
			target,
			spokenLanguage: sourceLanguage,
			heard: HEARD,
			open,
			partials: false,
			words: true,
		});
	});
	let segments = 0;
	const write = async (audioMs: number, events: readonly SessionEvent[]): Promise<TranslationEvent[]> => {
		for (const writer of writers) for (const event of events) writer.hear(event);
		const written: TranslationEvent[] = [];
		for (const event of await writeAll(writers, {audioMs, finalMs: audioMs}, signal)) {
			if (event.type !== 'segment-ended') continue;
			segments++;
			written.push({type: 'segment-final', segment: toSegment(event, words), target: event.target});
		}
		return written;
	};

	try {
		for await (const event of readAhead(captions, CAPTIONS_AHEAD)) {
			switch (event.type) {
				case 'segment-final':
					if (options.keeps !== undefined) {
						segments++;
						yield {...event, segment: bare(event.segment, words), target: options.keeps};
					}
					// A silence before it ends what was open.
					yield* await write(event.segment.startMs, []);
					yield* await write(event.segment.endMs, toSessionEvents(event.segment));
					break;
				case 'translation-ended':
					yield* await write(event.audioMs, [{type: 'session-ended', audioMs: event.audioMs}]);
					yield {...event, segments};
					break;
				case 'language-detected':
				case 'progress':
				case 'warning-raised':
					yield event;
			}
		}
	} finally {
		for (const writer of writers) writer.close();
	}
}

function bare(segment: Segment, withWords: boolean): Segment {
	const {words, ...rest} = segment;
	return withWords && words !== undefined ? segment : rest;
}

function toSessionEvents({index, startMs, endMs, text, words, sourceLanguage}: Segment): SessionEvent[] {
	const place = {target: HEARD, language: sourceLanguage, segment: index, startMs, endMs, audioMs: endMs};
	return [
		{type: 'text-final', ...place, text: ` ${text}`, ...(words !== undefined && {words})},
		{type: 'segment-ended', ...place, text, sourceLanguage},
	];
}

function toSegment(event: Extract<SessionEvent, {type: 'segment-ended'}>, withWords: boolean): Segment {
	const {segment: index, startMs, endMs, text, sourceLanguage, words = []} = event;
	return {
		index,
		startMs,
		endMs,
		text,
		sourceLanguage,
		averageLogProbability: meanLogProbability(words),
		noSpeechProbability: 0,
		compressionRatio: compressionRatio(text),
		temperature: 0,
		...(withWords && {words}),
	};
}

function meanLogProbability(words: readonly TimedWord[]): number {
	if (words.length === 0) return 0;
	return words.reduce((sum, {probability}) => sum + Math.log(Math.max(probability, 1e-9)), 0) / words.length;
}
