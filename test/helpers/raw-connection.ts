import {connect, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

export interface RawConnection {
	readonly socket: Socket;
	write(text: string): void;
	/** All that came until the other end closed the connection. */
	readonly answer: Promise<string>;
}

/** A connection that says what no client would. */
export async function openRawConnection(port: number): Promise<RawConnection> {
	const socket = connect({port, host: '127.0.0.1'});
	onTestFinished(() => void socket.destroy());
	await new Promise<void>((resolve, reject) => {
		socket.once('connect', resolve);
		socket.once('error', reject);
	});
	let received = '';
	socket.setEncoding('latin1');
	socket.on('data', (text: string) => (received += text));
	const answer = new Promise<string>(resolve => {
		// A reset is an end, too: what came before it counts.
		socket.on('error', () => undefined);
		socket.once('close', () => resolve(received));
	});
	return {
		socket,
		answer,
		write: text => {
			if (socket.writable) socket.write(text);
		},
	};
}
