import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {text as readText} from 'node:stream/consumers';
import {WebSocketServer, type WebSocket} from 'ws';

import {fail, InvalidParameter, type Answer, type Given} from './answer.js';
import {CompatibleApi} from './compatible-api.js';

export interface CompatibleServerOptions {
	/** Ids of the checks whose rules it breaks. */
	readonly broken?: readonly string[];
	/** Sessions at once. @default 8 */
	readonly places?: number;
	/** Removes sessions that were left for so long. @default never */
	readonly idleMs?: number;
	/** Everything wants this key. */
	readonly apiKey?: string;
}

export interface CompatibleServer {
	readonly url: URL;
	close(): void;
}

/** A server of part 1 of the API, over HTTP and sockets. Tests run side by side, so each closes its own. */
export async function openCompatibleServer({
	broken = [],
	places = 8,
	idleMs,
	apiKey,
}: CompatibleServerOptions = {}): Promise<CompatibleServer> {
	const breaks = (id: string): boolean => broken.includes(id);
	const api = new CompatibleApi(places, breaks);
	const isAllowed = ({headers}: IncomingMessage): boolean =>
		apiKey === undefined || headers.authorization === `Bearer ${apiKey}`;
	const server = createServer((request, response) => {
		if (isAllowed(request)) void answer(api, breaks, request, response);
		else send(response, {status: 401, body: {error: 'no key'}});
	});
	const sockets = new WebSocketServer({noServer: true, maxPayload: 2 ** 24});
	server.on('upgrade', (request, socket, head) => {
		if (!isAllowed(request)) {
			socket.destroy();
			return;
		}

		sockets.handleUpgrade(request, socket, head, webSocket => converse(api, breaks, request, webSocket));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const timer = idleMs === undefined ? undefined : setInterval(() => api.removeIdle(idleMs), idleMs / 10);
	return {
		url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
		close() {
			clearInterval(timer);
			for (const socket of sockets.clients) socket.terminate();
			server.closeAllConnections();
			server.close();
		},
	};
}

function converse(
	api: CompatibleApi,
	breaks: (id: string) => boolean,
	request: IncomingMessage,
	socket: WebSocket,
): void {
	const id = decodeURIComponent((request.url ?? '').replace('/wss/', ''));
	const session = api.places.sessions.get(id);
	if (session === undefined) {
		if (breaks('wss.unknown-session')) socket.close(1008, 'Invalid session ID');
		else socket.close(4000, 'Invalid session ID');
		return;
	}

	session.attach(socket);
	socket.on('message', (data: Buffer, isBinary) => {
		session.lastMs = Date.now();
		if (isBinary) session.hear(data);
		else session.command(data.toString());
	});
	socket.on('close', () => {
		if (session.socket !== socket) return;
		session.socket = undefined;
		if (breaks('wss.lost-socket') && !session.hasHeard) api.places.delete(id);
	});
}

async function answer(
	api: CompatibleApi,
	breaks: (id: string) => boolean,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const [path = '', query = ''] = (request.url ?? '').split('?');
	const body = await readText(request);
	try {
		const found = findRoute(api, `${request.method ?? ''} ${path}`);
		if (found === undefined) {
			send(response, fail('no such path', 404));
			return;
		}

		const given = readParameters({path, query, body, type: request.headers['content-type'] ?? ''}, breaks);
		send(response, await found.handler(given, decodeURIComponent(found.rest), request.headers));
	} catch (error) {
		if (breaks('errors.isolated')) api.isConfused = true;
		if (breaks('errors.no-stack-trace') && error instanceof SyntaxError) {
			send(response, {status: 500, body: {error: error.stack, request_id: '1'}});
		} else if (error instanceof InvalidParameter) {
			const issue = {loc: ['query', error.parameter], msg: error.message, type: 'type_error'};
			send(response, {status: 422, body: {detail: [issue]}});
		} else {
			send(response, fail('This makes no sense', 400));
		}
	}
}

interface Sent {
	readonly path: string;
	readonly query: string;
	readonly body: string;
	readonly type: string;
}

/** Query, JSON and form put together; the query wins. */
function readParameters({path, query, body, type}: Sent, breaks: (id: string) => boolean): Given {
	const inQuery = Object.fromEntries(new URLSearchParams(query));
	const isForm = type.startsWith('application/x-www-form-urlencoded');
	let inBody: Record<string, unknown> = {};
	if (isForm && !breaks('parameters.form')) inBody = Object.fromEntries(new URLSearchParams(body));
	if (type.startsWith('application/json') && body !== '') {
		const parsed: unknown = JSON.parse(body);
		if (typeof parsed !== 'object' || parsed === null) throw new TypeError('no object');
		inBody = {...parsed};
		if (breaks('parameters.json') && path === '/init') delete inBody['client_id'];
	}

	if (breaks('parameters.query') && path === '/ping') return inBody;
	return breaks('parameters.query-wins') ? {...inQuery, ...inBody} : {...inBody, ...inQuery};
}

function findRoute(api: CompatibleApi, asked: string) {
	const exact = api.routes[asked];
	if (exact !== undefined) return {handler: exact, rest: ''};
	const begin = Object.keys(api.routes).find(
		name => name.length > 6 && name.endsWith('/') && asked.startsWith(name),
	);
	return begin === undefined ? undefined : {handler: api.routes[begin]!, rest: asked.slice(begin.length)};
}

function send(response: ServerResponse, {status = 200, body, contentType}: Answer): void {
	response.statusCode = status;
	response.setHeader('content-type', contentType ?? 'application/json');
	response.end(contentType === undefined ? JSON.stringify(body) : (body as string));
}
