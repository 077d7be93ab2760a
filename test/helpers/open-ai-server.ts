import {connect} from 'node:net';
import OpenAI from 'openai';
import {OpenAIRealtimeWS} from 'openai/realtime/ws';
import {onTestFinished} from 'vitest';
import {Registry} from 'prom-client';
import {createServer} from '../../src/server/create-server.js';
import {registerOpenAi} from '../../src/server/openai/register-open-ai.js';
import type {RecordingPoolOptions} from '../../src/server/openai/recordings/recording-pool.js';
import {UploadFolder} from '../../src/server/openai/recordings/upload-folder.js';
import {openHostFixture, type HostFixture, type HostFixtureOptions} from './hosted.js';
import {temporaryDirectory} from './temporary-directory.js';

export interface OpenAiServer {
	readonly url: string;
	readonly port: number;
	/** The official client, as it comes, but that it asks once. */
	readonly client: OpenAI;
	readonly fixture: HostFixture;
	readonly metrics: Registry;
	/** Where uploads lie. */
	readonly uploads: string;
	close(): Promise<void>;
	destroy(): Promise<void>;
}

export interface OpenAiServerOptions extends HostFixtureOptions {
	readonly openTranslator?: RecordingPoolOptions['openTranslator'];
	readonly apiKey?: string;
}

/** A server over scripted engines with the doors of OpenAI's API only. */
export async function openOpenAiServer(options: OpenAiServerOptions = {}): Promise<OpenAiServer> {
	const {openTranslator = () => Promise.reject(new Error('no recordings here')), apiKey = 'none'} = options;
	const fixture = await openHostFixture({
		...options,
		settings: {host: '127.0.0.1', port: 0, logLevel: 'silent', models: ['scripted'], ...options.settings},
	});
	// The scripted host would wait to be told that the graphs are there.
	Object.assign(fixture.models, {graphs: () => Promise.resolve('graphs of the scripted model')});
	const uploads = await temporaryDirectory();
	const metrics = new Registry();
	const server = await createServer(
		{
			settings: () => fixture.settings,
			sessions: fixture.host,
			models: fixture.models,
			metrics,
			...(options.recorder !== undefined && {recorder: options.recorder}),
			clock: fixture.clock,
			signal: new AbortController().signal,
		},
		{
			routes: [
				(app, parts) => registerOpenAi(app, parts, {openTranslator, folder: new UploadFolder(uploads)}),
			],
		},
	);
	onTestFinished(() => server.destroy());
	const {url, port} = await server.listen();
	return {
		url,
		port,
		uploads,
		fixture,
		metrics,
		client: new OpenAI({baseURL: `${url}/v1`, apiKey, maxRetries: 0}),
		close: () => server.close(),
		destroy: () => server.destroy(),
	};
}

/** An event of a realtime socket, whatever the API says that there are. */
export type AnyEvent = Readonly<Record<string, unknown>> & {readonly type: string};

export interface RealtimeClient {
	readonly events: readonly AnyEvent[];
	send(event: AnyEvent): void;
	/** Resolves with the n-th event of this type, also if it came before. */
	until(type: string, count?: number): Promise<AnyEvent>;
	/** Resolves with the code it was closed with. */
	readonly closed: Promise<number>;
	close(): void;
}

/**
 * A socket of the official client. It always speaks TLS, which our server leaves to a proxy; the option of its socket
 * that makes connections makes a plain one instead.
 */
export async function openRealtimeClient(
	{client, port}: Pick<OpenAiServer, 'client' | 'port'>,
	{model = 'gpt-4o-transcribe'}: {readonly model?: string} = {},
): Promise<RealtimeClient> {
	const socket = new OpenAIRealtimeWS(
		{model, options: {createConnection: () => connect(port, '127.0.0.1')}},
		client,
	);
	return followRealtime(socket);
}

export async function followRealtime(socket: OpenAIRealtimeWS): Promise<RealtimeClient> {
	const events: AnyEvent[] = [];
	const waiting = new Set<() => void>();
	socket.on('event', event => {
		events.push(event as unknown as AnyEvent);
		for (const check of [...waiting]) check();
	});
	// An error event is an event, too.
	socket.on('error', () => undefined);
	const closed = new Promise<number>(resolve => socket.socket.once('close', resolve));
	onTestFinished(() => socket.close());
	const until = (type: string, count = 1): Promise<AnyEvent> =>
		new Promise((resolve, reject) => {
			const check = (): void => {
				const found = events.filter(event => event.type === type)[count - 1];
				if (found === undefined) return;
				waiting.delete(check);
				resolve(found);
			};
			waiting.add(check);
			check();
			void closed.then(code =>
				reject(new Error(`closed with ${code} after ${events.map(event => event.type).join(', ')}`)),
			);
		});
	await new Promise((resolve, reject) => {
		socket.socket.once('open', resolve);
		socket.socket.once('error', reject);
	});
	return {
		events,
		until,
		closed,
		send: event => socket.send(event as never),
		close: () => socket.close(),
	};
}
