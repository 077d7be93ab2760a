import type {Segment} from '../translation/translation-event.js';

/** What segments can be written as. */
export const SUBTITLE_FORMATS = ['txt', 'srt', 'vtt', 'json', 'tsv', 'lrc'] as const;

export type SubtitleFormat = (typeof SUBTITLE_FORMATS)[number];

/** What is known of a recording before it is heard; written into formats that have room for it. */
export interface RecordingFacts {
	/** As the user named it. */
	readonly file: string;
	readonly model: string;
	readonly task: 'transcribe' | 'translate';
}

export interface SubtitleOptions {
	/** Code of the language the segments' text is in; `same` is each segment's spoken language. */
	readonly targetLanguage: string;
	/** Widest line of a subtitle in terminal columns: a Chinese character counts as two. */
	readonly maxLineWidth: number;
	/** Most lines a subtitle shows at once. */
	readonly maxLines: number;
	/** Also write the time of every word, where the segments have them. */
	readonly words: boolean;
	readonly recording: RecordingFacts;
}

/** What is written of a segment. How sure the model was is known of recordings only. */
export type SubtitleSegment = Pick<
	Segment,
	'index' | 'startMs' | 'endMs' | 'text' | 'sourceLanguage' | 'words'
> &
	Partial<Segment>;

/** What is known of a recording once it has been heard. */
export interface RecordingSummary {
	readonly audioMs: number;
	/** Code of the language spoken, and how sure its detection was, 0..1; undefined where it was not detected. */
	readonly language: string | undefined;
	readonly languageProbability: number | undefined;
}

/**
 * Writes one recording in one format, piece by piece: the texts returned, one after the other, are the
 * file. Nothing that was returned changes later, so text can be shown as soon as it is made.
 */
export interface SubtitleFormatter {
	/** What stands before the first segment. */
	begin(): string;
	/** One more segment; they come in the order of the audio. */
	segment(segment: SubtitleSegment): string;
	/** What stands after the last one. */
	end(summary: RecordingSummary): string;
}

/** Code of the language a segment's text is in. */
export function languageOfText(
	segment: SubtitleSegment,
	{targetLanguage}: Pick<SubtitleOptions, 'targetLanguage'>,
): string {
	return targetLanguage === 'same' ? segment.sourceLanguage : targetLanguage;
}
