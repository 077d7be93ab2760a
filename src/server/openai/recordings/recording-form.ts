import {z} from 'zod';

import {languageSchema} from '../language-schema.js';

export const RESPONSE_FORMATS = ['json', 'text', 'srt', 'vtt', 'verbose_json'] as const;

export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** What is wanted of a recording. */
export interface RecordingForm {
	readonly model: string | undefined;
	/** A code, or `auto`. */
	readonly language: string;
	readonly prompt: string | undefined;
	readonly responseFormat: ResponseFormat;
	/** 0..1 */
	readonly temperature: number;
	readonly granularities: ReadonlySet<'word' | 'segment'>;
	readonly stream: boolean;
}

const truth = z
	.enum(['true', 'false', '1', '0', 'True', 'False', ''], 'must be true or false')
	.transform(text => text === 'true' || text === '1' || text === 'True');

const temperature = z
	.string()
	.transform(text => (text === '' ? 0 : Number(text)))
	.pipe(z.number('must be a number').min(0, 'must be 0 or more').max(1, 'must be 1 or less'));

/** Repeated fields come as lists; of the others, the last counts. */
const formSchema = z
	.object({
		model: z.string().optional(),
		language: languageSchema.optional(),
		prompt: z.string().optional(),
		response_format: z
			.enum(RESPONSE_FORMATS, `must be one of ${RESPONSE_FORMATS.join(', ')}`)
			.default('json'),
		temperature: temperature.optional(),
		timestamp_granularities: z.array(z.enum(['word', 'segment'], 'must be word or segment')).default([]),
		stream: truth.optional(),
		include: z.array(z.string()).max(0, 'log probabilities are not told here').optional(),
	})
	.superRefine((form, context) => {
		if (form.timestamp_granularities.length > 0 && form.response_format !== 'verbose_json') {
			context.addIssue({
				code: 'custom',
				path: ['timestamp_granularities'],
				message: 'is told in the response_format verbose_json only',
			});
		}

		if (form.stream === true && form.response_format !== 'json' && form.response_format !== 'text') {
			context.addIssue({
				code: 'custom',
				path: ['stream'],
				message: `is not possible with the response_format ${form.response_format}: use json`,
			});
		}
	});

/**
 * What a form asks for.
 *
 * @throws {ZodError} whose first issue says what is wrong.
 */
export function parseRecordingForm(fields: ReadonlyMap<string, readonly string[]>): RecordingForm {
	const lists = new Set(['timestamp_granularities', 'include']);
	const given = Object.fromEntries(
		[...fields].map(([name, values]) => [name, lists.has(name) ? values : values.at(-1)]),
	);
	const form = formSchema.parse(given);
	return {
		model: form.model,
		language: form.language ?? 'auto',
		prompt: form.prompt?.trim() === '' ? undefined : form.prompt,
		responseFormat: form.response_format,
		temperature: form.temperature ?? 0,
		granularities: new Set(form.timestamp_granularities),
		stream: form.stream ?? false,
	};
}

/** The form as `/openapi.json` describes it. */
export const formDescription = z.object({
	file: z
		.file()
		.meta({description: 'The recording: flac, mp3, mp4, mpeg, mpga, m4a, ogg, wav, webm and more'}),
	model: z.string().meta({description: 'A model of this server; whisper-1 stands for the default'}),
	language: z.string().optional().meta({description: 'Language spoken; detected if absent'}),
	prompt: z.string().optional().meta({description: 'Sets names, spelling and style'}),
	response_format: z.enum(RESPONSE_FORMATS).default('json'),
	temperature: z.number().min(0).max(1).default(0),
	'timestamp_granularities[]': z
		.array(z.enum(['word', 'segment']))
		.optional()
		.meta({description: 'With verbose_json'}),
	stream: z.boolean().default(false).meta({description: 'Answer with server-sent events'}),
});
