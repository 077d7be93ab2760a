import {extname} from 'node:path';

import * as z from 'zod';

import type {LatencyMultiplier} from '../../../../core/engine/engine.js';
import {InfinisstError} from '../../../../core/errors.js';
import {decimalNumber, oneOf} from '../../../parse-options.js';

/** How to translate what is being said. */
export interface LiveOptions {
	readonly source: LiveSource;
	readonly latencyMultiplier: LatencyMultiplier;
	/** Written while it runs. */
	readonly subtitles: {readonly path: string; readonly format: 'vtt' | 'srt'} | undefined;
}

export type LiveSource =
	/** @see CommandContext.stdin */
	| {readonly kind: 'stdin'}
	/** The input is a file, which is heard at `speed` seconds a second. */
	| {readonly kind: 'file'; readonly speed: number}
	/** `device` is its name or description; undefined for the system's default. */
	| {readonly kind: 'microphone'; readonly device: string | undefined};

/** The flags that only live use knows, for the schema of the command. */
export const liveFlags = {
	mic: z.boolean().default(false),
	inputDevice: z.string().min(1, 'must name a microphone').optional(),
	listInputDevices: z.boolean().default(false),
	live: z.boolean().optional(),
	speed: decimalNumber(0.1, 100).optional(),
	latency: oneOf(['1', '2', '3', '4'])
		.transform((digit): LatencyMultiplier => Number(digit) as LatencyMultiplier)
		.optional(),
	subtitles: z.string().min(1, 'must be a file').optional(),
};

/** What decides about live use, of all flags. */
export type LiveFlags = z.output<z.ZodObject<typeof liveFlags>> & {
	readonly to?: readonly string[] | undefined;
	readonly beam: number;
	readonly previousText: boolean;
	readonly timestamps: boolean;
	readonly raw?: string | undefined;
	readonly format?: string | undefined;
	readonly output?: string | undefined;
	readonly json: boolean;
};

/**
 * Whether and how the input is translated while it is heard: a microphone always, the standard input unless
 * `--no-live`, files with `--live`.
 *
 * @returns undefined for recordings that are heard as a whole.
 * @throws {InfinisstError} `OPTION_INVALID` for flags that do not go together.
 */
export function resolveLive(flags: LiveFlags, inputs: readonly string[]): LiveOptions | undefined {
	const source = resolveSource(flags, inputs);
	if (source === undefined) {
		refuseLiveFlags(flags);
		return undefined;
	}

	refuseFileFlags(flags, source);
	return {
		source,
		latencyMultiplier: flags.latency ?? 2,
		subtitles: flags.subtitles === undefined ? undefined : parseSubtitles(flags.subtitles),
	};
}

function resolveSource(flags: LiveFlags, inputs: readonly string[]): LiveSource | undefined {
	const {mic, inputDevice, live, speed} = flags;
	if (mic) {
		if (inputs.length > 0) {
			throw invalid(
				`--mic hears the microphone, and "${inputs[0]!}" is another input`,
				'Leave one of them out.',
			);
		}
		if (live === false) throw invalid('--mic is always live', 'Leave --no-live out.');
		return {kind: 'microphone', device: inputDevice};
	}

	if (inputDevice !== undefined) throw invalid('--input-device names a microphone', 'Add --mic.');
	if (inputs.length === 0) {
		throw invalid(
			"missing required argument 'inputs'",
			'Name a recording, or - for the standard input; --mic hears the microphone.',
		);
	}

	const isStdin = inputs.length === 1 && inputs[0] === '-';
	if (live === false || (live === undefined && !isStdin)) return undefined;
	if (inputs.length > 1) {
		throw invalid(
			`--live hears one recording at a time, not ${inputs.length}`,
			'Name one, or leave --live out.',
		);
	}

	return isStdin ? {kind: 'stdin'} : {kind: 'file', speed: speed ?? 1};
}

/** What a whole recording knows nothing of. */
function refuseLiveFlags({speed, latency, subtitles, to = [], json, output, format}: LiveFlags): void {
	const add = 'Add --live to hear the recording as if it were spoken now';
	if (speed !== undefined) throw invalid('--speed is the pace of a live recording', `${add}.`);
	if (latency !== undefined) throw invalid('--latency is for live use', `${add}.`);
	if (subtitles !== undefined) {
		throw invalid('--subtitles is for live use', `${add}, or write subtitles with --output ${subtitles}.`);
	}

	if (splitTargets(to).length > 1 && !json && output === undefined && (format ?? 'txt') !== 'txt') {
		throw invalid(
			`${format!} of several languages needs a file for each`,
			`Name one with --output: talk.${format!} becomes talk.de.${format!} and so on.`,
		);
	}
}

/** What needs the whole recording. */
function refuseFileFlags(flags: LiveFlags, source: LiveSource): void {
	const {beam, previousText, timestamps, raw, speed, format = 'txt', output, to = []} = flags;
	const remedy = source.kind === 'stdin' ? 'Leave it out, or add --no-live.' : 'Leave it out in live use.';
	if (beam > 1) {
		throw invalid('--beam weighs whole sentences, which live text does not wait for', remedy);
	}
	if (previousText) {
		throw invalid('--previous-text is for recordings; live text always goes on from the text before', remedy);
	}
	if (timestamps) throw invalid('--timestamps is for recordings', remedy);
	if (speed !== undefined && source.kind !== 'file') {
		throw invalid(
			'--speed is for files; the standard input and the microphone have a pace of their own',
			remedy,
		);
	}
	if (format !== 'txt' && output === undefined && splitTargets(to).length > 1) {
		throw invalid(
			`Several languages cannot be printed as one ${format}`,
			'Name a file with --output: each language gets one.',
		);
	}
	if (raw !== undefined && source.kind === 'microphone') {
		throw invalid('--raw describes an input, and --mic needs none', 'Leave it out.');
	}
}

/** `same,en` are two, as if given one by one. */
export function splitTargets(to: readonly string[]): string[] {
	return to.flatMap(text => text.split(',')).map(text => text.trim());
}

function parseSubtitles(path: string): LiveOptions['subtitles'] {
	const format = extname(path).slice(1).toLowerCase();
	if (format === 'vtt' || format === 'srt') return {path, format};
	throw invalid(
		`--subtitles must end in .vtt or .srt, not ${JSON.stringify(path)}`,
		'Other formats are written with --output.',
	);
}

function invalid(message: string, hint: string): InfinisstError {
	return new InfinisstError('OPTION_INVALID', message, {hint});
}
