import {closeSockets, delay, openSession, openSockets} from './bench-socket.js';
import {type ProcessMemory, startBenchServer} from './server-process.js';

/** Frames are spread, as those of speakers are. */
const SPREAD_MS = 2;

export interface SessionMemory {
	readonly sessions: number;
	readonly before: ProcessMemory;
	readonly opened: ProcessMemory;
	/** When each has said two seconds. */
	readonly spoken: ProcessMemory;
}

/** Memory of a fresh server with many sessions of `/v1/stream`, each over a socket of its own. */
export async function measureSessions(count: number): Promise<SessionMemory> {
	const server = await startBenchServer('idle-server');
	try {
		const before = await server.readMemory();
		const sockets = await openSockets(
			count,
			async () => (await openSession(server.socketUrl, 'source=en&target=de')).socket,
		);
		const opened = await server.readMemory();
		const frame = Buffer.alloc(64 * 1024);
		for (let round = 0; round < 2; round++) {
			for (const socket of sockets) {
				socket.send(frame);
				await delay(SPREAD_MS);
			}
		}
		const spoken = await server.readMemory();
		await closeSockets(sockets);
		return {sessions: count, before, opened, spoken};
	} finally {
		await server.stop();
	}
}
