import {extname} from 'node:path';

import * as z from 'zod';

import type {RawFormat} from '../../../core/audio/audio-source.js';
import {InfinisstError} from '../../../core/errors.js';
import {parseLanguageRequest, type LanguageRequest} from '../../../core/language/parse-language-request.js';
import {DEVICES, type Device} from '../../../core/models/onnx-session.js';
import {DEFAULT_PRECISION, PRECISIONS, type Precision} from '../../../core/models/precision.js';
import {SUBTITLE_FORMATS, type SubtitleFormat} from '../../../core/subtitles/subtitle-formatter.js';
import {TEXT_SETTING_LIMITS, type TextSettings} from '../../../core/translation/text/text-settings.js';
import {oneOf, parseOptions, wholeNumber} from '../../parse-options.js';
import {liveFlags, resolveLive, splitTargets, type LiveOptions} from './live/live-options.js';

export interface TranslateOptions {
	/** At least one, all of one source. */
	readonly languages: readonly LanguageRequest[];
	readonly format: SubtitleFormat;
	/** A file or a folder, as given. */
	readonly output: string | undefined;
	/** Whether the times of words are wanted for themselves. */
	readonly words: boolean;
	readonly previousText: boolean;
	readonly timestamps: boolean;
	readonly maxLineWidth: number;
	readonly maxLines: number;
	/** Undefined: the catalogue's default. */
	readonly model: string | undefined;
	readonly precision: Precision;
	readonly device: Device;
	/** Undefined: one for each core. */
	readonly threads: number | undefined;
	readonly beamSize: number;
	readonly prompt: string | undefined;
	/** A file, as given. */
	readonly glossary: string | undefined;
	/** For models that translate text. */
	readonly textSettings: TextSettings;
	readonly raw: RawFormat | undefined;
	/** Whether to fetch a missing model; undefined: if somebody is watching. */
	readonly download: boolean | undefined;
	/** Whether to keep what happened, and whether the texts as well. */
	readonly history: boolean;
	readonly keepText: boolean;
	readonly json: boolean;
	readonly quiet: boolean;
	readonly color: boolean;
	/** Set if the input is translated while it is heard. */
	readonly live: LiveOptions | undefined;
	/** Nothing is translated: the microphones are listed. */
	readonly listsInputDevices: boolean;
	/** Sentences about flags that change nothing here. */
	readonly remarks: readonly string[];
}

const text = z.string();
const {maxCacheTokens, contextSentences} = TEXT_SETTING_LIMITS;
const schema = z.object({
	from: text.optional(),
	to: z.array(text).optional(),
	format: oneOf(SUBTITLE_FORMATS).optional(),
	output: text.min(1, 'must be a file or a folder').optional(),
	words: z.boolean().default(false),
	previousText: z.boolean().default(false),
	timestamps: z.boolean().default(false),
	// Narrower lines could not hold a word of most languages; wider ones are no subtitles any more.
	maxLineWidth: wholeNumber(10, 1000).optional(),
	maxLines: wholeNumber(1, 100).optional(),
	model: text.min(1, 'must name a model').optional(),
	precision: oneOf(['auto', ...PRECISIONS]).default('auto'),
	device: oneOf(DEVICES).default('auto'),
	threads: wholeNumber(1, 256).optional(),
	beam: wholeNumber(1, 16).default(1),
	prompt: text.optional(),
	glossary: text.min(1, 'must be a file').optional(),
	maxLlmCacheSize: wholeNumber(maxCacheTokens.least, maxCacheTokens.most).optional(),
	contextSentences: wholeNumber(contextSentences.least, contextSentences.most).optional(),
	raw: oneOf(['s16le', 'f32le']).optional(),
	rate: wholeNumber(1000, 768_000).optional(),
	channels: wholeNumber(1, 64).optional(),
	download: z.boolean().optional(),
	history: z.boolean().default(true),
	keepText: z.boolean().default(false),
	json: z.boolean().default(false),
	quiet: z.boolean().default(false),
	color: z.boolean().default(true),
	...liveFlags,
});

/**
 * What `infinisst translate` shall do, with every default filled in.
 *
 * @param inputs - as given; the standard input is live.
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function parseTranslateOptions(flags: unknown, inputs: readonly string[]): TranslateOptions {
	const parsed = parseOptions(schema, flags);
	const live = parsed.listInputDevices ? undefined : resolveLive(parsed, inputs);
	if (parsed.json && parsed.format !== undefined && parsed.output === undefined) {
		throw new InfinisstError('OPTION_INVALID', '--json and --format both say what to print', {
			hint: 'Leave one of them out, or name a file for the --format with --output.',
		});
	}

	const languages = parseLanguages(parsed);
	const format = parsed.format ?? formatOfName(parsed.output) ?? 'txt';
	return {
		languages,
		format,
		output: parsed.output,
		words: parsed.words,
		previousText: parsed.previousText,
		timestamps: parsed.timestamps,
		maxLineWidth: parsed.maxLineWidth ?? 42,
		maxLines: parsed.maxLines ?? 2,
		model: parsed.model,
		precision: parsed.precision === 'auto' ? DEFAULT_PRECISION : parsed.precision,
		device: parsed.device,
		threads: parsed.threads,
		beamSize: parsed.beam,
		prompt: parsed.prompt,
		glossary: parsed.glossary,
		textSettings: {
			...(parsed.maxLlmCacheSize !== undefined && {maxCacheTokens: parsed.maxLlmCacheSize}),
			...(parsed.contextSentences !== undefined && {contextSentences: parsed.contextSentences}),
		},
		raw: resolveRaw(parsed),
		download: parsed.download,
		history: parsed.history,
		keepText: parsed.keepText,
		json: parsed.json,
		quiet: parsed.quiet,
		color: parsed.color,
		live,
		listsInputDevices: parsed.listInputDevices,
		remarks: findUselessFlags(parsed, format),
	};
}

function parseLanguages({from, to = []}: z.output<typeof schema>): LanguageRequest[] {
	const wanted = splitTargets(to);
	if (wanted.length === 0) return [parseLanguageRequest({from})];
	const requests = wanted.map(to => parseLanguageRequest({from, to}));
	// "de -> en,same" says for both what is spoken.
	const [source = 'auto', other] = new Set(requests.map(request => request.source).filter(isNamed));
	if (other !== undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`Only one language can be spoken, not ${source} and ${other}`,
			{
				hint: 'Name it once, with --from.',
			},
		);
	}

	const targets = new Set(requests.map(({target}) => target));
	return [...targets].map(target => ({source, target}));
}

function isNamed(source: string): boolean {
	return source !== 'auto';
}

/** `talk.srt` says what it shall be. */
function formatOfName(output: string | undefined): SubtitleFormat | undefined {
	const extension = extname(output ?? '')
		.slice(1)
		.toLowerCase();
	return SUBTITLE_FORMATS.find(format => format === extension);
}

function resolveRaw({raw, rate, channels}: z.output<typeof schema>): RawFormat | undefined {
	if (raw !== undefined) return {encoding: raw, sampleRateHz: rate ?? 16_000, channels: channels ?? 1};
	if (rate === undefined && channels === undefined) return undefined;
	const flag = rate === undefined ? '--channels' : '--rate';
	throw new InfinisstError('OPTION_INVALID', `${flag} describes headerless samples and needs --raw`, {
		hint: 'Add --raw s16le or --raw f32le; other recordings say themselves what they are.',
	});
}

function findUselessFlags(parsed: z.output<typeof schema>, format: SubtitleFormat): string[] {
	const remarks: string[] = [];
	const printsEvents = parsed.json && parsed.output === undefined;
	if (parsed.words && format === 'txt' && !parsed.json) {
		remarks.push('--words changes nothing in txt; json, vtt, srt, tsv and lrc have room for it.');
	}

	const limits = parsed.maxLineWidth ?? parsed.maxLines;
	if (limits !== undefined && (printsEvents || (format !== 'srt' && format !== 'vtt'))) {
		remarks.push('--max-line-width and --max-lines change only srt and vtt.');
	}

	return remarks;
}
