import {quantile} from '../kit/statistics.js';
import {readEventLoop} from '../server/read-event-loop.js';
import {withRealSpeakers} from '../server/real-speakers.js';

/** Until all are at the same pace. */
const WARM_UP_SECONDS = 3;

export interface SpeakerFigures {
	/** Of one core: the server's process with its threads, and all of the program. */
	readonly serverCpuShare: number;
	readonly programCpuShare: number;
	/** From a sample's coming to its text being final, as the engine tells it. */
	readonly lagP50Ms: number;
	readonly lagP95Ms: number;
	/** How late the server's event loop was, at p99. */
	readonly eventLoopP99Ms: number;
	readonly finals: number;
}

/** Real speakers at `infinisst serve`, for so long. @param flags - behind `serve`. */
export async function measureSpeakers(
	flags: readonly string[],
	sessions: number,
	seconds: number,
): Promise<SpeakerFigures> {
	let lags: number[] = [];
	let finals = 0;
	return withRealSpeakers(
		{
			sessions,
			flags,
			query: 'source=auto&target=same',
			onMessage(message) {
				if (message.type === 'final') finals++;
				if (message.type === 'lag') lags.push(message.lag_ms);
			},
		},
		async ({server, speak}) => {
			await speak(WARM_UP_SECONDS);
			// Reading the figures begins them anew.
			await readEventLoop(server.url);
			lags = [];
			finals = 0;
			const before = await server.readCpuSeconds();
			const elapsedSeconds = await speak(seconds);
			const after = await server.readCpuSeconds();
			const {p99Ms} = await readEventLoop(server.url);
			return {
				serverCpuShare: (after.server - before.server) / elapsedSeconds,
				programCpuShare: (after.program - before.program) / elapsedSeconds,
				lagP50Ms: quantile(lags, 0.5),
				lagP95Ms: quantile(lags, 0.95),
				eventLoopP99Ms: p99Ms,
				finals,
			};
		},
	);
}
