import {request, type Dispatcher} from 'undici';

/** What an answer of the head came to. */
export type FetchedEndpoint =
	| {readonly type: 'answer'; readonly status: number; readonly text: string}
	/** Nobody there, too slow, cut off, or not HTTP. */
	| {readonly type: 'no-answer'; readonly reason: string}
	| {readonly type: 'too-large'};

export interface FetchEndpointOptions {
	readonly dispatcher: Dispatcher;
	/** "http://head:8265", without a slash at the end. */
	readonly address: string;
	/** With its query. */
	readonly path: string;
	/** Ray's own token; "" for none. */
	readonly token: string;
	readonly maxBytes: number;
	/** From the first byte of the request to the last of the answer. */
	readonly timeoutMs: number;
	readonly signal: AbortSignal;
}

const LATE = new Error('the answer is late');

/**
 * Gets one answer whole.
 *
 * @throws the signal's reason once that has fired, and nothing else.
 */
export async function fetchEndpoint(options: FetchEndpointOptions): Promise<FetchedEndpoint> {
	const {dispatcher, address, path, token, maxBytes, timeoutMs, signal} = options;
	const controller = new AbortController();
	const stop = () => controller.abort();
	const timer = setTimeout(() => controller.abort(LATE), timeoutMs);
	signal.addEventListener('abort', stop, {once: true});
	try {
		signal.throwIfAborted();
		const {statusCode, body} = await request(`${address}${path}`, {
			dispatcher,
			method: 'GET',
			headers: token === '' ? {} : {authorization: `Bearer ${token}`},
			signal: controller.signal,
		});
		const chunks: Buffer[] = [];
		let bytes = 0;
		for await (const chunk of body as AsyncIterable<Buffer>) {
			bytes += chunk.length;
			// Leaving the loop destroys the body and with it the connection.
			if (bytes > maxBytes) return {type: 'too-large'};
			chunks.push(chunk);
		}

		return {type: 'answer', status: statusCode, text: Buffer.concat(chunks).toString('utf8')};
	} catch (error) {
		signal.throwIfAborted();
		const isLate = controller.signal.reason === LATE;
		const reason = isLate ? `no answer within ${timeoutMs / 1000} s` : describeNoAnswer(error);
		return {type: 'no-answer', reason};
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', stop);
	}
}

/** Few words for why nobody answered; of an error that wraps several, those of the last. */
export function describeNoAnswer(error: unknown): string {
	const causes = error instanceof AggregateError ? (error.errors as unknown[]) : [];
	const {code, message} = (causes.at(-1) ?? error) as {code?: unknown; message?: unknown};
	switch (code) {
		case 'ECONNREFUSED':
			return 'connection refused';
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return 'its name is unknown';
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return 'no way there';
		case 'UND_ERR_CONNECT_TIMEOUT':
		case 'ETIMEDOUT':
			return 'no connection in time';
		case 'UND_ERR_HEADERS_TIMEOUT':
		case 'UND_ERR_BODY_TIMEOUT':
			return 'no answer in time';
		case 'UND_ERR_SOCKET':
		case 'ECONNRESET':
		case 'EPIPE':
			return 'the connection was cut';
		default:
			return typeof message === 'string' && message !== '' ? message : 'it cannot be told why';
	}
}
