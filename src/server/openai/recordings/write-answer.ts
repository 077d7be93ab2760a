import {z} from 'zod';

import {findLanguage} from '../../../core/language/language-table.js';
import {createSubtitleFormatter} from '../../../core/subtitles/create-subtitle-formatter.js';
import type {Segment, TranslationEvent} from '../../../core/translation/translation-event.js';
import {JoinedText} from './joined-text.js';
import type {RecordingForm, ResponseFormat} from './recording-form.js';

/** What is known of a recording before it is heard. */
export interface AnswerFacts {
	readonly task: 'transcribe' | 'translate';
	readonly model: string;
	readonly file: string;
	readonly form: RecordingForm;
}

export interface WholeAnswer {
	readonly contentType: string;
	readonly body: string;
}

/** Of a subtitle, as `infinisst translate` does it. */
const MAX_LINE_WIDTH = 42;
const MAX_LINES = 2;

const usageSchema = z.object({type: z.literal('duration'), seconds: z.number()});

/** `json` */
export const shortSchema = z.object({text: z.string(), usage: usageSchema});

/** `verbose_json` */
export const verboseSchema = z.object({
	task: z.enum(['transcribe', 'translate']),
	language: z.string(),
	duration: z.number(),
	text: z.string(),
	segments: z
		.array(
			z.object({
				id: z.int(),
				seek: z.int(),
				start: z.number(),
				end: z.number(),
				text: z.string(),
				tokens: z.array(z.int()),
				temperature: z.number(),
				avg_logprob: z.number(),
				compression_ratio: z.number(),
				no_speech_prob: z.number(),
			}),
		)
		.optional(),
	words: z.array(z.object({word: z.string(), start: z.number(), end: z.number()})).optional(),
	usage: usageSchema,
});

/** Times of words are needed to tell them, and to cut subtitles where they are spoken. */
export function needsWords({responseFormat, granularities}: RecordingForm): boolean {
	return granularities.has('word') || responseFormat === 'srt' || responseFormat === 'vtt';
}

/** Reads a translation to its end and writes it as it was asked for. */
export async function writeAnswer(
	events: AsyncIterable<TranslationEvent>,
	facts: AnswerFacts,
): Promise<WholeAnswer> {
	const targetLanguage = facts.task === 'translate' ? 'en' : 'same';
	const joined = new JoinedText(targetLanguage);
	const segments: Segment[] = [];
	let language = facts.form.language === 'auto' ? undefined : facts.form.language;
	let audioMs = 0;
	for await (const event of events) {
		if (event.type === 'segment-final') {
			segments.push(event.segment);
			joined.add(event.segment);
		} else if (event.type === 'language-detected') language ??= event.language;
		else if (event.type === 'translation-ended') ({audioMs} = event);
	}

	return write(facts.form.responseFormat);

	function write(format: ResponseFormat): WholeAnswer {
		switch (format) {
			case 'json':
				return writeJson({text: joined.text, usage: usageOf(audioMs)} satisfies z.infer<typeof shortSchema>);
			case 'text':
				return {contentType: 'text/plain; charset=utf-8', body: `${joined.text}\n`};
			case 'srt':
				return {contentType: 'text/plain; charset=utf-8', body: writeSubtitles('srt')};
			case 'vtt':
				return {contentType: 'text/vtt; charset=utf-8', body: writeSubtitles('vtt')};
			case 'verbose_json':
				return writeJson(describe());
		}
	}

	function writeSubtitles(format: 'srt' | 'vtt'): string {
		const formatter = createSubtitleFormatter(format, {
			targetLanguage,
			maxLineWidth: MAX_LINE_WIDTH,
			maxLines: MAX_LINES,
			words: false,
			recording: facts,
		});
		const cues = segments.map(segment => formatter.segment(segment)).join('');
		return formatter.begin() + cues + formatter.end({audioMs, language, languageProbability: undefined});
	}

	function describe(): z.infer<typeof verboseSchema> {
		const {granularities} = facts.form;
		const code = facts.task === 'translate' ? 'en' : (language ?? '');
		return {
			task: facts.task,
			language: findLanguage(code)?.name.toLowerCase() ?? 'unknown',
			duration: audioMs / 1000,
			text: joined.text,
			...((granularities.size === 0 || granularities.has('segment')) && {
				segments: segments.map(describeSegment),
			}),
			...(granularities.has('word') && {words: segments.flatMap(describeWords)}),
			usage: usageOf(audioMs),
		};
	}
}

function writeJson(value: unknown): WholeAnswer {
	return {contentType: 'application/json; charset=utf-8', body: JSON.stringify(value)};
}

function usageOf(audioMs: number): z.infer<typeof usageSchema> {
	return {type: 'duration', seconds: Math.ceil(audioMs / 1000)};
}

function describeSegment(segment: Segment) {
	return {
		id: segment.index,
		// In frames of the spectrogram, of 10 ms.
		seek: Math.round(segment.startMs / 10),
		start: toSeconds(segment.startMs),
		end: toSeconds(segment.endMs),
		text: segment.text,
		tokens: [...(segment.tokens ?? [])],
		temperature: segment.temperature,
		avg_logprob: segment.averageLogProbability,
		compression_ratio: segment.compressionRatio,
		no_speech_prob: segment.noSpeechProbability,
	};
}

function describeWords({words = []}: Segment) {
	return words.map(({text, startMs, endMs}) => ({
		word: text.trim(),
		start: toSeconds(startMs),
		end: toSeconds(endMs),
	}));
}

function toSeconds(ms: number): number {
	return Math.round(ms) / 1000;
}
