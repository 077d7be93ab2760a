import {z} from 'zod';

import {POLICY_NAMES, type LatencyMultiplier, type SessionOptions} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';
import {parseLanguageRequest} from '../../core/language/parse-language-request.js';
import {STREAM_FORMATS, type StreamFormat} from '../../core/session/stream-protocol.js';

/** Those in use; a rate with few factors in common with 16 kHz would need a filter of megabytes. */
export const SAMPLE_RATES_HZ = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000] as const;

const flag = oneOf(['true', 'false', '1', '0']);

/** The longest prompt, in characters. */
const MAX_PROMPT_CHARACTERS = 2000;

export const streamQuerySchema = z.object({
	source: z.string().optional().describe('Language spoken: a code or name, or auto (the default)'),
	target: z
		.union([z.string(), z.array(z.string())])
		.optional()
		.describe('What to write, separated by commas: codes or names of languages, and same for captions'),
	format: oneOf(STREAM_FORMATS).optional().describe('Of binary messages; f32le by default'),
	sample_rate: oneOf(SAMPLE_RATES_HZ.map(String)).optional().describe('Of the audio, Hz; 16000 by default'),
	latency_multiplier: oneOf(['1', '2', '3', '4']).optional().describe('1 is fastest, 4 is best'),
	partials: flag.optional().describe('Also tell what is likely to follow; true by default'),
	words: flag.optional().describe('Also time every word; false by default'),
	model: z.string().optional(),
	prompt: z
		.string()
		.max(MAX_PROMPT_CHARACTERS, `must have at most ${MAX_PROMPT_CHARACTERS} characters`)
		.optional()
		.describe('Text that sets names, spelling and style'),
	policy: oneOf(POLICY_NAMES).optional(),
	catch_up: flag
		.optional()
		.describe(
			'Look less often while audio waits; false makes the text depend on the audio alone. True by default',
		),
	resume: z
		.string()
		.min(1, 'must be the resume_token of a session')
		.optional()
		.describe('Token of the session to go on with'),
	last_seq: z
		.string()
		.regex(/^(-1|\d{1,15})$/, 'must be the seq of an event, or -1')
		.optional()
		.describe('With resume: number of the last event received, -1 for none'),
});

export type StreamQuery = z.infer<typeof streamQuerySchema>;

/** What a socket is opened for. */
export type StreamPurpose =
	| {
			readonly type: 'open';
			readonly options: SessionOptions;
			readonly model: string | undefined;
			readonly format: StreamFormat;
			readonly sampleRateHz: number;
	  }
	| {readonly type: 'resume'; readonly token: string; readonly lastSeq: number}
	/** The first message says. */
	| {readonly type: 'wait'};

/** @throws {InfinisstError} `OPTION_INVALID`. */
export function resolveStreamQuery(query: StreamQuery): StreamPurpose {
	if (query.resume !== undefined) {
		return {type: 'resume', token: query.resume, lastSeq: Number(query.last_seq ?? -1)};
	}

	if (query.target === undefined) {
		if (query.source === undefined) return {type: 'wait'};
		throw new InfinisstError('OPTION_INVALID', 'There is no target', {
			hint: 'Add target=en, a list such as target=de,en, or target=same for captions.',
		});
	}

	const texts = (typeof query.target === 'string' ? [query.target] : query.target)
		.flatMap(target => target.split(','))
		.map(target => target.trim())
		.filter(target => target !== '');
	if (texts.length === 0) {
		throw new InfinisstError('OPTION_INVALID', 'The target is empty', {
			hint: 'Write target=en, for example.',
		});
	}

	const pairs = texts.map(to => parseLanguageRequest({from: query.source, to}));
	const {latency_multiplier: latency, prompt, policy} = query;
	return {
		type: 'open',
		model: query.model,
		format: query.format ?? 'f32le',
		sampleRateHz: Number(query.sample_rate ?? 16_000),
		options: {
			sourceLanguage: pairs[0]!.source,
			targets: [...new Set(pairs.map(({target}) => target))],
			partials: isOn(query.partials, true),
			words: isOn(query.words, false),
			catchUp: isOn(query.catch_up, true),
			...(latency !== undefined && {latencyMultiplier: Number(latency) as LatencyMultiplier}),
			...(prompt !== undefined && prompt !== '' && {prompt}),
			...(policy !== undefined && {policy}),
		},
	};
}

function isOn(value: z.infer<typeof flag> | undefined, byDefault: boolean): boolean {
	return value === undefined ? byDefault : value === 'true' || value === '1';
}

function oneOf<const Words extends readonly string[]>(
	words: Words,
): z.ZodEnum<{[Word in Words[number]]: Word}> {
	return z.enum(words, `must be one of ${words.join(', ')}`);
}
