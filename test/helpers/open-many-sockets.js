/**
 * Opens as many sockets as it is told to a server, says nothing on any, and waits until the server has closed them. A
 * process of its own: it has as many open files as a process may have.
 *
 *     node open-many-sockets.js PORT COUNT
 *
 * Prints what has happened so far as a line of JSON: all are open; all are closed, with how many by which status or code.
 */
import {connect} from 'node:net';

const [port, count] = process.argv.slice(2).map(Number);
const AT_ONCE = 100;
const paths = ['/v1/stream', '/v1/realtime?intent=transcription'];
const outcomes = {};
let begun = 0;
let answered = 0;
let closed = 0;

const note = outcome => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
const say = type => process.stdout.write(`${JSON.stringify({type, outcomes})}\n`);

function open() {
	if (begun === count) return;
	const path = paths[begun++ % paths.length];
	const socket = connect({port, host: '127.0.0.1'});
	let received = Buffer.alloc(0);
	let isAnswered = false;
	const answer = outcome => {
		if (isAnswered) return;
		isAnswered = true;
		note(outcome);
		if (++answered === count) say('answered');
		open();
	};
	socket.write(
		`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
			'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
	);
	socket.on('data', data => {
		received = Buffer.concat([received, data]);
		if (!isAnswered) {
			const end = received.indexOf('\r\n\r\n');
			if (end === -1) return;
			answer(received.toString('latin1', 9, 12));
			received = received.subarray(end + 4);
		}
		// What the server sends is not masked; a close has two bytes of code.
		while (received.length >= 2) {
			const code = received[0] & 0x0f;
			const isLong = received[1] === 126;
			const length = isLong ? received.readUInt16BE(2) : received[1];
			const start = isLong ? 4 : 2;
			if (received.length < start + length) return;
			if (code === 8) {
				note(`close ${received.readUInt16BE(start)}`);
				socket.end();
			}
			received = received.subarray(start + length);
		}
	});
	socket.on('error', error => note(error.code));
	socket.on('close', () => {
		answer('closed');
		if (++closed === count) say('closed');
	});
}

for (let index = 0; index < AT_ONCE; index++) open();
