import type {IncomingMessage} from 'node:http';

/** What a request asks for. */
export interface Target {
	/** Decoded. */
	readonly path: string;
	readonly query: URLSearchParams;
	/** As they came; the query with its question mark. */
	readonly rawPath: string;
	readonly rawQuery: string;
}

/**
 * @param basePath - with which all addresses begin here, and which is taken off.
 * @returns undefined for what cannot be decoded, or would leave a folder when it is.
 */
export function readTarget({url: address = '/'}: IncomingMessage, basePath = ''): Target | undefined {
	if (!address.startsWith(basePath)) return undefined;
	const url = address.slice(basePath.length);
	const at = url.indexOf('?');
	const rawPath = at < 0 ? url : url.slice(0, at);
	const rawQuery = at < 0 ? '' : url.slice(at);
	try {
		const path = decodeURIComponent(rawPath);
		// Encoded twice it would be decoded by whatever comes after us.
		const twice = decodeURIComponent(path.replaceAll(/%(?![\da-f]{2})/gi, '%25'));
		const leaves = [path, twice].some(text => /(^|[/\\])\.\.([/\\]|$)/.test(text) || text.includes('\0'));
		if (leaves || !path.startsWith('/')) return undefined;
		return {path, query: new URLSearchParams(rawQuery), rawPath, rawQuery};
	} catch {
		return undefined;
	}
}

export function readCookies({headers}: IncomingMessage): Readonly<Record<string, string>> {
	const cookies: Record<string, string> = {};
	for (const part of (headers.cookie ?? '').split(';')) {
		const at = part.indexOf('=');
		if (at < 0) continue;
		try {
			cookies[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim());
		} catch {
			// Not one of ours.
		}
	}

	return cookies;
}

/** Of the bearer, or the password that a browser was given, under whatever name; "" for none. */
export function readToken({headers}: IncomingMessage): string {
	const [, scheme = '', value = ''] = /^(Bearer|Basic) (.+)$/i.exec(headers.authorization ?? '') ?? [];
	if (scheme.toLowerCase() !== 'basic') return value;
	return /:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1] ?? '';
}

/** Asks for the token: programs send it as it is, browsers as a password. */
export const TOKEN_CHALLENGE = 'Bearer, Basic realm="history of a cluster", charset="UTF-8"';

/** By what only browsers send. */
export function isFromBrowser({headers}: IncomingMessage): boolean {
	return (
		(headers['user-agent'] ?? '').startsWith('Mozilla') ||
		['origin', 'sec-fetch-mode', 'sec-fetch-site', 'sec-fetch-dest'].some(name => headers[name] !== undefined)
	);
}
