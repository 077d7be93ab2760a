import type {IncomingHttpHeaders, IncomingMessage} from 'node:http';
import {connect, type Socket} from 'node:net';

/**
 * Joins a connection that asks for another protocol with one to the history's thread. Nothing of what follows is looked
 * at; when one end has ended, so does the other, with all that was said.
 *
 * @param socketPath - of the thread.
 * @param path - with its query, as the thread shall see it.
 * @param headers - as the thread shall see them.
 * @param rest - what came after the request.
 */
export function passUpgradeOn(
	socketPath: string,
	{method = 'GET'}: IncomingMessage,
	near: Socket,
	rest: Buffer,
	{path, headers}: {readonly path: string; readonly headers: IncomingHttpHeaders},
): void {
	const far = connect(socketPath);
	far.on('error', () => {
		// The thread is gone; once it has answered, half an answer must not look like a whole one.
		if (far.bytesRead === 0)
			near.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
		else near.destroy();
	});
	near.on('error', () => near.destroy());
	near.setTimeout(0);
	near.setNoDelay(true);
	// A machine that is gone says nothing, ever.
	near.setKeepAlive(true, 30_000);
	// At once: whoever is refused has hung up before a second piece is written, and the refusal would be lost.
	far.write(Buffer.concat([Buffer.from(formatRequest(method, path, headers), 'latin1'), rest]));
	for (const [from, to] of [
		[near, far],
		[far, near],
	] as const) {
		from.on('close', () => to.destroySoon());
		from.pipe(to);
	}
}

function formatRequest(method: string, path: string, headers: IncomingHttpHeaders): string {
	const lines = Object.entries(headers).flatMap(([name, value]) =>
		[value ?? []].flat().map(text => `${name}: ${text}`),
	);
	return [`${method} ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}
