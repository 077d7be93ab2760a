import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

export interface CuttingProxy {
	readonly port: number;
	/** Connections that were cut. */
	readonly cuts: number;
	/** Cuts all connections there are; those that come now go to another port. */
	aim(targetPort: number): void;
}

/** How many bytes of a connection come through each way before it is cut. */
export interface Cut {
	readonly upBytes: number;
	readonly downBytes: number;
	/** Thrown away at once, as when a machine is gone, instead of closed. */
	readonly isReset: boolean;
}

/** A connection that lasts. */
export const UNCUT: Cut = {upBytes: Infinity, downBytes: Infinity, isReset: false};

/** A network that fails: passes bytes on, and cuts each connection where `next` says. */
export async function startCuttingProxy(targetPort: number, next: () => Cut): Promise<CuttingProxy> {
	let cuts = 0;
	let port = targetPort;
	const sockets = new Set<Socket>();
	const server = createServer(near => {
		const cut = next();
		const far = connect(port, '127.0.0.1');
		let isCut = false;
		const end = (): void => {
			if (isCut) return;
			isCut = true;
			cuts++;
			for (const socket of [near, far]) {
				if (cut.isReset) socket.resetAndDestroy();
				else socket.destroySoon();
			}
		};
		pass(near, far, cut.upBytes, end);
		pass(far, near, cut.downBytes, end);
		for (const socket of [near, far]) {
			sockets.add(socket);
			socket.setNoDelay(true);
			socket.on('error', () => undefined);
			socket.on('close', () => {
				sockets.delete(socket);
				near.destroySoon();
				far.destroySoon();
			});
		}
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	onTestFinished(() => {
		server.close();
		for (const socket of sockets) socket.destroy();
	});
	return {
		port: (server.address() as AddressInfo).port,
		get cuts() {
			return cuts;
		},
		aim(next) {
			port = next;
			for (const socket of [...sockets]) socket.resetAndDestroy();
		},
	};
}

/** Up to the last byte that may pass. */
function pass(from: Socket, to: Socket, bytes: number, end: () => void): void {
	let left = bytes;
	from.on('data', data => {
		const part = data.subarray(0, left);
		left -= part.length;
		if (part.length > 0 && !to.write(part)) {
			from.pause();
			to.once('drain', () => from.resume());
		}
		if (left <= 0) end();
	});
}
