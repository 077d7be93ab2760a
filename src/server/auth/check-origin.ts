import {isLoopback} from './is-loopback.js';

/**
 * Whether a page may use the server: the server's own, or one that was named.
 *
 * @param origin - as the browser says; undefined: it is no browser.
 * @param host - of the request, with its port.
 * @param allowed - origins, or `*`.
 */
export function isOriginAllowed(
	origin: string | undefined,
	host: string | undefined,
	allowed: readonly string[],
): boolean {
	if (origin === undefined || isOriginListed(origin, allowed)) return true;
	const url = parseUrl(origin);
	// Only hosts are compared: behind a proxy that ends TLS the server does not know that its pages are https.
	return url !== undefined && host !== undefined && url.host === parseUrl(`${url.protocol}//${host}`)?.host;
}

export function isOriginListed(origin: string, allowed: readonly string[]): boolean {
	return allowed.includes('*') || allowed.includes(origin);
}

/** Where an application that loads its page from its own files says it comes from: Electron and others. */
const FILE_ORIGIN = 'file://';

/**
 * Whether an application of this machine asks, whose page is a file of it. No page of the web has this origin; those in
 * sandboxed frames have `null`, which is why that is not trusted. It must call the server by a name of this machine, so
 * that what a proxy passes on is not taken for it.
 *
 * @param address - of the client.
 * @param host - of the request, with its port.
 */
export function isLocalApplication(
	origin: string | undefined,
	address: string,
	host: string | undefined,
): boolean {
	return origin === FILE_ORIGIN && isLoopback(address) && isLoopback(nameOfHost(host) ?? '');
}

/**
 * Whether a server for this machine alone is called by a name of this machine. A name that somebody else's server of
 * names points here (DNS rebinding) is none, unless it is that of an allowed origin, as behind a proxy.
 *
 * @param host - of the request, with its port.
 * @param boundTo - what the server listens on.
 */
export function isHostAllowed(
	host: string | undefined,
	boundTo: string,
	allowed: readonly string[],
): boolean {
	if (!isLoopback(boundTo) || allowed.includes('*')) return true;
	const name = nameOfHost(host);
	if (name === undefined) return false;
	return (
		isLoopback(name) || allowed.some(origin => withoutBrackets(parseUrl(origin)?.hostname ?? '') === name)
	);
}

/** Without port and brackets. */
function nameOfHost(host: string | undefined): string | undefined {
	const url = parseUrl(`http://${host ?? ''}`);
	return url === undefined ? undefined : withoutBrackets(url.hostname);
}

function withoutBrackets(hostname: string): string {
	return hostname.replace(/^\[(.*)\]$/, '$1');
}

function parseUrl(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}
