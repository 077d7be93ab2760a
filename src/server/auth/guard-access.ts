import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import {sendFailure} from '../errors/send-failure.js';
import {countRefusal, type RefusalReason} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {isHostAllowed, isLocalApplication, isOriginAllowed} from './check-origin.js';
import {findKey} from './find-key.js';
import {presentedKeys} from './presented-keys.js';

/** Who asks. */
export interface Principal {
	/** Of the key. */
	readonly id: string;
}

declare module 'fastify' {
	interface FastifyRequest {
		/** Undefined where no keys are asked for. */
		principal: Principal | undefined;
	}
}

/** What is told without a key: that the server lives. */
export const OPEN_PATH = '/livez';

/** Methods that change nothing, so that a page elsewhere may send them; it cannot read the answer. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Refuses pages of other sites, and names that only seem to be this machine's. */
export function guardOrigin(app: FastifyInstance, {settings, metrics}: ServerParts): void {
	app.addHook('onRequest', async (request, reply) => {
		const {host, allowedOrigins} = settings();
		const {headers} = request;
		if (!isHostAllowed(headers.host, host, allowedOrigins)) {
			return refuse(request, reply, 'host', 'This server is for this machine alone, and is not called so', {
				hint: 'Use 127.0.0.1 or localhost, or add the origin to allowedOrigins.',
			});
		}

		const isChange = request.ws || !SAFE_METHODS.has(request.method);
		if (
			isChange &&
			!isOriginAllowed(headers.origin, headers.host, allowedOrigins) &&
			!isLocalApplication(headers.origin, request.ip, headers.host)
		) {
			return refuse(request, reply, 'origin', 'Pages of other origins may not use this server', {
				hint: 'Add the origin of the page to allowedOrigins.',
			});
		}
		return undefined;
	});

	async function refuse(
		request: FastifyRequest,
		reply: FastifyReply,
		reason: RefusalReason,
		message: string,
		options: {readonly hint: string},
	): Promise<FastifyReply> {
		countRefusal(metrics, reason);
		return sendFailure(request, reply, new InfinisstError('ACCESS_DENIED', message, options), 403);
	}
}

/** Finds out whose key a request comes with; refuses nobody yet, so that all can be counted. */
export function identify(app: FastifyInstance, {settings}: Pick<ServerParts, 'settings'>): void {
	app.decorateRequest('principal', undefined);
	app.addHook('onRequest', (request, _reply, done) => {
		const {apiKeys} = settings();
		const key = apiKeys.length === 0 ? undefined : findKey(apiKeys, presentedKeys(request));
		request.principal = key === undefined ? undefined : {id: key.id};
		done();
	});
}

/** Refuses who has no key, where there are keys. */
export function requireKey(app: FastifyInstance, {settings, metrics}: ServerParts): void {
	app.addHook('onRequest', async (request, reply) => {
		if (settings().apiKeys.length === 0 || request.principal !== undefined) return undefined;
		if (!request.ws && request.routeOptions.url === OPEN_PATH) return undefined;
		countRefusal(metrics, 'key');
		const isPage = (request.headers.accept ?? '').includes('text/html');
		void reply.header('www-authenticate', `${isPage ? 'Basic' : 'Bearer'} realm="infinisst"`);
		const error = new InfinisstError('ACCESS_DENIED', 'This server wants a key', {
			hint: 'Send it as "Authorization: Bearer <key>", as ?api_key=<key>, or for sockets as the subprotocol infinisst.key.<key>.',
		});
		return sendFailure(request, reply, error);
	});
}
