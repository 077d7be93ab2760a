import type {FastifyRequest} from 'fastify';

/** Subprotocols that carry a key, because a browser cannot set headers of a socket; never told back. */
const KEY_PROTOCOLS = ['infinisst.key.', 'openai-insecure-api-key.'];

/** More would only be tried to guess. */
const MOST_KEYS = 4;

/**
 * Keys that a request comes with: `Authorization: Bearer`, or the password of `Basic` (what browsers ask people for),
 * `?api_key=`, or a subprotocol of a socket.
 */
export function presentedKeys(request: FastifyRequest): readonly string[] {
	const {headers, query} = request;
	const keys = [
		...readAuthorization(headers.authorization),
		...readProtocols(headers['sec-websocket-protocol']).flatMap(protocol =>
			KEY_PROTOCOLS.filter(start => protocol.startsWith(start)).map(start => protocol.slice(start.length)),
		),
		...readQuery((query as Readonly<Record<string, unknown>> | undefined)?.['api_key']),
	];
	return keys.filter(key => key !== '').slice(0, MOST_KEYS);
}

/**
 * What a socket is told that it speaks, of what it offers.
 *
 * @returns false: none of it.
 */
export function chooseProtocol(offered: Iterable<string>): string | false {
	for (const protocol of offered) {
		if (!carriesKey(protocol)) return protocol;
	}
	return false;
}

/** The header of offered subprotocols, without keys; undefined if nothing is left. */
export function withoutKeys(header: string | undefined): string | undefined {
	const offered = readProtocols(header).filter(protocol => protocol !== '' && !carriesKey(protocol));
	return offered.length === 0 ? undefined : offered.join(', ');
}

function carriesKey(protocol: string): boolean {
	return KEY_PROTOCOLS.some(start => protocol.startsWith(start));
}

function readAuthorization(header: string | undefined): string[] {
	const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(header ?? '') ?? [];
	if (scheme.toLowerCase() !== 'basic') return [value];
	const text = Buffer.from(value, 'base64').toString('utf8');
	return [text.slice(text.indexOf(':') + 1)];
}

function readProtocols(header: string | undefined): string[] {
	return (header ?? '').split(',').map(protocol => protocol.trim());
}

function readQuery(value: unknown): string[] {
	const values: readonly unknown[] = Array.isArray(value) ? value : [value];
	return values.filter(text => typeof text === 'string');
}
