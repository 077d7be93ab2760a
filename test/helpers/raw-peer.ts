import {once} from 'node:events';
import {connect, type Socket} from 'node:net';

import {frameHeader, FrameReader} from '../../src/core/engine/transport/frame-reader.js';
import {Handshake} from '../../src/core/engine/transport/handshake.js';
import type {SocketAddress} from '../../src/core/engine/transport/socket-address.js';

/** A connection that says what a test tells it to, byte for byte. */
export async function connectRaw(address: SocketAddress): Promise<Socket> {
	const socket = connect(address);
	await once(socket, 'connect');
	socket.on('error', () => undefined);
	return socket;
}

export function frame(body: Uint8Array): Buffer {
	return Buffer.concat([frameHeader(body.length), body]);
}

/** One that has shaken hands, and then says nothing. */
export async function connectAccepted(address: SocketAddress, token: string): Promise<Socket> {
	const socket = await connectRaw(address);
	const handshake = new Handshake('caller', token);
	socket.write(frame(handshake.greet()));
	const frames = new FrameReader(2 ** 20);
	await new Promise<void>(resolve => {
		socket.on('data', (part: Buffer) => {
			frames.append(part);
			for (let next = frames.next(); next !== undefined; next = frames.next()) {
				const {answer, isAccepted} = handshake.take(next);
				if (answer !== undefined) socket.write(frame(answer));
				if (!isAccepted) continue;
				socket.removeAllListeners('data');
				socket.resume();
				resolve();
				return;
			}
		});
	});
	return socket;
}
