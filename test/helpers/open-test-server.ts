import {Writable} from 'node:stream';

import {Registry} from 'prom-client';
import {onTestFinished} from 'vitest';

import type {Clock} from '../../src/core/util/clock.js';
import {systemClock} from '../../src/core/util/clock.js';
import {createServer, type CreateServerOptions, type Server} from '../../src/server/create-server.js';
import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import {openLog} from '../../src/server/logging/create-logger.js';
import type {ServerParts} from '../../src/server/server-parts.js';
import type {ServerLimits, ServerSettings} from '../../src/server/server-settings.js';
import {createSessionHost} from '../../src/server/sessions/create-session-host.js';
import {
	openScriptedModelHost,
	type ScriptedModelHost,
	type ScriptedModelHostOptions,
} from '../../src/server/testing/scripted-model-host.js';
import {temporaryDirectory} from './temporary-directory.js';

export interface TestServerOptions extends Omit<CreateServerOptions, 'log'> {
	/** @default those of `DEFAULT_SERVER_SETTINGS`, but any free port, the scripted model, and a results folder of its own */
	readonly settings?: Partial<Omit<ServerSettings, 'limits'>> & {readonly limits?: Partial<ServerLimits>};
	/** Or one that is open already, such as `openIdleModelHost()`. @default a scripted model that is loaded */
	readonly models?: ScriptedModelHostOptions | ScriptedModelHost;
	/** @default the system's */
	readonly clock?: Clock;
	/** @default without history */
	readonly parts?: (parts: ServerParts) => ServerParts;
}

export interface TestServer extends Server {
	/** `http://127.0.0.1:port` */
	readonly url: string;
	/** `ws://127.0.0.1:port` */
	readonly socketUrl: string;
	readonly port: number;
	readonly parts: ServerParts;
	readonly models: ScriptedModelHost;
	/** Each line of the log. */
	readonly logged: readonly Readonly<Record<string, unknown>>[];
	/** For what shall change while the server runs. */
	change(settings: TestServerOptions['settings']): void;
	/** The figure of `/metrics`, such as `infinisst_refused_total{reason="key"}`; undefined if there is none. */
	figure(name: string): Promise<number | undefined>;
}

/** The whole server over scripted engines, listening on a free port; destroyed when the test has finished. */
export async function openTestServer(options: TestServerOptions = {}): Promise<TestServer> {
	const {models: modelOptions = {}, clock = systemClock, settings: given, parts: change, ...more} = options;
	const models =
		'routers' in modelOptions
			? modelOptions
			: await openScriptedModelHost({...(options.clock && {clock}), ...modelOptions});
	const base: ServerSettings = {
		...DEFAULT_SERVER_SETTINGS,
		port: 0,
		models: models.models().map(({name}) => name),
		logLevel: 'info',
		history: false,
		resultsDirectory: await temporaryDirectory(),
	};
	let settings = merge(base, given);

	const own: ServerParts = {
		settings: () => settings,
		models,
		sessions: createSessionHost({models, settings: () => settings, clock}),
		metrics: new Registry(),
		clock,
		signal: new AbortController().signal,
	};
	const parts = change?.(own) ?? own;
	const logged: Record<string, unknown>[] = [];
	const log = await openLog(
		settings,
		new Writable({
			write(line: Buffer, _encoding, done) {
				logged.push(JSON.parse(line.toString()) as Record<string, unknown>);
				done();
			},
		}),
	);
	const server = await createServer(parts, {...more, log});
	onTestFinished(() => server.destroy());
	const {url, port} = await server.listen();
	return {
		...server,
		url,
		port,
		socketUrl: url.replace('http', 'ws'),
		parts,
		models,
		logged,
		change: next => void (settings = merge(settings, next)),
		async figure(name) {
			const lines = (await parts.metrics.metrics()).split('\n');
			const line = lines.find(text => text.startsWith(`${name} `));
			return line === undefined ? undefined : Number(line.slice(name.length + 1));
		},
	};
}

function merge(base: ServerSettings, {limits, ...more}: TestServerOptions['settings'] = {}): ServerSettings {
	return {...base, ...more, limits: {...base.limits, ...limits}};
}
