import {CueOrder} from './cue-order.js';
import type {Cue} from './cue.js';
import {cutCues} from './cut-cues.js';
import {formatClockTime} from './format-time.js';
import {languageOfText, type SubtitleFormatter, type SubtitleOptions} from './subtitle-formatter.js';

/** WebVTT (w3.org/TR/webvtt1). With `words`, a timestamp stands before every word but a cue's first. */
export function createWebvttFormatter(options: SubtitleOptions): SubtitleFormatter {
	const order = new CueOrder();
	return {
		begin: () => 'WEBVTT\n\n',
		segment: segment =>
			cutCues(segment, languageOfText(segment, options), options)
				.map(cue => formatCue(order.place(cue), options.words))
				.join(''),
		end: () => '',
	};
}

function formatCue(cue: Cue, words: boolean): string {
	const times = `${formatClockTime(cue.startMs, '.')} --> ${formatClockTime(cue.endMs, '.')}`;
	const lines = words ? formatTimedLines(cue) : cue.lines.map(escapeText);
	return `${times}\n${lines.join('\n')}\n\n`;
}

function formatTimedLines({startMs, endMs, lines, wordStarts}: Cue): string[] {
	let lastMs = startMs;
	return lines.map((line, index) => {
		let text = '';
		let written = 0;
		for (const word of wordStarts.filter(start => start.line === index)) {
			// The standard wants them to rise strictly between the cue's own times; others are left out.
			if (word.startMs <= lastMs || word.startMs >= endMs) continue;
			text += `${escapeText(line.slice(written, word.offset))}<${formatClockTime(word.startMs, '.')}>`;
			written = word.offset;
			lastMs = word.startMs;
		}

		return text + escapeText(line.slice(written));
	});
}

/** `>` too, because `-->` may not stand in a cue. */
function escapeText(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
