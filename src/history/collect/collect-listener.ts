import type {IncomingMessage, ServerResponse} from 'node:http';

import {InfinisstError} from '../../core/errors.js';
import {EventBatch} from '../ingest/event-batch.js';
import {isObject, readText} from '../ingest/wire-values.js';
import type {HistoryStore} from '../store/history-store.js';
import type {ClusterKey} from '../store/history-types.js';

export interface CollectListenerOptions {
	readonly store: HistoryStore;
	/** Under which the events are kept: they name their session, but not their cluster. */
	readonly cluster: ClusterKey;
	/** Asked for as a bearer token, where there is one. */
	readonly token?: string;
	/** True while the collector ends: Ray is asked to come again. */
	readonly isDraining: () => boolean;
}

/** Ray's own batches are below 10 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * Takes Ray's event export, `POST /v1/events` with a JSON array. Ray sends anew for ever what is not
 * answered with 2xx within three seconds, so an answer means: it is in the file. What can never be right is
 * answered with 400; what is damaged in a batch is noted and the rest kept.
 */
export function createCollectListener(
	options: CollectListenerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
	return (request, response) => {
		collect(options, request).then(
			({status, message}) => answer(response, status, message),
			(error: unknown) => {
				const isOurs = InfinisstError.is(error, 'DISK_FULL') || InfinisstError.is(error, 'HISTORY_LOCKED');
				answer(response, isOurs ? 503 : 500, isOurs ? (error as Error).message : 'the collector failed');
			},
		);
	};
}

interface Reply {
	readonly status: number;
	readonly message: string;
}

async function collect(options: CollectListenerOptions, request: IncomingMessage): Promise<Reply> {
	const [path] = (request.url ?? '/').split('?');
	if (path === '/livez' || path === '/readyz') return {status: 200, message: 'success'};
	if (path !== '/v1/events') return {status: 404, message: 'events are posted to /v1/events'};
	if (request.method !== 'POST') return {status: 405, message: 'events are posted'};
	if (options.isDraining()) return {status: 503, message: 'the collector is ending'};
	const {token = ''} = options;
	if (token !== '' && request.headers.authorization !== `Bearer ${token}`)
		return {status: 401, message: 'the token is wrong'};
	const body = await readBody(request);
	if (body === undefined) return {status: 413, message: `a batch is at most ${MAX_BODY_BYTES} bytes`};
	const events = parseEvents(body);
	if (events === undefined) return {status: 400, message: 'the body is no JSON array'};
	write(options, events);
	return {status: 200, message: 'stored'};
}

function write({store, cluster}: CollectListenerOptions, events: readonly unknown[]): void {
	const batches = new Map<string, EventBatch>();
	for (const [index, event] of events.entries()) {
		const session = (isObject(event) ? readText(event['sessionName']) : '') || 'session_unknown';
		const batch = batches.get(session) ?? new EventBatch();
		batches.set(session, batch);
		const id = isObject(event) ? readText(event['eventId']) : '';
		batch.add(event, 'collected', id === '' ? `item ${index + 1}` : id);
	}

	for (const [session, batch] of batches) store.write(store.openSession(cluster, session), {events: batch});
}

function parseEvents(body: string): readonly unknown[] | undefined {
	try {
		const value: unknown = JSON.parse(body);
		return Array.isArray(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
	const chunks: Buffer[] = [];
	let bytes = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		bytes += chunk.length;
		if (bytes > MAX_BODY_BYTES) return undefined;
		chunks.push(chunk);
	}

	return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number, message: string): void {
	response.statusCode = status;
	response.setHeader('content-type', 'application/json; charset=utf-8');
	if (status === 503) response.setHeader('retry-after', '2');
	response.end(JSON.stringify({message}));
}
