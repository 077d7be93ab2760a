import websocket, {type WebsocketHandler} from '@fastify/websocket';
import type {FastifyInstance, RouteHandlerMethod} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {chooseProtocol} from '../auth/presented-keys.js';
import {sendFailure} from '../errors/send-failure.js';
import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import type {OpenSockets} from './open-sockets.js';

declare module 'fastify' {
	interface FastifyContextConfig {
		/** The route is one of sockets. */
		isSocket?: boolean;
		/** A route whose sockets are opened elsewhere: it passes on what asks for another protocol. */
		passesSockets?: boolean;
		/** A route of sockets that closes silent ones by itself, or where they may be silent. */
		watchesSilence?: boolean;
		/** A route of sockets that finds out by itself that nobody is there. */
		watchesPeer?: boolean;
	}
}

const INTERNAL_ERROR = 1011;

/**
 * Lets sockets in. Routes are declared as @fastify/websocket wants it; those are told in `/openapi.json` too, and
 * answer requests that are no upgrade with 426.
 */
export async function admitSockets(
	app: FastifyInstance,
	{settings, metrics}: ServerParts,
	sockets: OpenSockets,
): Promise<void> {
	// Before the plugin's own hook, which would hide the route.
	app.addHook('onRoute', route => {
		const handler: WebsocketHandler | undefined =
			route.websocket === true ? (route.handler as unknown as WebsocketHandler) : route.wsHandler;
		if (handler === undefined || route.method === 'HEAD') return;
		route.websocket = false;
		route.wsHandler = function (socket, request) {
			sockets.watch(socket, request);
			return handler.call(this, socket, request);
		};
		route.handler = askForUpgrade;
		route.config = {...route.config, isSocket: true};
	});

	await app.register(websocket, {
		options: {
			maxPayload: settings().limits.frameBytes,
			handleProtocols: chooseProtocol,
			// Frames are told as they come; a bomb would be unpacked before it is measured.
			perMessageDeflate: false,
		},
		errorHandler(error, socket, request) {
			// The protocol was broken: the socket is being closed already, with a code that says how.
			if ((error as NodeJS.ErrnoException).code?.startsWith('WS_ERR_') === true) {
				const isSize = (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
				countRefusal(metrics, isSize ? 'frame_size' : 'frame');
				return;
			}
			// The other end is gone.
			if ((error as NodeJS.ErrnoException).syscall !== undefined) return;
			request.log.error({err: error}, 'socket failed');
			socket.close(INTERNAL_ERROR, 'The server failed');
		},
		preClose: done => {
			sockets.terminate();
			app.websocketServer.close();
			done();
		},
	});

	app.addHook('onRequest', async (request, reply) => {
		if (!request.ws) return undefined;
		void reply.header('connection', 'close');
		if (request.is404) return undefined;
		const {isSocket, passesSockets} = request.routeOptions.config;
		if (isSocket !== true && passesSockets !== true) {
			countRefusal(metrics, 'path');
			return sendFailure(request, reply, noSocketHere(), 404);
		}
		if (sockets.takePlace(request)) return undefined;
		countRefusal(metrics, 'sockets');
		const error = new InfinisstError('ENGINE_BUSY', 'As many sockets are open as may be', {
			hint: 'Try again later.',
		});
		return sendFailure(request, reply, error);
	});
}

const askForUpgrade: RouteHandlerMethod = async (request, reply) => {
	void reply.header('upgrade', 'websocket');
	const error = new InfinisstError('OPTION_INVALID', 'This is the address of a WebSocket', {
		hint: 'Connect to it with ws:// or wss://.',
	});
	return sendFailure(request, reply, error, 426);
};

function noSocketHere(): InfinisstError {
	return new InfinisstError('OPTION_INVALID', 'There is no WebSocket at this path', {
		hint: 'See /docs for those there are.',
	});
}
