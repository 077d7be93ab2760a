import type {IncomingMessage, ServerResponse} from 'node:http';
import {Socket} from 'node:net';
import type {Duplex, Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {Agent, type Dispatcher} from 'undici';

import {headersForClient, headersForHead} from './forwarded-headers.js';

export interface HeadTimeouts {
	/** Until there is a connection. */
	readonly connectMs: number;
	/** From the end of the request to the beginning of the answer: a profile is recorded for up to a minute. */
	readonly headersMs: number;
	/** Between two pieces of an answer. */
	readonly bodyMs: number;
}

export const DEFAULT_HEAD_TIMEOUTS: HeadTimeouts = {connectMs: 5000, headersMs: 120_000, bodyMs: 60_000};

/** Where a request goes. */
export interface HeadRequest {
	/** "http://head:8265", without a slash at the end; never from the request. */
	readonly address: string;
	/** Of the head; "" for none. */
	readonly token: string;
	/** As it came, with its query, beginning with a slash. */
	readonly path: string;
	/** What stands before the head's own paths here: "/c/default/ray/live", or "". */
	readonly prefix: string;
}

/** Ran out of time, or there is nobody: nothing was answered yet. */
export class HeadFaultError extends Error {
	override readonly name = 'HeadFaultError';
}

/** Logs that are followed say nothing for as long as nothing happens. */
const FOLLOWED_PATH = /^\/api\/v0\/logs\/stream(\?|$)/;

/** Passes requests on to heads, and answers back, both while they come. */
export class HeadProxy {
	readonly #agent: Agent;
	readonly #timeouts: HeadTimeouts;

	/** Of web sockets, both ends: they belong to no server any more. */
	readonly #sockets = new Set<Duplex>();

	constructor(timeouts: HeadTimeouts = DEFAULT_HEAD_TIMEOUTS) {
		this.#timeouts = timeouts;
		this.#agent = new Agent({
			connect: {timeout: timeouts.connectMs},
			headersTimeout: timeouts.headersMs,
			bodyTimeout: timeouts.bodyMs,
			pipelining: 1,
		});
	}

	/**
	 * Resolves when the answer is sent, or nobody waits for it any more. An answer that is cut off arrives cut off.
	 *
	 * @throws {HeadFaultError} where the head gave no answer; nothing has been sent then.
	 */
	async forward(request: IncomingMessage, response: ServerResponse, target: HeadRequest): Promise<void> {
		const left = new AbortController();
		const leave = () => left.abort();
		response.once('close', leave);
		try {
			const answer = await this.#ask(request, target, left.signal);
			const headers = headersForClient(answer.headers, target.address, target.prefix);
			try {
				response.writeHead(answer.statusCode, headers);
				await pipeline(answer.body as Readable, response);
			} catch {
				// The head broke off, or whoever asked has left: either end shows it by its connection.
				answer.body.destroy();
				response.destroy();
			}
		} catch (error) {
			if (!left.signal.aborted) throw new HeadFaultError('the head gave no answer', {cause: error});
		} finally {
			response.off('close', leave);
		}
	}

	/**
	 * Passes a web socket on. Once it is open nothing of it is looked at.
	 *
	 * @param rest - what came after the request.
	 * @param respond - makes what answers where the head opens no socket.
	 * @throws {HeadFaultError} where the head gave no answer.
	 */
	upgrade(
		request: IncomingMessage,
		socket: Socket,
		rest: Buffer,
		target: HeadRequest,
		respond: () => ServerResponse,
	): Promise<void> {
		return new Promise((resolve, reject) => {
			const {origin, pathname} = new URL(target.address);
			let response: ServerResponse | undefined;
			let controller: Dispatcher.DispatchController | undefined;
			let isOpen = false;
			const leave = () => {
				if (!isOpen) controller?.abort(new Error('whoever asked has left'));
				resolve();
			};
			socket.once('close', leave);
			this.#agent.dispatch(
				{
					origin,
					path: joinPath(pathname, target.path),
					method: 'GET',
					headers: headersForHead(request.headers, {hasBody: false, token: target.token}),
					upgrade: 'websocket',
				},
				{
					onRequestStart: started => {
						controller = started;
						if (socket.destroyed) leave();
					},
					onRequestUpgrade: (_controller, _status, headers, stream) => {
						if (!(stream instanceof Socket)) throw new Error('a socket of HTTP/1.1 is one of TCP');
						const far = stream;
						isOpen = true;
						socket.off('close', leave);
						socket.write(formatUpgrade(headersForClient(headers, target.address, target.prefix)));
						far.write(rest);
						this.#join(socket, far);
						resolve();
					},
					onResponseStart: (_controller, status, headers) => {
						response = respond();
						response.writeHead(status, headersForClient(headers, target.address, target.prefix));
					},
					onResponseData: (started, chunk) => {
						if (response!.write(chunk)) return;
						started.pause();
						response!.once('drain', () => started.resume());
					},
					onResponseEnd: () => {
						response!.end();
						resolve();
					},
					onResponseError: (_controller, error) => {
						socket.off('close', leave);
						if (response === undefined) reject(new HeadFaultError('the head gave no answer', {cause: error}));
						else {
							socket.destroy();
							resolve();
						}
					},
				},
			);
		});
	}

	/** Ends everything that is under way. Idempotent. */
	async destroy(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		await this.#agent.destroy();
	}

	async #ask(
		request: IncomingMessage,
		target: HeadRequest,
		signal: AbortSignal,
	): Promise<Dispatcher.ResponseData> {
		try {
			return await this.#askOnce(request, target, signal);
		} catch (error) {
			// A connection that was kept, and that the head has closed meanwhile, says nothing of the head.
			if (!isCut(error) || hasBody(request) || signal.aborted) throw error;
			return this.#askOnce(request, target, signal);
		}
	}

	#askOnce(
		request: IncomingMessage,
		{address, path, token}: HeadRequest,
		signal: AbortSignal,
	): Promise<Dispatcher.ResponseData> {
		const {method = 'GET'} = request;
		const sendsBody = hasBody(request);
		const {origin, pathname} = new URL(address);
		return this.#agent.request({
			origin,
			path: joinPath(pathname, path),
			method,
			headers: headersForHead(request.headers, {hasBody: sendsBody, token}),
			body: sendsBody ? request : null,
			signal,
			bodyTimeout: FOLLOWED_PATH.test(path) ? 0 : this.#timeouts.bodyMs,
		});
	}

	/** What one end says goes to the other; when one has ended, so does the other, with all that was said. */
	#join(near: Socket, far: Socket): void {
		for (const [from, to] of [
			[near, far],
			[far, near],
		] as const) {
			this.#sockets.add(from);
			from.setTimeout(0);
			from.setNoDelay(true);
			// A machine that is gone says nothing, ever.
			from.setKeepAlive(true, 30_000);
			from.on('error', () => from.destroy());
			from.on('close', () => {
				this.#sockets.delete(from);
				to.destroySoon();
			});
			from.pipe(to);
		}
	}
}

/** What a GET brings along is not passed on. */
function hasBody({method = 'GET', headers}: IncomingMessage): boolean {
	const {'content-length': length = '0', 'transfer-encoding': coding} = headers;
	return !['GET', 'HEAD'].includes(method) && (length !== '0' || coding !== undefined);
}

function isCut(error: unknown): boolean {
	return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(String((error as {code?: unknown}).code));
}

function joinPath(base: string, path: string): string {
	return `${base.replace(/\/$/, '')}${path}`;
}

function formatUpgrade(headers: Readonly<Record<string, string | readonly string[]>>): string {
	const lines = Object.entries(headers)
		.filter(([name]) => name !== 'cache-control' && name !== 'content-length')
		.flatMap(([name, value]) => [value].flat().map(text => `${name}: ${text}`));
	return [
		'HTTP/1.1 101 Switching Protocols',
		'connection: Upgrade',
		'upgrade: websocket',
		...lines,
		'',
		'',
	].join('\r\n');
}
