import {median} from '../kit/statistics.js';
import {closeSockets, delay, openSession, openSocket, openSockets, readMessage} from './bench-socket.js';
import {startBenchServer} from './server-process.js';

const PAUSE_MS = 200;

export interface ListenerFigures {
	readonly listeners: number;
	readonly events: number;
	/** From the speaker's frame to the last listener that has the event it caused. */
	readonly medianMs: number;
	readonly maxMs: number;
}

/** How long one speaker's words take to the last of many listeners. */
export async function measureListeners(count: number, events: number): Promise<ListenerFigures> {
	const server = await startBenchServer('idle-server');
	try {
		const {socket, id} = await openSession(server.socketUrl, 'source=en&target=de');
		let waiting = 0;
		let allHeard: () => void = () => undefined;
		const listeners = await openSockets(count, async () => {
			const listener = await openSocket(`${server.socketUrl}/v1/stream/${encodeURIComponent(id)}/listen`);
			listener.on('message', (data: Buffer) => {
				if (readMessage(data).type === 'partial' && --waiting === 0) allHeard();
			});
			return listener;
		});
		await delay(PAUSE_MS);
		const timesMs: number[] = [];
		for (let event = 0; event < events; event++) {
			const heard = new Promise<void>(resolve => (allHeard = resolve));
			waiting = count;
			const startMs = performance.now();
			socket.send(Buffer.alloc(6400));
			await heard;
			timesMs.push(performance.now() - startMs);
			await delay(PAUSE_MS);
		}
		await closeSockets([socket, ...listeners]);
		return {listeners: count, events, medianMs: median(timesMs), maxMs: Math.max(...timesMs)};
	} finally {
		await server.stop();
	}
}
