/**
 * Our server over an engine that does nothing, as it was built and as a process of its own: compiled while it runs, its
 * memory would be twice as large. Prints its address as `serve --json` does.
 *
 *     node bench/server/idle-server.js '{"sockets": 100}'    limits that are not those of the measurements
 */
import {Registry} from 'prom-client';
import {letHeapGrow} from '../../dist/cli/commands/serve/let-heap-grow.js';
import {systemClock} from '../../dist/core/util/clock.js';
import {createServer} from '../../dist/server/create-server.js';
import {DEFAULT_SERVER_SETTINGS} from '../../dist/server/default-server-settings.js';
import {createSessionHost} from '../../dist/server/sessions/create-session-host.js';
import {openIdleModelHost} from '../../dist/server/testing/scripted-model-host.js';

// As `serve` begins.
letHeapGrow();
const settings = {
	...DEFAULT_SERVER_SETTINGS,
	port: 0,
	models: ['idle'],
	history: false,
	logLevel: 'silent',
	limits: {
		...DEFAULT_SERVER_SETTINGS.limits,
		maxSessions: 4096,
		requestsPerSecond: 0,
		...JSON.parse(process.argv[2] ?? '{}'),
	},
};
const models = await openIdleModelHost();
const server = await createServer({
	settings: () => settings,
	models,
	sessions: createSessionHost({models, settings: () => settings, clock: systemClock}),
	metrics: new Registry(),
	clock: systemClock,
	signal: new globalThis.AbortController().signal,
});
const {url} = await server.listen();
process.stdout.write(`${JSON.stringify({url})}\n`);
