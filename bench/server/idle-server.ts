/** Our server over an engine that does nothing, as a process of its own. Prints its address as `serve --json` does. */
import {Registry} from 'prom-client';
import {systemClock} from '../../src/core/util/clock.js';
import {createServer} from '../../src/server/create-server.js';
import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import type {ServerSettings} from '../../src/server/server-settings.js';
import {createSessionHost} from '../../src/server/sessions/create-session-host.js';
import {openIdleModelHost} from '../../src/server/testing/scripted-model-host.js';

const settings: ServerSettings = {
	...DEFAULT_SERVER_SETTINGS,
	port: 0,
	models: ['idle'],
	history: false,
	logLevel: 'silent',
	limits: {...DEFAULT_SERVER_SETTINGS.limits, maxSessions: 4096, requestsPerSecond: 0},
};
const models = await openIdleModelHost();
const server = await createServer({
	settings: () => settings,
	models,
	sessions: createSessionHost({models, settings: () => settings, clock: systemClock}),
	metrics: new Registry(),
	clock: systemClock,
	signal: new AbortController().signal,
});
const {url} = await server.listen();
process.stdout.write(`${JSON.stringify({url})}\n`);
