import {createJsonFormatter} from './format-json.js';
import {createLyricsFormatter} from './format-lyrics.js';
import {createSubripFormatter} from './format-subrip.js';
import {createTextFormatter} from './format-text.js';
import {createTsvFormatter} from './format-tsv.js';
import {createWebvttFormatter} from './format-webvtt.js';
import type {SubtitleFormat, SubtitleFormatter, SubtitleOptions} from './subtitle-formatter.js';

const creators: Readonly<Record<SubtitleFormat, (options: SubtitleOptions) => SubtitleFormatter>> = {
	txt: createTextFormatter,
	srt: createSubripFormatter,
	vtt: createWebvttFormatter,
	json: createJsonFormatter,
	tsv: createTsvFormatter,
	lrc: createLyricsFormatter,
};

/** A formatter for one recording; it keeps state, so each recording needs its own. */
export function createSubtitleFormatter(format: SubtitleFormat, options: SubtitleOptions): SubtitleFormatter {
	return creators[format](options);
}
