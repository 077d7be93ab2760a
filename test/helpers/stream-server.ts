import {Registry} from 'prom-client';
import {onTestFinished} from 'vitest';
import {WebSocket} from 'ws';

import {StreamClient, type StreamClientOptions} from '../../src/client/stream-client.js';
import type {WebSocketConstructor} from '../../src/client/web-socket.js';
import {systemClock, type Clock} from '../../src/core/util/clock.js';
import type {ServerMessage} from '../../src/core/session/stream-protocol.js';
import {createServer, type Server} from '../../src/server/create-server.js';
import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import type {ServerLimits, ServerSettings} from '../../src/server/server-settings.js';
import {createSessionHost} from '../../src/server/sessions/create-session-host.js';
import type {SessionHost} from '../../src/server/sessions/session-host.js';
import type {StreamArchive} from '../../src/server/stream/stream-archive.js';
import {
	openScriptedModelHost,
	type ScriptedModelHost,
	type ScriptedModelHostOptions,
} from '../../src/server/testing/scripted-model-host.js';

export interface StreamServerOptions extends Omit<ScriptedModelHostOptions, 'clock'> {
	readonly archive?: StreamArchive;
	readonly limits?: Partial<ServerLimits>;
	readonly settings?: Partial<ServerSettings>;
	/** @default the system's */
	readonly clock?: Clock;
}

export interface StreamServer {
	readonly server: Server;
	readonly host: SessionHost;
	readonly models: ScriptedModelHost;
	readonly metrics: Registry;
	readonly port: number;
	/** `ws://127.0.0.1:<port>/v1/stream`. */
	readonly url: string;
	/** What nobody foresaw. */
	readonly faults: readonly unknown[];
}

/** A server over scripted engines; ends with the test at the latest. */
export async function startStreamServer({
	archive,
	limits,
	settings: more,
	clock = systemClock,
	...scripted
}: StreamServerOptions = {}): Promise<StreamServer> {
	const settings: ServerSettings = {
		...DEFAULT_SERVER_SETTINGS,
		port: 0,
		logLevel: 'silent',
		...more,
		limits: {...DEFAULT_SERVER_SETTINGS.limits, requestsPerSecond: 0, ...limits},
	};
	const faults: unknown[] = [];
	const models = await openScriptedModelHost({...scripted, clock});
	const host = createSessionHost({
		models,
		settings: () => settings,
		clock,
		onFault: error => faults.push(error),
	});
	const metrics = new Registry();
	const server = await createServer({
		settings: () => settings,
		sessions: host,
		models,
		metrics,
		clock,
		signal: new AbortController().signal,
		...(archive !== undefined && {archive}),
	});
	const {port} = await server.listen();
	onTestFinished(() => server.destroy());
	return {server, host, models, metrics, port, url: `ws://127.0.0.1:${port}/v1/stream`, faults};
}

export const NodeWebSocket = WebSocket as unknown as WebSocketConstructor;

export interface RecordedStream {
	readonly client: StreamClient;
	readonly events: ServerMessage[];
}

/** A client whose events are kept. */
export function openRecordedStream(
	url: string,
	query: Readonly<Record<string, string>>,
	options: Partial<StreamClientOptions> = {},
): RecordedStream {
	const events: ServerMessage[] = [];
	const client = new StreamClient({
		url,
		query,
		WebSocket: NodeWebSocket,
		onEvent: event => events.push(event),
		...options,
	});
	return {client, events};
}

/** A socket whose messages are kept, for what no client of ours would send. */
export interface RawSocket {
	readonly socket: WebSocket;
	readonly messages: ServerMessage[];
	readonly closed: Promise<{readonly code: number; readonly reason: string}>;
	/** Resolves with the first message of this type, also if it came before. */
	until<Type extends ServerMessage['type']>(type: Type): Promise<Extract<ServerMessage, {type: Type}>>;
}

export function openRawSocket(url: string, protocols: readonly string[] = ['infinisst.v1']): RawSocket {
	const socket = new WebSocket(url, [...protocols]);
	onTestFinished(() => socket.terminate());
	const messages: ServerMessage[] = [];
	const waiting = new Set<() => void>();
	socket.on('message', data => {
		messages.push(JSON.parse((data as Buffer).toString()) as ServerMessage);
		for (const check of [...waiting]) check();
	});
	socket.on('error', () => undefined);
	return {
		socket,
		messages,
		closed: new Promise(resolve => {
			socket.on('close', (code, reason) => resolve({code, reason: reason.toString()}));
		}),
		until: type =>
			new Promise(resolve => {
				const check = (): void => {
					const found = messages.find(message => message.type === type);
					if (found === undefined) return;
					waiting.delete(check);
					resolve(found as Extract<ServerMessage, {type: typeof type}>);
				};
				waiting.add(check);
				check();
			}),
	};
}

/** The transcript of a target. */
export function textOfStream(events: readonly ServerMessage[], target = 'same'): string {
	return events.map(event => (event.type === 'final' && event.target === target ? event.text : '')).join('');
}
