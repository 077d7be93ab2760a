import {z} from 'zod';

import {InfinisstError} from '../../core/errors.js';
import {LATENCY_MULTIPLIERS} from '../../core/engine/engine.js';
import type {ClientMessage} from '../../core/session/stream-protocol.js';
import {parseJsonMessage} from '../parse-json-message.js';

/** The longest message there is has a token of 32 characters. */
const MAX_CHARACTERS = 4096;

const seqSchema = z.int().min(-1).max(Number.MAX_SAFE_INTEGER);

const schemas = {
	resume: z.object({type: z.literal('resume'), token: z.string().min(1), last_seq: seqSchema}),
	'session.update': z.object({
		type: z.literal('session.update'),
		latency_multiplier: z.literal(LATENCY_MULTIPLIERS),
	}),
	flush: z.object({type: z.literal('flush')}),
	end: z.object({type: z.literal('end')}),
	ack: z.object({type: z.literal('ack'), seq: seqSchema}),
} satisfies Record<ClientMessage['type'], z.ZodType<ClientMessage>>;

/** @throws {InfinisstError} `OPTION_INVALID`, naming what is wrong, never the text. */
export function parseClientMessage(text: string): ClientMessage {
	if (text.length > MAX_CHARACTERS) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`A text message has ${text.length} characters, more than any means`,
			{
				hint: 'Send audio in binary messages.',
			},
		);
	}

	const value = parseJsonMessage(text, 'Send one JSON object a message, and audio in binary messages.');
	const type = (value as {readonly type?: unknown} | null)?.type;
	if (typeof type !== 'string' || !Object.hasOwn(schemas, type)) {
		throw new InfinisstError('OPTION_INVALID', 'A message has no type that is known here', {
			hint: `Send {"type": ...} with one of ${Object.keys(schemas).join(', ')}.`,
		});
	}

	const parsed = schemas[type as ClientMessage['type']].safeParse(value);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${issue?.path.join('.') ?? 'the message'} of a message "${type}" is wrong: ${issue?.message ?? 'not valid'}`,
	);
}
