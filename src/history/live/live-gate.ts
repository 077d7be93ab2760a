import {ServerResponse, type IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';

import {describeNoAnswer} from '../collect/fetch-endpoint.js';
import {answerText, type HistoryAnswer} from '../http/answer.js';
import {html} from '../http/pages/html.js';
import {link, renderPage, sessionAddress} from '../http/pages/layout.js';
import {
	isFromBrowser,
	readCookies,
	readTarget,
	readToken,
	TOKEN_CHALLENGE,
	type Target,
} from '../http/read-request.js';
import {sendAnswer} from '../http/send-answer.js';
import type {SessionSummary} from '../store/history-types.js';
import {HeadFaultError, type HeadProxy, type HeadRequest} from './head-proxy.js';
import type {LiveCluster, LiveClusters} from './live-clusters.js';

/** What stands for a session's name where the live cluster is meant. */
export const LIVE_SESSION = 'live';

/** A request that means a live cluster. */
export interface LiveRequest {
	readonly live: LiveCluster;
	/** As the head knows it, decoded; "" where the slash after "live" is missing. */
	readonly path: string;
	readonly head: HeadRequest;
}

export interface LiveGateOptions {
	readonly clusters: LiveClusters;
	readonly proxy: HeadProxy;
	/** Whether programs may submit, stop and delete jobs. Whoever may do that runs commands on the cluster. */
	readonly allowsJobs: boolean;
	/** Where the history is mounted, such as "/history". @default '' */
	readonly basePath?: string;
}

/** Changes the cluster, though it is asked with GET. */
const CHANGING_PATHS = ['/api/actors/kill', '/logical/kill_actor'];

/** Ray's job API, and where it takes the code of a job. */
const JOB_ROUTES: readonly (readonly [method: string, path: RegExp])[] = [
	['POST', /^\/api\/jobs\/$/],
	['POST', /^\/api\/jobs\/[^/]+\/stop$/],
	['DELETE', /^\/api\/jobs\/[^/]+$/],
	['PUT', /^\/api\/packages\/[^/]+\/[^/]+$/],
];

/** Decides what goes on to a live cluster's head, and says what did not come back. */
export class LiveGate {
	readonly clusters: LiveClusters;
	readonly #proxy: HeadProxy;
	readonly #allowsJobs: boolean;
	readonly #basePath: string;

	constructor({clusters, proxy, allowsJobs, basePath = ''}: LiveGateOptions) {
		this.clusters = clusters;
		this.#proxy = proxy;
		this.#allowsJobs = allowsJobs;
		this.#basePath = basePath;
	}

	/** By the address, `/c/{namespace}/{name}/live/…`, or else by the cookies. Undefined where no live cluster is meant. */
	find(request: IncomingMessage, {path, rawPath, rawQuery}: Target): LiveRequest | undefined {
		const linked = /^(\/c\/([^/]+)\/([^/]+)\/live)(\/.*)?$/.exec(rawPath);
		if (linked !== null) {
			const [, base = '', namespace = '', name = '', rest = ''] = linked;
			const live = this.clusters.find(decodeURIComponent(namespace), decodeURIComponent(name));
			const prefix = `${this.#basePath}${base}`;
			return live === undefined
				? undefined
				: describeRequest(live, {path: decodeURIComponent(rest), rawPath: rest, rawQuery, prefix});
		}

		const cookies = readCookies(request);
		if (path.startsWith('/c/') || cookies['session_name'] !== LIVE_SESSION) return undefined;
		const {cluster_namespace: namespace = '', cluster_name: name = '', owner_kind: kind} = cookies;
		const live = this.clusters.find(namespace, name, kind === '' ? undefined : kind);
		return live === undefined
			? undefined
			: describeRequest(live, {path, rawPath, rawQuery, prefix: this.#basePath});
	}

	/** Sends the head's answer, or why there is none. */
	async answer(request: IncomingMessage, response: ServerResponse, live: LiveRequest): Promise<void> {
		if (live.path === '') {
			const location = `${live.head.prefix}/`;
			await sendAnswer(request, response, {...answerText('', 302), headers: {location}});
			return;
		}

		const refusal = this.#refuse(request, live);
		if (refusal !== undefined) {
			await sendAnswer(request, response, refusal);
			return;
		}

		try {
			await this.#proxy.forward(request, response, live.head);
		} catch (error) {
			if (!(error instanceof HeadFaultError)) throw error;
			await sendAnswer(request, response, this.#describeFault(request, live.live, error.cause));
		}
	}

	/**
	 * Passes a web socket on to the head that is meant.
	 *
	 * @returns false where none is meant, and nothing was done.
	 */
	async upgrade(request: IncomingMessage, socket: Socket, rest: Buffer): Promise<boolean> {
		const target = readTarget(request, this.#basePath);
		const live = target === undefined ? undefined : this.find(request, target);
		const isWebSocket = request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
		if (live === undefined || !isWebSocket) return false;
		const respond = () => respondOver(request, socket);
		const refusal = this.#refuse(request, live) ?? refuseForeignOrigin(request);
		if (refusal !== undefined) {
			await sendAnswer(request, respond(), refusal);
			return true;
		}

		try {
			await this.#proxy.upgrade(request, socket, rest, live.head, respond);
		} catch (error) {
			if (!(error instanceof HeadFaultError)) throw error;
			await sendAnswer(request, respond(), this.#describeFault(request, live.live, error.cause));
		}

		return true;
	}

	/** Ends everything that is under way. Idempotent. */
	destroy(): Promise<void> {
		return this.#proxy.destroy();
	}

	#refuse(request: IncomingMessage, {live, path}: LiveRequest): HistoryAnswer | undefined {
		if (!this.clusters.mayRead(live, readToken(request))) {
			return {...answerText('401: Unauthorized', 401), headers: {'www-authenticate': TOKEN_CHALLENGE}};
		}

		const {method = 'GET'} = request;
		if (CHANGING_PATHS.includes(path.replace(/\/+$/, '')))
			return answerText('403: Actors of a live cluster are not killed from here', 403);
		if (method === 'GET' || method === 'HEAD') return undefined;
		if (!JOB_ROUTES.some(([known, pattern]) => known === method && pattern.test(path))) {
			return refuseMethod('405: Live clusters are only looked at from here');
		}

		if (!this.#allowsJobs)
			return refuseMethod('405: Jobs are not changed from here unless history serve has --allow-jobs');
		// Any page on the web can make a browser send a request; it must not run commands on the cluster.
		return isFromBrowser(request)
			? answerText('403: Jobs are changed by programs, and not by pages in a browser', 403)
			: undefined;
	}

	#describeFault(request: IncomingMessage, {cluster}: LiveCluster, cause: unknown): HistoryAnswer {
		const reason = describeNoAnswer(cause);
		const status = isTimeout(cause) ? 504 : 502;
		const last = this.clusters.lastSession(cluster);
		const sentence = `The head of ${cluster.namespace}/${cluster.name} does not answer: ${reason}.`;
		const headers =
			last === undefined ? {} : {link: `<${sessionAddress(last, this.#basePath)}>; rel="alternate"`};
		if ((request.headers.accept ?? '').includes('text/html')) {
			const page = renderPage(
				'No answer',
				html`<nav><a href="${this.#basePath}/homepage">clusters</a></nav>`,
				[html`<p>${sentence} ${last === undefined ? '' : describeLast(last, this.#basePath)}</p>`],
			);
			return {...page, status, headers: {...page.headers, ...headers}};
		}

		const history =
			last === undefined ? '' : ` Its last session is kept at ${sessionAddress(last, this.#basePath)}`;
		return {...answerText(`${status}: ${sentence}${history}`, status), headers};
	}
}

function describeLast(last: SessionSummary, basePath: string) {
	return html`What is kept of its last session: ${link(sessionAddress(last, basePath), last.name)}.`;
}

function isTimeout(cause: unknown): boolean {
	const {code} = cause as {code?: unknown};
	return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
}

function refuseMethod(text: string): HistoryAnswer {
	return {...answerText(text, 405), headers: {allow: 'GET, HEAD'}};
}

/** A browser opens web sockets for any page; only one that came from here may read what the head says. */
function refuseForeignOrigin({headers}: IncomingMessage): HistoryAnswer | undefined {
	const {origin, host} = headers;
	if (origin === undefined) return undefined;
	const isOurs = URL.canParse(origin) && new URL(origin).host === host;
	return isOurs ? undefined : answerText('403: This page is not from here', 403);
}

function describeRequest(
	live: LiveCluster,
	{
		path,
		rawPath,
		rawQuery,
		prefix,
	}: Pick<Target, 'path' | 'rawPath' | 'rawQuery'> & {readonly prefix: string},
): LiveRequest {
	const {address, token} = live;
	return {live, path, head: {address, token, prefix, path: `${rawPath}${rawQuery}`}};
}

/** Answers over a connection that its server has let go of, and ends it. */
export function respondOver(request: IncomingMessage, socket: Socket): ServerResponse {
	const response = new ServerResponse(request);
	response.shouldKeepAlive = false;
	response.assignSocket(socket);
	socket.on('error', () => socket.destroy());
	response.on('finish', () => socket.destroySoon());
	return response;
}
