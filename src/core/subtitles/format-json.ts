import {findLanguage} from '../language/language-table.js';
import {
	languageOfText,
	type SubtitleFormatter,
	type SubtitleOptions,
	type SubtitleSegment,
} from './subtitle-formatter.js';

/**
 * One JSON object in the shape that Whisper programs share (`text`, `segments`, `language`; seconds), with
 * `file`, `model`, `task`, `language_probability` and `duration` of our own. A line a segment, so that it
 * can be followed while it grows.
 */
export function createJsonFormatter(options: SubtitleOptions): SubtitleFormatter {
	const {file, model, task} = options.recording;
	let text = '';
	let isFirst = true;
	return {
		begin() {
			const facts = JSON.stringify({file, model, task});
			return `${facts.slice(0, -1)},"segments":[`;
		},
		segment(segment) {
			text = joinTexts(text, segment.text, languageOfText(segment, options));
			const separator = isFirst ? '\n' : ',\n';
			isFirst = false;
			return separator + JSON.stringify(describeSegment(segment, options.words));
		},
		end({audioMs, language, languageProbability}) {
			const facts = JSON.stringify({
				text,
				language: language ?? null,
				language_probability: languageProbability ?? null,
				duration: toSeconds(audioMs),
			});
			return `${isFirst ? '' : '\n'}],${facts.slice(1)}\n`;
		},
	};
}

function describeSegment(segment: SubtitleSegment, words: boolean): Record<string, unknown> {
	return {
		id: segment.index,
		start: toSeconds(segment.startMs),
		end: toSeconds(segment.endMs),
		text: segment.text,
		temperature: segment.temperature,
		avg_logprob: segment.averageLogProbability,
		compression_ratio: segment.compressionRatio,
		no_speech_prob: segment.noSpeechProbability,
		...(words && {
			words: (segment.words ?? []).map(word => ({
				word: word.text,
				start: toSeconds(word.startMs),
				end: toSeconds(word.endMs),
				probability: word.probability,
			})),
		}),
	};
}

function joinTexts(before: string, text: string, language: string): string {
	if (before === '') return text;
	return `${before}${findLanguage(language)?.joinsWithoutSpaces ? '' : ' '}${text}`;
}

function toSeconds(timeMs: number): number {
	return Math.round(timeMs) / 1000;
}
