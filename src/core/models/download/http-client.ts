import {EnvHttpProxyAgent, request, type Dispatcher} from 'undici';
import {describeNetworkFault, describeStatus} from './describe-failure.js';
import {done, failed, type Attempt} from './failure.js';
import {readBlocks} from './read-blocks.js';

/** Proxies as the usual environment variables name them; empty or absent means none. */
export interface ProxySettings {
	readonly httpProxy?: string | undefined;
	readonly httpsProxy?: string | undefined;
	/** Hosts asked directly, separated by commas. */
	readonly noProxy?: string | undefined;
}

export interface HttpClientOptions {
	readonly proxy?: ProxySettings | undefined;
	/** @default 10000 */
	readonly connectTimeoutMs?: number | undefined;
	/** Silence after which a connection counts as broken. @default 30000 */
	readonly stallTimeoutMs?: number | undefined;
}

export interface HttpRequest {
	readonly url: URL;
	readonly headers?: Readonly<Record<string, string>>;
	/** Sent in `authorization` to the origin of `url` only, never to a host it redirects to. */
	readonly token?: string | undefined;
	/** Statuses besides 2xx that are answers, not failures. */
	readonly accept?: readonly number[];
	readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
	/** The last of the redirects. */
	readonly url: URL;
	readonly status: number;
	readonly headers: Dispatcher.ResponseData['headers'];
	/** Headers of the first answer, which the hub uses to describe the file it redirects to. */
	readonly firstHeaders: Dispatcher.ResponseData['headers'];
	/** The bytes, to be iterated once; ending that early closes the connection. */
	readonly blocks: AsyncGenerator<Buffer, void>;
	/** For an answer that is not read: closes its connection. */
	discard(): void;
}

/** GET over HTTP with redirects, proxies and time-outs. */
export interface HttpClient {
	/** Never rejects but with `signal.reason`. */
	get(request: HttpRequest): Promise<Attempt<HttpResponse>>;
	/** Ends running requests. Idempotent. */
	close(): Promise<void>;
}

const MAX_REDIRECTS = 8;
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

export function openHttpClient({
	proxy = {},
	connectTimeoutMs = 10_000,
	stallTimeoutMs = 30_000,
}: HttpClientOptions = {}): HttpClient {
	const dispatcher = new EnvHttpProxyAgent({
		// Always given, because undici would otherwise look into the environment itself.
		httpProxy: proxy.httpProxy ?? '',
		httpsProxy: proxy.httpsProxy ?? '',
		noProxy: proxy.noProxy ?? '',
		connect: {timeout: connectTimeoutMs},
		headersTimeout: stallTimeoutMs,
		bodyTimeout: stallTimeoutMs,
	});
	return {
		get: httpRequest => getFollowingRedirects(httpRequest, dispatcher),
		close: () => dispatcher.destroy(),
	};
}

async function getFollowingRedirects(
	{url: firstUrl, headers = {}, token, accept = [], signal}: HttpRequest,
	dispatcher: Dispatcher,
): Promise<Attempt<HttpResponse>> {
	let url = firstUrl;
	let firstHeaders: Dispatcher.ResponseData['headers'] | undefined;
	for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
		const isHome = url.origin === firstUrl.origin;
		let response;
		try {
			response = await request(url, {
				dispatcher,
				headers: {
					// Ranges count the bytes that are sent, so these must be the file's own.
					'accept-encoding': 'identity',
					'user-agent': 'infinisst',
					...headers,
					...(token !== undefined && isHome && {authorization: `Bearer ${token}`}),
				},
				signal: signal ?? null,
			});
		} catch (error) {
			signal?.throwIfAborted();
			return failed(describeNetworkFault(error, url));
		}
		firstHeaders ??= response.headers;
		const {statusCode: status, body} = response;
		const {location} = response.headers;
		if (REDIRECT_STATUSES.has(status) && typeof location === 'string') {
			const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
			await body.dump();
			if (next === undefined || isUnsafeRedirect(url, next)) {
				return failed({
					code: 'DOWNLOAD_FAILED',
					reason: `${url.host} redirects to an address that cannot be trusted`,
					isRetryable: false,
				});
			}
			url = next;
			continue;
		}
		if ((status >= 200 && status < 300) || accept.includes(status)) {
			return done({
				url,
				status,
				headers: response.headers,
				firstHeaders,
				blocks: readBlocks(body),
				discard: () => void body.destroy(),
			});
		}
		await body.dump();
		return failed(
			describeStatus(status, response.headers, url, {
				hasToken: token !== undefined && isHome,
				nowMs: Date.now(),
			}),
		);
	}
	return failed({
		code: 'DOWNLOAD_FAILED',
		reason: `${firstUrl.host} redirects in circles`,
		isRetryable: false,
	});
}

/** From an encrypted to an open connection, or to something that is no web address. */
function isUnsafeRedirect(from: URL, to: URL): boolean {
	if (to.protocol === 'https:') return false;
	return to.protocol !== 'http:' || from.protocol === 'https:';
}
