import {Pool} from 'undici';

import {wait} from './wait.js';

export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface ApiRequest {
	readonly query?: Parameters;
	readonly json?: unknown;
	readonly form?: Parameters;
	/** Sent as it is. */
	readonly raw?: {readonly body: string; readonly contentType: string};
	readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
	readonly status: number;
	readonly contentType: string;
	readonly text: string;
	/** Parsed, if it is JSON; undefined otherwise. */
	readonly body: unknown;
}

/** No answer of the API is longer; a video is read by its beginning only. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20;

const BETWEEN_TRIES_MS = 500;

/**
 * Asks a server as any client would. Paths are sent as they are given: nothing is taken out of them on the way.
 */
export class ApiClient {
	readonly #pool: Pool;
	readonly #prefix: string;
	readonly #webSocketOrigin: string;
	readonly authorization: Readonly<Record<string, string>>;

	/** @param url - http or https, with or without a path before all paths of the API. */
	constructor(url: URL, apiKey?: string) {
		this.#pool = new Pool(url.origin, {connections: 8});
		this.#prefix = url.pathname.replace(/\/+$/, '');
		this.#webSocketOrigin = url.origin.replace(/^http/, 'ws');
		this.authorization = apiKey === undefined ? {} : {authorization: `Bearer ${apiKey}`};
	}

	/** Where the socket of a session is. */
	socketUrl(sessionId: string): string {
		return `${this.#webSocketOrigin}${this.#prefix}/wss/${encodeURIComponent(sessionId)}`;
	}

	/**
	 * Asks again later if the server wants fewer requests a second.
	 *
	 * @throws what undici throws if nobody answers; `signal.reason`.
	 */
	async request(
		method: 'GET' | 'POST',
		path: string,
		request: ApiRequest,
		signal: AbortSignal,
	): Promise<ApiAnswer> {
		for (;;) {
			const answer = await this.#ask(method, path, request, signal);
			if (answer.status !== 429) return answer;
			await wait(BETWEEN_TRIES_MS, signal);
			signal.throwIfAborted();
		}
	}

	close(): Promise<void> {
		return this.#pool.destroy();
	}

	async #ask(
		method: 'GET' | 'POST',
		path: string,
		{query, json, form, raw, headers}: ApiRequest,
		signal: AbortSignal,
	): Promise<ApiAnswer> {
		const content = raw ?? encodeBody(json, form);
		const answer = await this.#pool.request({
			method,
			path: `${this.#prefix}${path}${query === undefined ? '' : `?${encodeParameters(query)}`}`,
			headers: {
				...this.authorization,
				...(content === undefined ? {} : {'content-type': content.contentType}),
				...headers,
			},
			body: content?.body ?? null,
			signal,
		});
		const text = await readText(answer.body);
		return {
			status: answer.statusCode,
			contentType: String(answer.headers['content-type'] ?? ''),
			text,
			body: parseJson(text),
		};
	}
}

function encodeBody(json: unknown, form: Parameters | undefined): ApiRequest['raw'] {
	if (json !== undefined) return {body: JSON.stringify(json), contentType: 'application/json'};
	if (form === undefined) return undefined;
	return {body: encodeParameters(form), contentType: 'application/x-www-form-urlencoded'};
}

function encodeParameters(parameters: Parameters): string {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(parameters)) search.set(name, String(value));
	return search.toString();
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
	const parts: Uint8Array[] = [];
	let bytes = 0;
	for await (const part of body) {
		parts.push(part);
		bytes += part.length;
		if (bytes >= MAX_ANSWER_BYTES) break;
	}

	return Buffer.concat(parts).toString();
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
