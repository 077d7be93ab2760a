import type {AudioSource} from '../../src/core/audio/audio-source.js';
import {openAudio} from '../../src/core/audio/open-audio.js';
import type {FileTranslationOptions, FileTranslator} from '../../src/core/translation/file-translator.js';
import type {Segment, TranslationEvent} from '../../src/core/translation/translation-event.js';
import {sharedPath} from './shared.js';

/** What a translation reported, to its end. */
export interface TranslationOutcome {
	readonly events: readonly TranslationEvent[];
	readonly segments: readonly Segment[];
	/** Of all segments. */
	readonly text: string;
	/** In the order in which they were detected. */
	readonly languages: readonly string[];
}

/** Captions in the spoken language, which is detected. */
export const CAPTIONS: FileTranslationOptions = {sourceLanguage: 'auto', task: 'transcribe'};

export function openShared(relative: string): Promise<AudioSource> {
	return openAudio({kind: 'file', path: sharedPath(relative)}, {});
}

/** Translates a shared recording; what is not said is as in {@link CAPTIONS}. */
export async function translateShared(
	translator: FileTranslator,
	relative: string,
	options: Partial<FileTranslationOptions> = {},
): Promise<TranslationOutcome> {
	return collectTranslation(translator.translate(await openShared(relative), {...CAPTIONS, ...options}));
}

export async function collectTranslation(
	iteration: AsyncIterable<TranslationEvent>,
): Promise<TranslationOutcome> {
	const events: TranslationEvent[] = [];
	for await (const event of iteration) events.push(event);
	const segments = events.flatMap(event => (event.type === 'segment-final' ? [event.segment] : []));
	return {
		events,
		segments,
		text: segments.map(({text}) => text).join(' '),
		languages: events.flatMap(event => (event.type === 'language-detected' ? [event.language] : [])),
	};
}

export interface WatchedAudio {
	readonly audio: AudioSource;
	/** Changes as the audio is used. */
	readonly state: {
		isCancelled: boolean;
		cancelledWith: unknown;
		isRead: boolean;
	};
}

/** Passes audio on, and tells whether it was read to its end or cancelled. */
export function watchAudio({samples, ...audio}: AudioSource): WatchedAudio {
	const state: WatchedAudio['state'] = {isCancelled: false, cancelledWith: undefined, isRead: false};
	const reader = samples.getReader();
	const watched = new ReadableStream<Float32Array>(
		{
			async pull(controller) {
				const {done, value} = await reader.read();
				if (!done) {
					controller.enqueue(value);
					return;
				}
				state.isRead = true;
				controller.close();
			},
			async cancel(reason) {
				state.isCancelled = true;
				state.cancelledWith = reason;
				await reader.cancel(reason);
			},
		},
		{highWaterMark: 0},
	);
	return {audio: {...audio, samples: watched}, state};
}
