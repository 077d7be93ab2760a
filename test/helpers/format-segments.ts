import {createSubtitleFormatter} from '../../src/core/subtitles/create-subtitle-formatter.js';
import type {SubtitleFormat, SubtitleOptions} from '../../src/core/subtitles/subtitle-formatter.js';
import type {Segment} from '../../src/core/translation/translation-event.js';

/** The whole file that these segments become. */
export function formatSegments(
	format: SubtitleFormat,
	segments: readonly Segment[],
	options: Partial<SubtitleOptions> = {},
): string {
	const formatter = createSubtitleFormatter(format, {
		targetLanguage: 'same',
		maxLineWidth: 42,
		maxLines: 2,
		words: false,
		recording: {file: 'talk.wav', model: 'whisper-base', task: 'transcribe'},
		...options,
	});
	const summary = {audioMs: 11_000, language: 'en', languageProbability: 0.96};
	return [
		formatter.begin(),
		...segments.map(segment => formatter.segment(segment)),
		formatter.end(summary),
	].join('');
}
