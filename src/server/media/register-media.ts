import fastifyStatic from '@fastify/static';
import type {FastifyInstance} from 'fastify';

import type {ServerParts} from '../server-parts.js';
import {registerTestVideo} from './test-video-route.js';
import {registerYoutube, type YoutubeRouteOptions} from './youtube-route.js';

/** Recordings: those of other sites, and those of this server. */
export async function registerMedia(
	app: FastifyInstance,
	parts: ServerParts,
	options: YoutubeRouteOptions = {},
): Promise<void> {
	await app.register(async scope => registerYoutube(scope, parts, options));
	await app.register(async scope => {
		// Ranges, conditions and types of files are its business; which files, is ours.
		await scope.register(fastifyStatic, {root: process.cwd(), serve: false});
		registerTestVideo(scope, parts);
	});
}
