import formbody from '@fastify/formbody';
import fastify, {type FastifyInstance} from 'fastify';
import {serializerCompiler, validatorCompiler} from 'fastify-type-provider-zod';
import {Registry} from 'prom-client';
import {onTestFinished} from 'vitest';

import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import {refusalCounter, type RefusalReason} from '../../src/server/limits/count-refusal.js';
import {registerMedia} from '../../src/server/media/register-media.js';
import type {YoutubeRouteOptions} from '../../src/server/media/youtube-route.js';
import type {ServerParts} from '../../src/server/server-parts.js';
import type {ServerSettings, YoutubeSettings} from '../../src/server/server-settings.js';
import type {FakeClock} from './fake-clock.js';
import {openHostFixture} from './hosted.js';

export interface MediaServer {
	readonly url: string;
	readonly app: FastifyInstance;
	readonly clock: FakeClock;
	/** How often something was refused so. */
	refused(reason: RefusalReason): Promise<number>;
	/** As when a server shuts down. */
	stop(): void;
}

export interface MediaServerOptions extends YoutubeRouteOptions {
	readonly settings?: Partial<ServerSettings>;
	readonly youtube?: Partial<YoutubeSettings>;
}

/** A server with the routes of media alone. */
export async function openMediaServer({
	settings,
	youtube,
	...options
}: MediaServerOptions = {}): Promise<MediaServer> {
	const {clock, host, models} = await openHostFixture();
	const ended = new AbortController();
	const app = fastify({forceCloseConnections: true});
	app.setValidatorCompiler(validatorCompiler);
	app.setSerializerCompiler(serializerCompiler);
	await app.register(formbody);
	const metrics = new Registry();
	const parts: ServerParts = {
		settings: () => ({
			...DEFAULT_SERVER_SETTINGS,
			...settings,
			youtube: {...DEFAULT_SERVER_SETTINGS.youtube, ...youtube},
		}),
		sessions: host,
		models,
		metrics,
		clock,
		signal: ended.signal,
	};
	await registerMedia(app, parts, options);
	const url = await app.listen({host: '127.0.0.1', port: 0});
	onTestFinished(async () => {
		ended.abort(new Error('the test is over'));
		await app.close();
		await host.destroy();
		await models.destroy();
	});
	return {
		url,
		app,
		clock,
		async refused(reason) {
			const {values} = await refusalCounter(metrics).get();
			return values.find(({labels}) => labels.reason === reason)?.value ?? 0;
		},
		stop: () => ended.abort(new Error('shutting down')),
	};
}
