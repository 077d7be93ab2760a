/** prom-client looks at the event loop so often, and counts this time in. */
const INTERVAL_MS = 10;

/** How late an event loop was. */
export interface EventLoopLateness {
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
}

/** Of the server at an address, since it was read last. */
export async function readEventLoop(url: string): Promise<EventLoopLateness> {
	const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
	const lateMs = (name: string): number => {
		const metric = `nodejs_eventloop_lag_${name}_seconds `;
		return Number(lines.find(line => line.startsWith(metric))?.slice(metric.length)) * 1000 - INTERVAL_MS;
	};
	return {p50Ms: lateMs('p50'), p99Ms: lateMs('p99'), maxMs: lateMs('max')};
}
