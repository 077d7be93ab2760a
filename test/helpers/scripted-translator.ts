import type {AudioSource} from '../../src/core/audio/audio-source.js';
import type {FileTranslationOptions, FileTranslator} from '../../src/core/translation/file-translator.js';
import type {TranslationEvent} from '../../src/core/translation/translation-event.js';
import {makeSegment} from './make-segment.js';

/** What a scripted translator does for its n-th recording. */
export type TranslationScript = (
	audio: AudioSource,
	options: FileTranslationOptions,
) => AsyncIterable<TranslationEvent>;

export interface ScriptedTranslator extends FileTranslator {
	readonly calls: FileTranslationOptions[];
	readonly isClosed: boolean;
}

/** A translator that plays one script a recording, the last one again and again, and reads no audio. */
export function createScriptedTranslator(...scripts: readonly TranslationScript[]): ScriptedTranslator {
	const calls: FileTranslationOptions[] = [];
	let isClosed = false;
	return {
		calls,
		get isClosed() {
			return isClosed;
		},
		translate(audio, options) {
			calls.push(options);
			return (scripts[calls.length - 1] ?? scripts.at(-1)!)(audio, options);
		},
		close() {
			isClosed = true;
			return Promise.resolve();
		},
	};
}

/** Says these sentences, two seconds each. */
export function saying(...texts: readonly string[]): TranslationScript {
	return async function* (audio) {
		await audio.samples.cancel();
		yield {type: 'language-detected', language: 'de', probability: 0.9};
		for (const [index, text] of texts.entries()) {
			const startMs = index * 2000;
			yield {
				type: 'segment-final',
				segment: makeSegment({index, text, startMs, endMs: startMs + 2000, sourceLanguage: 'de'}),
			};
			yield {type: 'progress', processedMs: startMs + 2000, durationMs: texts.length * 2000};
		}

		yield {type: 'translation-ended', audioMs: texts.length * 2000, segments: texts.length};
	};
}
