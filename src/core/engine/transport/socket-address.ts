import {InfinisstError} from '../../errors.js';

/** Where a socket listens: a path of the file system, or a port of a host. */
export type SocketAddress = {readonly path: string} | {readonly host: string; readonly port: number};

/**
 * @param text - `unix:/run/worker.sock`, `localhost:7000`, `[::1]:7000`; port 0 is any free one.
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function parseSocketAddress(text: string): SocketAddress {
	if (text.startsWith('unix:') && text.length > 'unix:'.length) return {path: text.slice('unix:'.length)};
	const match = /^(?:\[(?<literal>[\da-fA-F:.]+)\]|(?<name>[^\s:[\]/]+)):(?<port>\d{1,5})$/.exec(text);
	const {literal, name, port} = match?.groups ?? {};
	const host = literal ?? name;
	if (host !== undefined && Number(port) <= 65_535) return {host, port: Number(port)};
	throw new InfinisstError('OPTION_INVALID', `"${text}" is no address`, {
		hint: 'Write host:port, for example 127.0.0.1:7000, or unix:/path/to/socket.',
	});
}

export function formatSocketAddress(address: SocketAddress): string {
	if ('path' in address) return `unix:${address.path}`;
	const host = address.host.includes(':') ? `[${address.host}]` : address.host;
	return `${host}:${address.port}`;
}

/** Whether only programs of this machine reach it. */
export function isLocalAddress(address: SocketAddress): boolean {
	return 'path' in address || /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(address.host);
}
