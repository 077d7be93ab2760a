import {readEventLoop, type EventLoopLateness} from './read-event-loop.js';
import {withRealSpeakers} from './real-speakers.js';

export interface EventLoopFigures extends EventLoopLateness {
	readonly sessions: number;
	readonly seconds: number;
	/** Sessions that said something final meanwhile. */
	readonly speaking: number;
	/** Of the server's process alone, of one core. */
	readonly serverCpuShare: number;
}

/** How late the server's event loop is while real sessions are translated in its child processes. History is on. */
export async function measureEventLoop(sessions: number, seconds: number): Promise<EventLoopFigures> {
	const speaking = new Set<string>();
	return withRealSpeakers(
		{
			sessions,
			query: 'source=auto&target=same',
			onMessage(message, session) {
				if (message.type === 'final') speaking.add(session);
			},
		},
		async ({server, speak}) => {
			// Reading the figures begins them anew.
			await readEventLoop(server.url);
			const before = await server.readCpuSeconds();
			const elapsedSeconds = await speak(seconds);
			const after = await server.readCpuSeconds();
			return {
				sessions,
				seconds,
				...(await readEventLoop(server.url)),
				speaking: speaking.size,
				serverCpuShare: (after.server - before.server) / elapsedSeconds,
			};
		},
	);
}
