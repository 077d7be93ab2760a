import {createInterface} from 'node:readline';
import {Readable} from 'node:stream';

import {request, type Dispatcher} from 'undici';
import * as z from 'zod';

import {InfinisstError} from '../core/errors.js';
import type {CommandContext} from './command-context.js';

/** What commands that ask a server understand. */
export const serverFlags = {
	server: z
		.string()
		.refine(
			text => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
			'must be an address such as http://127.0.0.1:8000',
		)
		.default('http://127.0.0.1:8000'),
	apiKey: z.string().min(1, 'must be a key').optional(),
};

export interface ServerAddress {
	readonly server: string;
	readonly apiKey?: string | undefined;
}

/** A server whose API is spoken here. */
export interface ServerClient {
	/** @throws {InfinisstError} `PEER_UNREACHABLE`, `PEER_REFUSED`, `ACCESS_DENIED`; what the server answers; `signal.reason`. */
	get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>;
	/** Asks for server-sent events; ends with the answer. @throws as `get()`. */
	post<Schema extends z.ZodType>(path: string, schema: Schema): AsyncIterable<z.output<Schema>>;
}

/** The body of a failure, of either part of the API. */
const failureSchema = z.object({
	error: z.union([z.string(), z.object({message: z.string()}).transform(({message}) => message)]),
});

/** @param context - `INFINISST_API_KEY` is sent where no key is given. */
export function createServerClient(
	{server, apiKey}: ServerAddress,
	{env, signal}: Pick<CommandContext, 'env' | 'signal'>,
): ServerClient {
	const base = server.replace(/\/+$/, '');
	const key = apiKey ?? env['INFINISST_API_KEY'];
	const headers = key === undefined || key === '' ? {} : {authorization: `Bearer ${key}`};

	const send = async (method: 'GET' | 'POST', path: string): Promise<Dispatcher.ResponseData> => {
		let response: Dispatcher.ResponseData;
		try {
			response = await request(`${base}${path}`, {method, headers, signal, bodyTimeout: 0});
		} catch (error) {
			signal.throwIfAborted();
			throw new InfinisstError('PEER_UNREACHABLE', `Nobody answers at ${base}`, {
				hint: 'Start a server with "infinisst serve", or name another with --server.',
				cause: error,
			});
		}
		if (response.statusCode === 200) return response;
		throw describeFailure(base, response.statusCode, await response.body.text());
	};

	return {
		async get(path, schema) {
			const {body} = await send('GET', path);
			const text = await body.text();
			return parseAnswer(base, text, schema);
		},
		async *post(path, schema) {
			const {body} = await send('POST', path);
			for await (const line of createInterface({input: Readable.from(body)})) {
				if (line.startsWith('data: ')) yield parseAnswer(base, line.slice('data: '.length), schema);
			}
		},
	};
}

function parseAnswer<Schema extends z.ZodType>(base: string, text: string, schema: Schema): z.output<Schema> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw noServerOfOurs(base);
	}
	const result = schema.safeParse(value);
	if (!result.success) throw noServerOfOurs(base);
	return result.data;
}

function describeFailure(base: string, status: number, text: string): InfinisstError {
	if (status === 401 || status === 403) {
		return new InfinisstError('ACCESS_DENIED', `The server ${base} refuses this key, or wants one`, {
			hint: 'Give it with --api-key or INFINISST_API_KEY.',
		});
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return noServerOfOurs(base, status);
	}
	const result = failureSchema.safeParse(value);
	if (!result.success) return noServerOfOurs(base, status);
	return new InfinisstError('PEER_REFUSED', `The server ${base} answers: ${result.data.error}`);
}

function noServerOfOurs(base: string, status?: number): InfinisstError {
	const answer = status === undefined ? '' : `, with status ${status}`;
	return new InfinisstError('PEER_REFUSED', `What answers at ${base} is no server of this program${answer}`, {
		hint: 'Check the address given with --server.',
	});
}
