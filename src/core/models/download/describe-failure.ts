import type {IncomingHttpHeaders} from 'undici/types/header.js';
import type {Failure} from './failure.js';

/** Statuses that say "not now"; the others say "not like this". */
const RETRYABLE_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Faults of certificates: asking again does not help, and the way out is another one. */
const CERTIFICATE_CODE = /^(CERT_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY))/;

/** Faults before anybody answered. */
const UNREACHABLE_CODES = new Set([
	'EAI_AGAIN',
	'ECONNREFUSED',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ENOTFOUND',
	'ETIMEDOUT',
	'UND_ERR_CONNECT_TIMEOUT',
]);

/** What an answer other than 2xx means. `url` is named without its query, which may hold a signature. */
export function describeStatus(
	status: number,
	headers: IncomingHttpHeaders,
	url: URL,
	{hasToken, nowMs}: {readonly hasToken: boolean; readonly nowMs: number},
): Failure {
	const place = `${url.host}${url.pathname}`;
	if (status === 401 || status === 403) {
		return {
			code: 'MODEL_UNAVAILABLE',
			reason: `${place} answered ${status}: ${hasToken ? 'the token gives no access to it' : 'it needs an access token, or does not exist'}`,
			hint: hasToken
				? 'Accept the terms of the model on its page, or set HF_TOKEN to a token that may read it.'
				: 'Check the name, or set HF_TOKEN to a token that may read it.',
			isRetryable: false,
		};
	}
	if (status === 404) {
		return {
			code: 'MODEL_UNKNOWN',
			reason: `${place} answered 404: there is no such repository, revision or file`,
			hint: 'Check the name of the repository and its revision.',
			isRetryable: false,
		};
	}
	const retryAfterMs = parseRetryAfter(headers['retry-after'], nowMs);
	return {
		code: 'DOWNLOAD_FAILED',
		reason: `${place} answered ${status}`,
		isRetryable: RETRYABLE_STATUSES.has(status),
		...(retryAfterMs !== undefined && {retryAfterMs}),
	};
}

/** What an exception of the HTTP client means. */
export function describeNetworkFault(error: unknown, url: URL): Failure {
	const code = codeOf(error);
	const text = code ?? (error instanceof Error ? error.message : String(error));
	if (code !== undefined && CERTIFICATE_CODE.test(code)) {
		return {
			code: 'SOURCE_UNREACHABLE',
			reason: `the certificate of ${url.host} is not trusted (${code})`,
			hint: "If a proxy of your network is in between, set NODE_EXTRA_CA_CERTS to its authority's certificate.",
			isRetryable: false,
			isUnreachable: true,
			cause: error,
		};
	}
	if (code !== undefined && UNREACHABLE_CODES.has(code)) {
		return {
			code: 'SOURCE_UNREACHABLE',
			reason: `${url.host} cannot be reached (${code})`,
			isRetryable: true,
			isUnreachable: true,
			cause: error,
		};
	}
	const isStall = code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_HEADERS_TIMEOUT';
	return {
		code: 'DOWNLOAD_FAILED',
		reason: isStall ? `${url.host} stopped sending` : `the connection to ${url.host} broke (${text})`,
		isRetryable: true,
		cause: error,
	};
}

/** Seconds or an HTTP date. Undefined if absent or neither. */
function parseRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
	const text = Array.isArray(value) ? value[0] : value;
	if (text === undefined) return undefined;
	if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
	const dateMs = Date.parse(text);
	return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

/** The system's or undici's code, which may lie in the cause. */
function codeOf(error: unknown): string | undefined {
	if (!(error instanceof Error)) return undefined;
	if ('code' in error && typeof error.code === 'string') return error.code;
	return codeOf(error.cause);
}
