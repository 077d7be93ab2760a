import type {IncomingHttpHeaders} from 'node:http';

/** For one connection only (RFC 9110, 7.6.1), and those that mean our connection and not the head's. */
const HOP_BY_HOP = [
	'connection',
	'keep-alive',
	'proxy-connection',
	'proxy-authenticate',
	'proxy-authorization',
	'te',
	'trailer',
	'transfer-encoding',
	'upgrade',
];

/** Ours, or of the one who asks: the head shall not see them, nor be told who asks by anybody but us. */
const NOT_FOR_HEADS = [
	'host',
	'cookie',
	'authorization',
	'expect',
	'http2-settings',
	'forwarded',
	'x-forwarded-for',
	'x-forwarded-host',
	'x-forwarded-proto',
	'x-forwarded-prefix',
	'x-real-ip',
];

/** What a head says about its own address must not change what a browser thinks of ours. */
const NOT_FOR_CLIENTS = [
	'set-cookie',
	'set-cookie2',
	'clear-site-data',
	'alt-svc',
	'strict-transport-security',
	'service-worker-allowed',
];

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @param token - of the head itself; "" for none. */
export function headersForHead(
	headers: IncomingHttpHeaders,
	{hasBody, token}: {readonly hasBody: boolean; readonly token: string},
): Record<string, string | string[]> {
	const dropped = [...NOT_FOR_HEADS, ...(hasBody ? [] : ['content-length', 'content-type'])];
	const kept = dropHeaders(headers, dropped);
	return token === '' ? kept : {...kept, authorization: `Bearer ${token}`};
}

/**
 * @param address - of the head.
 * @param prefix - what stands before the head's own paths here; "" where they are the same.
 */
export function headersForClient(
	headers: Headers,
	address: string,
	prefix: string,
): Record<string, string | string[]> {
	const kept = dropHeaders(headers, NOT_FOR_CLIENTS);
	if (typeof kept['location'] === 'string')
		kept['location'] = moveLocation(kept['location'], address, prefix);
	// The same address may show another cluster tomorrow.
	kept['cache-control'] ??= 'no-cache';
	return kept;
}

function dropHeaders(headers: Headers, dropped: readonly string[]): Record<string, string | string[]> {
	const named = String(headers['connection'] ?? '')
		.toLowerCase()
		.split(',')
		.map(name => name.trim());
	const kept: Record<string, string | string[]> = {};
	for (const [name, value] of Object.entries(headers)) {
		if (value === undefined || HOP_BY_HOP.includes(name) || named.includes(name)) continue;
		if (!dropped.includes(name)) kept[name] = typeof value === 'string' ? value : [...value];
	}

	return kept;
}

/** A head that sends on to another of its own addresses means that address as it is called here. */
function moveLocation(location: string, address: string, prefix: string): string {
	const head = new URL(address);
	const isPath = location.startsWith('/') && !location.startsWith('//');
	const target = isPath ? new URL(location, head) : parseUrl(location);
	if (target?.origin !== head.origin) return location;
	const base = head.pathname.replace(/\/$/, '');
	const path = target.pathname.startsWith(`${base}/`) ? target.pathname.slice(base.length) : target.pathname;
	return `${prefix}${path}${target.search}${target.hash}`;
}

/** Undefined for what is no whole address. */
function parseUrl(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}
