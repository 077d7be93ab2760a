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
	const url = parseUrl(`http://${host ?? ''}`);
	if (url === undefined) return false;
	return (
		isLoopback(url.hostname.replace(/^\[(.*)\]$/, '$1')) ||
		allowed.some(origin => parseUrl(origin)?.hostname === url.hostname)
	);
}

function parseUrl(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}
