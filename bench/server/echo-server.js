/**
 * A bare `ws` server as a process of its own: `/echo` sends each frame back, `/answer` a short text instead, as ours
 * does. Prints its address as `serve --json` does.
 */
import {WebSocketServer} from 'ws';

const server = new WebSocketServer({host: '127.0.0.1', port: 0});
server.on('connection', (socket, request) => {
	const isEcho = request.url === '/echo';
	socket.on('message', data => socket.send(isEcho ? data : 'x'.repeat(200)));
});
server.on('listening', () => {
	const {port} = server.address();
	process.stdout.write(`${JSON.stringify({url: `http://127.0.0.1:${port}`})}\n`);
});
