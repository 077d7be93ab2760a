import {randomUUID} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import type {IncomingHttpHeaders, IncomingMessage, ServerResponse} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {Pool} from 'undici';

import {startThread, type ThreadHandle} from '../../core/util/thread-call.js';
import type {MountedHistory} from '../../server/history/mounted-history.js';
import type {PruneRules} from '../store/prune.js';
import type {HeadTimeouts} from '../live/head-proxy.js';
import type {LiveHeads} from '../live/live-clusters.js';
import {LIVE_SESSION} from '../live/live-gate.js';
import {readCookies} from '../http/read-request.js';
import type {MountedHistoryThreadData} from './mounted-history-thread.js';
import {passUpgradeOn} from './pass-upgrade-on.js';

/** Answers that are made at a time. The thread makes one after the other, but sends several. */
const MAX_CONNECTIONS = 16;

/** Of one connection, and not to be passed on (RFC 9110, section 7.6.1). */
const OWN_HEADERS = new Set([
	...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
	...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect', 'host'],
]);

/**
 * Of a request: those of a body, which nobody sends; where the page came from, which may hold a key; and its origin, which
 * the server in front has judged.
 */
const OWN_REQUEST_HEADERS = ['content-length', 'content-type', 'referer', 'origin'];

export interface OpenMountedHistoryOptions {
	/** Of the history, absolute; made if it is not there. */
	readonly path: string;
	/** Where it is mounted, such as "/history". */
	readonly basePath: string;
	/** With the page of Ray's dashboard. @default our own pages */
	readonly dashboardDirectory?: string | undefined;
	/** Heads to pass on to, beside those that a collector asks. @default nothing is passed on */
	readonly live?: LiveHeads | undefined;
	/** @default `DEFAULT_HEAD_TIMEOUTS` */
	readonly headTimeouts?: Partial<HeadTimeouts>;
	/** What is deleted while it is open, and how often that is looked at, ms. @default nothing is */
	readonly retention?: {readonly rules: PruneRules; readonly intervalMs?: number} | undefined;
	/** Told of sessions that were deleted, and of what stood in the way. */
	readonly onNotice?: (text: string) => void;
}

/**
 * Answers from a history in a thread of its own, so that no list, however long, holds up the thread that asks: here only
 * bytes are passed on.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` for the history, or the folder of the dashboard.
 */
export async function openMountedHistory({
	path,
	basePath,
	dashboardDirectory,
	live,
	headTimeouts = {},
	retention,
	onNotice = () => undefined,
}: OpenMountedHistoryOptions): Promise<MountedHistory> {
	// Nobody else of this machine may look into it.
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-history-'));
	const isWindows = process.platform === 'win32';
	const socket = isWindows ? `\\\\.\\pipe\\infinisst-history-${randomUUID()}` : join(folder, 'socket');
	const data: MountedHistoryThreadData = {
		path,
		basePath,
		dashboardDirectory,
		socket,
		live,
		headTimeouts,
		retention,
	};
	const thread = startThread(import.meta.resolve('./mounted-history-thread.js'), data);
	const end = async (): Promise<void> => {
		await thread.close();
		await rm(folder, {recursive: true, force: true});
	};
	try {
		await thread.call('open', undefined);
	} catch (error) {
		await end();
		throw error;
	}

	const pool = new Pool('http://history', {socketPath: socket, connections: MAX_CONNECTIONS, pipelining: 1});
	// What is followed holds a connection for hours: it must not take those of the rest. The server in front bounds them.
	const livePool = new Pool('http://history', {socketPath: socket, pipelining: 1});
	void passNoticesOn(thread, onNotice);
	let closing: Promise<void> | undefined;
	return {
		answer: (request, response) => answer(isForLive(request, basePath) ? livePool : pool, request, response),
		upgrade: (request, near, rest) =>
			passUpgradeOn(socket, request, near, rest, {
				path: dropKey(request.url ?? '/'),
				headers: {
					...passOn(request.headers, OWN_REQUEST_HEADERS),
					host: 'history',
					connection: 'Upgrade',
					...(request.headers.upgrade !== undefined && {upgrade: request.headers.upgrade}),
				},
			}),
		endLive: async () => {
			await thread.call('endLive', undefined).catch(() => {
				// It has ended by itself.
			});
		},
		close: () =>
			(closing ??= (async () => {
				await Promise.all([pool.destroy(), livePool.destroy()]);
				await thread.call('close', undefined).catch(() => {
					// It has ended by itself.
				});
				await end();
			})()),
	};
}

async function answer(pool: Pool, request: IncomingMessage, response: ServerResponse): Promise<void> {
	const gone = new AbortController();
	const giveUp = (): void => gone.abort();
	response.once('close', giveUp);
	try {
		await pool.stream(
			{
				path: dropKey(request.url ?? '/'),
				method: request.method === 'HEAD' ? 'HEAD' : 'GET',
				headers: passOn(request.headers, OWN_REQUEST_HEADERS),
				signal: gone.signal,
				// A list of a million tasks is sent for as long as its reader takes.
				bodyTimeout: 0,
			},
			({statusCode, headers}) => response.writeHead(statusCode, passOn(headers, ['date'])),
		);
	} catch {
		// Whoever asked has gone, or the thread has: half an answer must not look like a whole one.
		if (response.headersSent) response.destroy();
		else response.writeHead(502, {'content-type': 'text/plain; charset=utf-8'}).end('502: Bad Gateway');
	} finally {
		response.off('close', giveUp);
	}
}

function passOn(headers: IncomingHttpHeaders, others: readonly string[]): IncomingHttpHeaders {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name) && !others.includes(name)),
	);
}

const LIVE_PATH = new RegExp(`^/c/[^/]+/[^/]+/${LIVE_SESSION}(/|$)`);

/** By its address, or by the cookie of whoever has entered a live cluster. */
function isForLive(request: IncomingMessage, basePath: string): boolean {
	const [path = ''] = (request.url ?? '').slice(basePath.length).split('?');
	return LIVE_PATH.test(path) || readCookies(request)['session_name'] === LIVE_SESSION;
}

/** Ends with the thread. */
async function passNoticesOn(thread: ThreadHandle, onNotice: (text: string) => void): Promise<void> {
	try {
		for (;;) {
			for (const text of (await thread.call('notices', undefined)) as readonly string[]) onNotice(text);
		}
	} catch {
		// It was closed, or it has ended by itself: whoever asks it something is told.
	}
}

/** It opened the server, and is nothing to the history. */
function dropKey(address: string): string {
	const [path, query] = address.split('?', 2);
	if (query === undefined) return address;
	const rest = query.split('&').filter(pair => !pair.startsWith('api_key='));
	return rest.length === 0 ? path! : `${path}?${rest.join('&')}`;
}
