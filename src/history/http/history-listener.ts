import {randomUUID} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';

import {InfinisstError} from '../../core/errors.js';
import {LIVE_SESSION, type LiveGate} from '../live/live-gate.js';
import type {HistoryStore} from '../store/history-store.js';
import type {ClusterKey, SessionSummary} from '../store/history-types.js';
import {answerJson, answerText, NOT_FOUND, type HistoryAnswer} from './answer.js';
import {answerRequest} from './answer-request.js';
import {AnswerCache} from './answer-cache.js';
import {answerDashboardFile, type DashboardFiles} from './dashboard-files.js';
import {renderHomepage} from './pages/homepage.js';
import {renderSessionPage} from './pages/session-page.js';
import {
	isFromBrowser,
	readCookies,
	readTarget,
	readToken,
	TOKEN_CHALLENGE,
	type Target,
} from './read-request.js';
import {sendAnswer} from './send-answer.js';

export interface HistoryListenerOptions {
	readonly store: HistoryStore;
	/** The unmodified page of Ray's dashboard; without it our own pages show the lists. */
	readonly dashboard?: DashboardFiles;
	/** Passes on what is asked of clusters that are alive. @default nothing is */
	readonly live?: LiveGate;
	/** Where it is mounted, such as "/history": all addresses begin with it. @default '' */
	readonly basePath?: string;
	/** @returns milliseconds since 1970. */
	readonly now?: () => number;
}

const COOKIE_NAMES = [
	'cluster_name',
	'cluster_namespace',
	'session_name',
	'owner_kind',
	'owner_name',
] as const;

/** Tells what this process answered from what another did, which may have read another file. */
const PROCESS_TAG = randomUUID();

/**
 * Answers requests from a history: choosing a cluster by cookie or by address, Ray's API, and pages.
 * A plain listener, so that any server can mount it.
 */
export function createHistoryListener(
	options: HistoryListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
	const cache = new AnswerCache();
	return (request, response) => {
		answerAndSend(options, cache, request, response).catch((error: unknown) => {
			// Whoever asked has gone, or reads half an answer: there is nobody to tell.
			if (response.headersSent) response.destroy();
			else void sendAnswer(request, response, describeFault(error));
		});
	};
}

async function answerAndSend(
	options: HistoryListenerOptions,
	cache: AnswerCache,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const target = readTarget(request, options.basePath);
	const live =
		target === undefined || isOwnAddress(target.path) ? undefined : options.live?.find(request, target);
	if (live !== undefined) {
		await options.live!.answer(request, response, live);
		return;
	}

	const {method = 'GET'} = request;
	if (method !== 'GET' && method !== 'HEAD') {
		await sendAnswer(request, response, {
			...answerText('405: Method Not Allowed', 405),
			headers: {allow: 'GET, HEAD'},
		});
		return;
	}

	await sendAnswer(
		request,
		response,
		target === undefined ? BAD_ADDRESS : route(options, cache, request, target),
	);
}

const BAD_ADDRESS = answerText('400: Bad Request', 400);

/** Answered here whatever session was chosen. */
function isOwnAddress(path: string): boolean {
	return (
		['/livez', '/readyz', '/clusters', '/logout', '/homepage'].includes(path) ||
		path.startsWith('/enter_cluster/')
	);
}

function route(
	options: HistoryListenerOptions,
	cache: AnswerCache,
	request: IncomingMessage,
	{path, query}: Target,
): HistoryAnswer {
	const {store, basePath = ''} = options;
	const cookies = readCookies(request);
	if (path === '/livez' || path === '/readyz') return answerText('success', 200);
	if (path === '/clusters') return answerJson(listClusters(options));
	if (path === '/logout')
		return redirect(
			`${basePath}/homepage`,
			COOKIE_NAMES.map(name => `${name}=; Path=${basePath}/; Max-Age=0`),
		);
	const homepage = (): HistoryAnswer =>
		renderHomepage(store.sessions(), {
			hasDashboard: options.dashboard !== undefined,
			basePath,
			live: options.live?.clusters.list() ?? [],
		});
	if (path === '/homepage') return homepage();
	if (path.startsWith('/enter_cluster/')) return enterCluster(options, path, query);
	const linked = readLinkedSession(store, path);
	const session = linked?.session ?? findByCookies(store, cookies);
	const inner = linked?.path ?? path;
	if (linked !== undefined && inner === '') return redirect(`${basePath}${encodeURI(path)}/`);
	if (inner === '/' && session === undefined) return homepage();
	if (options.dashboard !== undefined) {
		const file = answerDashboardFile(options.dashboard, inner);
		if (file !== undefined) return file;
	}

	if (session === undefined) {
		return path.startsWith('/c/')
			? NOT_FOUND
			: answerText(`No session was chosen. Choose one at ${basePath}/homepage.`, 404);
	}

	if (!store.mayRead(session.cluster, readToken(request))) {
		return {...answerText('401: Unauthorized', 401), headers: {'www-authenticate': TOKEN_CHALLENGE}};
	}

	const reader = store.read(session.id);
	if (inner === '/' || inner.startsWith('/pages/')) return renderSessionPage(reader, inner, query, basePath);
	const isBrowser = isFromBrowser(request);
	const key = `${session.id} ${session.revision} ${isBrowser} ${inner}?${query.toString()}`;
	const now = options.now ?? Date.now;
	const answer = cache.get(key, () => answerRequest(reader, {path: inner, query, isBrowser}, {nowMs: now()}));
	return {...answer, version: `${PROCESS_TAG} ${key}`};
}

/** Live ones first. */
function listClusters({store, live}: HistoryListenerOptions) {
	return [
		...(live?.clusters.list() ?? []).map(({cluster, firstMs}) => ({cluster, firstMs, name: LIVE_SESSION})),
		...store.sessions(),
	].map(({cluster, name, firstMs}) => ({
		name: cluster.name,
		namespace: cluster.namespace,
		sessionName: name,
		ownerKind: cluster.ownerKind,
		ownerName: cluster.ownerName,
		createTime: firstMs === null ? '' : new Date(firstMs).toISOString().replace(/\.\d+Z$/, 'Z'),
		createTimeStamp: Math.trunc((firstMs ?? 0) / 1000),
	}));
}

/** `/enter_cluster/{namespace}/[{kind}/]{name}/{session}` */
function enterCluster(
	{store, live, basePath = ''}: HistoryListenerOptions,
	path: string,
	query: URLSearchParams,
): HistoryAnswer {
	const parts = path.split('/').slice(2);
	const [namespace = '', kind, name = '', sessionName = ''] =
		parts.length === 3 ? [parts[0]!, undefined, ...parts.slice(1)] : parts;
	const cluster =
		sessionName === LIVE_SESSION
			? live?.clusters.find(namespace, name, kind)?.cluster
			: findSession(store, namespace, name, sessionName, kind)?.cluster;
	if (cluster === undefined)
		return answerText(`There is no session ${sessionName} of ${namespace}/${name}`, 404);
	const values = [cluster.name, cluster.namespace, sessionName, cluster.ownerKind, cluster.ownerName];
	const cookies = COOKIE_NAMES.map(
		(cookie, index) =>
			`${cookie}=${encodeURIComponent(values[index]!)}; Path=${basePath}/; HttpOnly; SameSite=Lax`,
	);
	if (query.get('redirect') === 'true') return redirect(`${basePath}/`, cookies);
	return {
		...answerJson({
			name: cluster.name,
			namespace: cluster.namespace,
			session: sessionName,
			result: 'success',
		}),
		headers: {'set-cookie': cookies.join('\n')},
	};
}

/** `/c/{namespace}/{name}/{session}/…`: the same as after entering, in an address that can be sent on. */
function readLinkedSession(
	store: HistoryStore,
	path: string,
): {readonly session: SessionSummary; readonly path: string} | undefined {
	const [, namespace, name, sessionName, rest] = /^\/c\/([^/]+)\/([^/]+)\/([^/]+)(\/.*)?$/.exec(path) ?? [];
	if (sessionName === undefined) return undefined;
	const session = findSession(store, namespace!, name!, sessionName);
	return session === undefined ? undefined : {session, path: rest ?? ''};
}

function findByCookies(
	store: HistoryStore,
	cookies: Readonly<Record<string, string>>,
): SessionSummary | undefined {
	const {cluster_name: name, cluster_namespace: namespace, session_name: session, owner_kind: kind} = cookies;
	if (name === undefined || namespace === undefined || session === undefined) return undefined;
	return findSession(store, namespace, name, session, kind === '' ? undefined : kind);
}

function findSession(
	store: HistoryStore,
	namespace: string,
	name: string,
	sessionName: string,
	kind?: string,
): SessionSummary | undefined {
	return store
		.sessions()
		.find(
			session =>
				session.name === sessionName &&
				session.cluster.name === name &&
				session.cluster.namespace === namespace &&
				(kind === undefined || isOfKind(session.cluster, kind)),
		);
}

function isOfKind({ownerKind}: ClusterKey, kind: string): boolean {
	return ownerKind.toLowerCase() === kind.toLowerCase();
}

function redirect(location: string, cookies: readonly string[] = []): HistoryAnswer {
	const headers = {location, ...(cookies.length === 0 ? {} : {'set-cookie': cookies.join('\n')})};
	return {...answerText('', 302), headers};
}

function describeFault(error: unknown): HistoryAnswer {
	if (InfinisstError.is(error, 'HISTORY_LOCKED')) {
		return {...answerText('503: Service Unavailable', 503), headers: {'retry-after': '1'}};
	}

	return answerText('500 Internal Server Error\n\nServer got itself in trouble', 500);
}
