import {z} from 'zod';

import {InfinisstError} from '../../core/errors.js';
import {LATENCY_MULTIPLIERS} from '../../core/engine/engine.js';
import type {ClientMessage} from '../../core/session/stream-protocol.js';
import {MAX_GLOSSARY_TERMS, settleGlossary} from '../../core/translation/text/settle-glossary.js';
import {parseJsonMessage} from '../parse-json-message.js';
import {MAX_GLOSSARY_CHARACTERS} from '../sessions/glossary-budget.js';

/** The longest message but a glossary has a token of 32 characters. */
const MAX_CHARACTERS = 4096;

const seqMessage = 'must be the seq of an event, or -1';
const seqSchema = z.int(seqMessage).min(-1, seqMessage).max(Number.MAX_SAFE_INTEGER, seqMessage);
const tokenMessage = 'must be the resume_token of a session';

const schemas = {
	resume: z.object({
		type: z.literal('resume'),
		token: z.string(tokenMessage).min(1, tokenMessage),
		last_seq: seqSchema,
	}),
	'session.update': z
		.object({
			type: z.literal('session.update'),
			latency_multiplier: z
				.literal(LATENCY_MULTIPLIERS, `must be one of ${LATENCY_MULTIPLIERS.join(', ')}`)
				.optional(),
			glossary: z
				// Counted before they are looked at.
				.array(z.unknown(), 'must be a list')
				.max(MAX_GLOSSARY_TERMS, `must have at most ${MAX_GLOSSARY_TERMS} terms`)
				.pipe(
					z.array(
						z.object(
							{
								source: z.string('must be a text'),
								target: z.string('must be a text'),
								language: z.string('must be a text').optional(),
							},
							'must be an object with source and target',
						),
					),
				)
				.transform(entries => settleGlossary(entries, 'the glossary'))
				.optional(),
		})
		.refine(
			({latency_multiplier, glossary}) => latency_multiplier !== undefined || glossary !== undefined,
			'send latency_multiplier, glossary, or both',
		),
	flush: z.object({type: z.literal('flush')}),
	end: z.object({type: z.literal('end')}),
	ack: z.object({type: z.literal('ack'), seq: seqSchema}),
} satisfies Record<ClientMessage['type'], z.ZodType<ClientMessage>>;

/** @throws {InfinisstError} `OPTION_INVALID`, naming what is wrong, never the text. */
export function parseClientMessage(text: string): ClientMessage {
	assertLength(text, MAX_GLOSSARY_CHARACTERS);
	const value = parseJsonMessage(text, 'Send one JSON object a message, and audio in binary messages.');
	const type = (value as {readonly type?: unknown} | null)?.type;
	if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) {
		throw new InfinisstError('OPTION_INVALID', 'A message has no type that is known here', {
			hint: `Send {"type": ...} with one of ${Object.keys(schemas).join(', ')}.`,
		});
	}

	if (type !== 'session.update') assertLength(text, MAX_CHARACTERS);
	const parsed = schemas[type as ClientMessage['type']].safeParse(value);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${describePlace(issue)} of a message "${type}" is wrong: ${issue?.message ?? 'not valid'}`,
	);
}

function describePlace(issue: z.core.$ZodIssue | undefined): string {
	return issue === undefined || issue.path.length === 0 ? 'The whole' : issue.path.join('.');
}

function assertLength({length}: string, most: number): void {
	if (length <= most) return;
	throw new InfinisstError('OPTION_INVALID', `A text message has ${length} characters, more than any means`, {
		hint: `Send audio in binary messages, and glossaries of ${MAX_GLOSSARY_CHARACTERS} characters at most.`,
	});
}
