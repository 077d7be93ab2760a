import type {AddressInfo} from 'node:net';

import formbody from '@fastify/formbody';
import websocket from '@fastify/websocket';
import fastify, {type FastifyInstance} from 'fastify';
import {serializerCompiler, validatorCompiler} from 'fastify-type-provider-zod';

import {registerCompatible} from './compatible/register-compatible.js';
import type {ServerParts} from './server-parts.js';
import {registerStream} from './stream/register-stream.js';

/** Adds routes and sockets; each gets a scope of its own, so that its hooks and handlers touch nothing else. */
export type RegisterRoutes = (app: FastifyInstance, parts: ServerParts) => void | Promise<void>;

/** What the API consists of. */
const ROUTES: readonly RegisterRoutes[] = [registerCompatible, registerStream];

export interface ListeningAt {
	readonly host: string;
	readonly port: number;
	/** Where the server is reached from this machine, without a slash at its end. */
	readonly url: string;
}

export interface Server {
	readonly app: FastifyInstance;
	/** @throws {InfinisstError} `OPTION_INVALID` when the address cannot be bound. */
	listen(): Promise<ListeningAt>;
	/**
	 * Takes no new sessions, finishes what was buffered and delivers it, closes sockets with 1001, then stops.
	 *
	 * @param signal - ends at once what is left then.
	 */
	close(signal?: AbortSignal): Promise<void>;
	/** Now. Idempotent. */
	destroy(reason?: unknown): Promise<void>;
}

/** Builds a server over parts that are open already, and closes them with itself. */
export async function createServer(parts: ServerParts): Promise<Server> {
	const {limits} = parts.settings();
	const ended = new AbortController();
	const app = fastify({bodyLimit: limits.bodyBytes, forceCloseConnections: true});
	app.setValidatorCompiler(validatorCompiler);
	app.setSerializerCompiler(serializerCompiler);
	await app.register(formbody);
	await app.register(websocket, {options: {maxPayload: limits.frameBytes}});

	const routeParts: ServerParts = {...parts, signal: AbortSignal.any([parts.signal, ended.signal])};
	for (const register of ROUTES) {
		await app.register(async scope => {
			await register(scope, routeParts);
		});
	}
	await app.ready();

	return {
		app,
		async listen() {
			const {host, port} = parts.settings();
			await app.listen({host, port});
			const address = app.server.address() as AddressInfo;
			const reachable = address.family === 'IPv6' ? `[${address.address}]` : address.address;
			return {host: address.address, port: address.port, url: `http://${reachable}:${address.port}`};
		},
		async close(signal = new AbortController().signal) {
			await parts.sessions.close(signal);
			ended.abort();
			await app.close();
		},
		async destroy(reason) {
			ended.abort(reason);
			await parts.sessions.destroy(reason);
			await app.close();
		},
	};
}
