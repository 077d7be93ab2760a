import {extname} from 'node:path';

import * as z from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {SUBTITLE_FORMATS} from '../../../core/subtitles/subtitle-formatter.js';
import {parseOptions} from '../../parse-options.js';

/** What is fetched. */
export type RecordingKind = 'video' | 'sound';

export interface YoutubeOptions {
	readonly url: URL;
	/** Where the recording is kept; undefined: below a name of its own, or nowhere with `translate`. */
	readonly recording: {readonly path: string; readonly kind: RecordingKind} | undefined;
	/** Flags of `infinisst translate`; undefined: only fetched. */
	readonly translate: Readonly<Record<string, unknown>> | undefined;
	readonly json: boolean;
	readonly quiet: boolean;
	readonly color: boolean;
}

const VIDEO_EXTENSIONS = ['.mp4', '.mkv', '.webm', '.mov'];
const SOUND_EXTENSIONS = ['.m4a', '.mp3', '.opus', '.flac', '.wav'];
const TEXT_EXTENSIONS = SUBTITLE_FORMATS.map(format => `.${format}`);

/** Flags that say how to translate and have no default. */
const TRANSLATE_FLAGS: Readonly<Record<string, string>> = {
	from: '--from',
	to: '--to',
	format: '--format',
	words: '--words',
	maxLineWidth: '--max-line-width',
	maxLines: '--max-lines',
	threads: '--threads',
	prompt: '--prompt',
	previousText: '--previous-text',
	timestamps: '--timestamps',
	raw: '--raw',
	rate: '--rate',
	channels: '--channels',
	keepText: '--keep-text',
};

const schema = z.looseObject({
	output: z.array(z.string()).default([]),
	translate: z.boolean().default(false),
	json: z.boolean().default(false),
	quiet: z.boolean().default(false),
	color: z.boolean().default(true),
});

/** @throws {InfinisstError} `OPTION_INVALID`. */
export function parseYoutubeOptions(url: string, flags: unknown): YoutubeOptions {
	const {output, translate, ...more} = parseOptions(schema, flags);
	const address = parseAddress(url);
	if (!translate) refuseTranslateFlags(more);
	const texts = output.filter(path => TEXT_EXTENSIONS.includes(extensionOf(path)));
	const recordings = output.filter(path => !texts.includes(path));
	refuseSecond(texts, 'texts');
	refuseSecond(recordings, 'recordings');
	const [text] = texts;
	const [recording] = recordings;
	if (text !== undefined && !translate) {
		throw new InfinisstError('OPTION_INVALID', `--output ${text} is for text, and nothing is translated`, {
			hint: 'Add --translate, or name a file such as talk.mp4.',
		});
	}

	return {
		url: address,
		recording: recording === undefined ? undefined : {path: recording, kind: kindOf(recording)},
		translate: translate ? {...more, ...(text !== undefined && {output: text})} : undefined,
		json: more.json,
		quiet: more.quiet,
		color: more.color,
	};
}

function parseAddress(text: string): URL {
	if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return new URL(text);
	throw new InfinisstError('OPTION_INVALID', `"${text}" is no web address`, {
		hint: 'Give one such as https://www.youtube.com/watch?v=…',
	});
}

function refuseTranslateFlags(flags: Readonly<Record<string, unknown>>): void {
	const name = Object.keys(TRANSLATE_FLAGS).find(key => flags[key] !== undefined);
	if (name === undefined) return;
	throw new InfinisstError('OPTION_INVALID', `${TRANSLATE_FLAGS[name]!} says how to translate`, {
		hint: 'Add --translate.',
	});
}

function refuseSecond(paths: readonly string[], what: string): void {
	if (paths.length < 2) return;
	throw new InfinisstError('OPTION_INVALID', `--output names two ${what}: ${paths.join(' and ')}`, {
		hint: 'Leave one of them out.',
	});
}

function kindOf(path: string): RecordingKind {
	const extension = extensionOf(path);
	if (VIDEO_EXTENSIONS.includes(extension)) return 'video';
	if (SOUND_EXTENSIONS.includes(extension)) return 'sound';
	const known = [...VIDEO_EXTENSIONS, ...SOUND_EXTENSIONS, ...TEXT_EXTENSIONS].join(', ');
	throw new InfinisstError('OPTION_INVALID', `--output ${path} has no extension that says what to write`, {
		hint: `Use one of ${known}.`,
	});
}

function extensionOf(path: string): string {
	return extname(path).toLowerCase();
}
