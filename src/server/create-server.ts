import {randomUUID} from 'node:crypto';
import {setMaxListeners} from 'node:events';
import type {AddressInfo, Socket} from 'node:net';

import cors from '@fastify/cors';
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import fastify, {LogController, type FastifyBaseLogger, type FastifyInstance} from 'fastify';
import {serializerCompiler, validatorCompiler} from 'fastify-type-provider-zod';

import {InfinisstError} from '../core/errors.js';
import {isLocalApplication, isOriginListed} from './auth/check-origin.js';
import {guardOrigin, identify, requireKey} from './auth/guard-access.js';
import {registerCompatible} from './compatible/register-compatible.js';
import {answerFrameworkError, handleErrors} from './errors/handle-errors.js';
import {shuttingDownError} from './errors/shutting-down-error.js';
import {registerHistory} from './history/register-history.js';
import {registerHealth} from './health/health-routes.js';
import {
	answerClientError,
	DEFAULT_CONNECTION_LIMITS,
	limitConnections,
	type ConnectionLimits,
} from './limits/connection-limits.js';
import {limitRate} from './limits/limit-rate.js';
import {refuseEncodings} from './limits/refuse-encodings.js';
import {openLog, type ServerLog} from './logging/create-logger.js';
import {logRequests} from './logging/log-requests.js';
import {measureServer} from './metrics/server-metrics.js';
import {registerMedia} from './media/register-media.js';
import {registerOpenAi} from './openai/register-open-ai.js';
import {describeRoutes, registerOpenApi} from './openapi/openapi-routes.js';
import {registerModelLoading} from './models-routes.js';
import type {ServerParts} from './server-parts.js';
import {admitSockets} from './sockets/admit-sockets.js';
import {OpenSockets} from './sockets/open-sockets.js';
import {registerStream} from './stream/register-stream.js';
import {registerPages} from './web/register-pages.js';

/** Adds routes and sockets; each gets a scope of its own, so that its hooks and handlers touch nothing else. */
export type RegisterRoutes = (app: FastifyInstance, parts: ServerParts) => void | Promise<void>;

/** What the API consists of. */
const ROUTES: readonly RegisterRoutes[] = [
	registerCompatible,
	registerStream,
	registerOpenAi,
	registerModelLoading,
	registerMedia,
	registerHistory,
	registerPages,
];

/** Session ids hold what clients call themselves. */
const MOST_PARAMETER_CHARACTERS = 1024;

export interface CreateServerOptions {
	/** Of the program, for `/openapi.json`. @default '0.0.0' */
	readonly version?: string;
	/** Stays open. @default one of its own, as the settings say */
	readonly log?: ServerLog;
	/** @default `DEFAULT_CONNECTION_LIMITS` */
	readonly connectionLimits?: Partial<ConnectionLimits>;
	/** Instead of those of the API, for tests. */
	readonly routes?: readonly RegisterRoutes[];
}

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
	 * Takes no new sessions, finishes what was buffered and delivers it, closes sockets with 1001, then stops. Ends at
	 * once what is left after `drainTimeoutMs`. Calls made together share one promise.
	 *
	 * @param signal - ends at once what is left then.
	 */
	close(signal?: AbortSignal): Promise<void>;
	/** Now. Idempotent. */
	destroy(reason?: unknown): Promise<void>;
}

/**
 * Builds a server over parts that are open already, and closes them with itself.
 *
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE` when the log cannot be written.
 */
export async function createServer(parts: ServerParts, options: CreateServerOptions = {}): Promise<Server> {
	const {settings, metrics} = parts;
	const {version = '0.0.0', routes = ROUTES} = options;
	const connectionLimits = {...DEFAULT_CONNECTION_LIMITS, ...options.connectionLimits};
	const log = options.log ?? (await openLog(settings()));
	const logger: FastifyBaseLogger = log.logger;
	const ended = new AbortController();
	const sockets = new OpenSockets(parts);
	const connections = new Set<Socket>();
	let isDraining = false;

	const app: FastifyInstance = fastify({
		loggerInstance: logger,
		logController: new LogController({disableRequestLogging: true, requestIdLogLabel: 'request_id'}),
		genReqId: () => randomUUID(),
		bodyLimit: settings().limits.bodyBytes,
		routerOptions: {maxParamLength: MOST_PARAMETER_CHARACTERS},
		// Those that are answered are waited for; `destroy()` ends them.
		forceCloseConnections: 'idle',
		requestTimeout: connectionLimits.requestTimeoutMs,
		keepAliveTimeout: connectionLimits.keepAliveTimeoutMs,
		http: {
			headersTimeout: connectionLimits.headersTimeoutMs,
			connectionsCheckingInterval: connectionLimits.checkIntervalMs,
			maxHeaderSize: connectionLimits.headersBytes,
		},
		clientErrorHandler: (error, socket) => answerClientError(error, socket, metrics),
		frameworkErrors: answerFrameworkError,
	});
	app.setValidatorCompiler(validatorCompiler);
	app.setSerializerCompiler(serializerCompiler);
	limitConnections(app.server, connectionLimits, () => settings().limits.sockets, metrics);
	app.server.on('connection', (socket: Socket) => {
		connections.add(socket);
		socket.once('close', () => void connections.delete(socket));
	});

	// Hooks run in this order; each refuses what those behind it shall never see.
	await app.register(helmet, helmetOptions(settings().allowedOrigins));
	await describeRoutes(app, version);
	logRequests(app, log.logger, parts);
	handleErrors(app, parts);
	// First of the websocket plugin's hooks is the one that knows an upgrade, which all guards ask for.
	await admitSockets(app, parts, sockets);
	guardOrigin(app, parts);
	await app.register(cors, {
		delegator: (request, answer) => {
			const {origin, host} = request.headers;
			const isAllowed =
				origin !== undefined &&
				(isOriginListed(origin, settings().allowedOrigins) || isLocalApplication(origin, request.ip, host));
			answer(null, {origin: isAllowed ? origin : false, exposedHeaders: ['x-request-id', 'retry-after']});
		},
	});
	refuseEncodings(app, parts);
	identify(app, parts);
	await limitRate(app, parts);
	requireKey(app, parts);
	await app.register(formbody);

	const stopMeasuring = measureServer(app, parts, () => sockets.count);
	registerHealth(app, parts, () => isDraining);
	app.addHook('onResponse', (_request, _reply, done) => {
		// Who was answered last may keep the connection, and with it the server.
		if (isDraining) setImmediate(() => app.server.closeIdleConnections());
		done();
	});
	const signal = AbortSignal.any([parts.signal, ended.signal]);
	// Each socket listens to it.
	setMaxListeners(0, signal);
	const routeParts: ServerParts = {...parts, signal};
	for (const register of routes) {
		await app.register(async scope => {
			await register(scope, routeParts);
		});
	}
	await app.register(registerOpenApi);
	await app.ready();

	let closing: Promise<void> | undefined;
	let destroying: Promise<void> | undefined;

	async function drain(signal: AbortSignal): Promise<void> {
		isDraining = true;
		const {drainTimeoutMs} = settings();
		log.logger.info({sessions: parts.sessions.list().length, drain_timeout_ms: drainTimeoutMs}, 'draining');
		const late = new AbortController();
		const cancel = parts.clock.after(drainTimeoutMs, () => late.abort(lateError(drainTimeoutMs)));
		const both = AbortSignal.any([signal, late.signal]);
		const giveUp = (): void => void destroy(both.reason);
		both.addEventListener('abort', giveUp, {once: true});
		try {
			both.throwIfAborted();
			await parts.sessions.close(both);
			await sockets.close(both);
			ended.abort(shuttingDownError());
			await app.close();
		} catch (error) {
			log.logger.warn({err: error}, 'not everything was finished');
		} finally {
			cancel();
			both.removeEventListener('abort', giveUp);
			await destroy(both.reason);
		}
	}

	function destroy(reason: unknown = shuttingDownError()): Promise<void> {
		return (destroying ??= (async () => {
			isDraining = true;
			ended.abort(reason);
			stopMeasuring();
			sockets.terminate();
			await parts.sessions.destroy(reason);
			for (const socket of connections) socket.destroy();
			await app.close();
			log.logger.info('stopped');
			if (options.log === undefined) await log.close();
		})());
	}

	return {
		app,
		async listen() {
			const {host, port} = settings();
			try {
				await app.listen({host, port});
			} catch (error) {
				throw new InfinisstError('OPTION_INVALID', `Cannot listen on ${host}:${port}: ${whyNot(error)}`, {
					hint: 'Choose another with --host and --port; --port 0 takes any that is free.',
					cause: error,
				});
			}
			return describeAddress(app.server.address() as AddressInfo);
		},
		close: (signal = new AbortController().signal) => (closing ??= destroying ?? drain(signal)),
		destroy,
	};
}

/** The built-in page loads nothing from elsewhere and has no script in its text. */
function helmetOptions(allowedOrigins: readonly string[]): Parameters<typeof helmet>[1] {
	return {
		contentSecurityPolicy: {
			useDefaults: false,
			directives: {
				defaultSrc: ["'self'"],
				baseUri: ["'none'"],
				connectSrc: ["'self'", 'ws:', 'wss:'],
				fontSrc: ["'self'"],
				formAction: ["'self'"],
				frameAncestors: ["'self'"],
				imgSrc: ["'self'", 'data:', 'blob:'],
				mediaSrc: ["'self'", 'blob:'],
				objectSrc: ["'none'"],
				scriptSrc: ["'self'"],
				styleSrc: ["'self'", "'unsafe-inline'"],
				workerSrc: ["'self'", 'blob:'],
			},
		},
		crossOriginResourcePolicy: {policy: allowedOrigins.length > 0 ? 'cross-origin' : 'same-origin'},
		// The server speaks http; a proxy that ends TLS says this itself.
		strictTransportSecurity: false,
	};
}

function describeAddress({address, family, port}: AddressInfo): ListeningAt {
	const reachable = {'0.0.0.0': '127.0.0.1', '::': '[::1]'}[address];
	const host = family === 'IPv6' ? `[${address}]` : address;
	return {host: address, port, url: `http://${reachable ?? host}:${port}`};
}

function whyNot(error: unknown): string {
	const {code, message} = error as NodeJS.ErrnoException;
	if (code === 'EADDRINUSE') return 'another program listens there';
	if (code === 'EACCES') return 'this user may not';
	if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
	return message;
}

function lateError(drainTimeoutMs: number): InfinisstError {
	return new InfinisstError('RESOURCE_CLOSED', `The server was not done after ${drainTimeoutMs} ms`);
}
