import {once} from 'node:events';
import {onTestFinished} from 'vitest';
import {WebSocket} from 'ws';

import {createDeferred} from '../../src/core/util/deferred.js';

/** What the existing page takes from the microphone for each unit of latency: 0.96 s at 16 kHz. */
export const PAGE_CHUNK_SAMPLES = 15_360;

/** Every answer of this API is an object. */
export type Answer = Record<string, unknown>;

export interface Sent {
	readonly query?: Record<string, string | number | boolean>;
	readonly json?: unknown;
	readonly form?: Record<string, string>;
}

/** A `POST` as the existing clients make them: mostly everything in the query. */
export async function post(
	url: string,
	path: string,
	{query = {}, json, form}: Sent = {},
): Promise<Response> {
	const search = new URLSearchParams();
	for (const [name, value] of Object.entries(query)) search.set(name, String(value));
	return fetch(`${url}${path}${search.size > 0 ? `?${search.toString()}` : ''}`, {
		method: 'POST',
		...(json !== undefined && {
			headers: {'content-type': 'application/json'},
			body: typeof json === 'string' ? json : JSON.stringify(json),
		}),
		...(form !== undefined && {body: new URLSearchParams(form)}),
	});
}

/** The answer to a `POST` that must not fail in HTTP's way. */
export async function ask(url: string, path: string, sent?: Sent): Promise<Answer> {
	return read(await post(url, path, sent));
}

export async function get(url: string, path: string): Promise<Answer> {
	return read(await fetch(url + path));
}

async function read(response: Response): Promise<Answer> {
	const body = await response.text();
	if (response.status !== 200) throw new Error(`${response.status}: ${body}`);
	return JSON.parse(body) as Answer;
}

/** The id of a new session. */
export async function init(url: string, query: NonNullable<Sent['query']> = {}): Promise<string> {
	const answer = await ask(url, '/init', {
		query: {agent_type: 'InfiniSST', language_pair: 'English -> German', ...query},
	});
	if (typeof answer['session_id'] !== 'string') throw new Error(JSON.stringify(answer));
	return answer['session_id'];
}

export function socketAddress(url: string, sessionId: string): string {
	return `${url.replace('http', 'ws')}/wss/${encodeURIComponent(sessionId)}`;
}

/** A socket as the existing page uses it: it shows the last text it was sent. */
export class PageSocket {
	readonly frames: string[] = [];
	readonly socket: WebSocket;
	/** Code and reason, once it is closed. */
	readonly closed = createDeferred<{readonly code: number; readonly reason: string}>();
	#text = '';
	#news = createDeferred();

	constructor(url: string, sessionId: string) {
		this.socket = new WebSocket(socketAddress(url, sessionId));
		this.socket.on('message', (data: Buffer, isBinary) => {
			if (isBinary) throw new Error('the server sent a binary frame');
			const frame = data.toString();
			this.frames.push(frame);
			if (!isStatus(frame)) this.#text = frame.trimStart();
			this.#wake();
		});
		this.socket.on('close', (code, reason) => {
			this.closed.resolve({code, reason: reason.toString()});
			this.#wake();
		});
		this.socket.on('error', () => undefined);
		onTestFinished(() => this.socket.terminate());
	}

	/** What the page shows. */
	get text(): string {
		return this.#text;
	}

	/** Waits for the first frame, from `from` on, that begins so. @returns the number of frames up to it. */
	async waitFor(beginning: string, from = 0): Promise<number> {
		for (;;) {
			const place = this.frames.findIndex((frame, index) => index >= from && frame.startsWith(beginning));
			if (place !== -1) return place + 1;
			if (this.socket.readyState === WebSocket.CLOSED) {
				throw new Error(`closed without "${beginning}": ${JSON.stringify(this.frames)}`);
			}
			await this.#news.promise;
		}
	}

	async open(): Promise<this> {
		if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
		return this;
	}

	send(frame: string | Uint8Array): void {
		this.socket.send(frame);
	}

	/** As the page does with a recording: in its chunks, as fast as the socket takes them. */
	async play(samples: Float32Array, multiplier = 2): Promise<void> {
		const step = PAGE_CHUNK_SAMPLES * multiplier;
		for (let start = 0; start < samples.length; start += step) {
			await this.sendSamples(samples.subarray(start, start + step));
		}
	}

	sendSamples(samples: Float32Array): Promise<void> {
		const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
		return new Promise((resolve, reject) => {
			this.socket.send(bytes, error => (error instanceof Error ? reject(error) : resolve()));
		});
	}

	/** Ends the recording. @returns the text when it is complete. */
	async finish(): Promise<string> {
		const from = this.frames.length;
		this.send('EOF');
		await this.waitFor('PROCESSING_COMPLETE:', from);
		return this.text;
	}

	/** With a close frame, behind everything that was sent. */
	async leave(): Promise<void> {
		this.socket.close();
		await this.closed.promise;
	}

	#wake(): void {
		this.#news.resolve();
		this.#news = createDeferred();
	}
}

function isStatus(frame: string): boolean {
	return /^[A-Z_]+:/.test(frame);
}
