import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {findServedFile} from './served-file.js';

/** A plain name of a recording: letters of any language, digits and a little punctuation. */
const VIDEO_NAME =
	/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._()+,@-]{0,200}\.(?:mp4|m4v|mov|mkv|webm|ogv|mp3|m4a|aac|flac|ogg|oga|opus|wav)$/iu;

const failure = z.object({success: z.literal(false), error: z.string()});

/** `GET /test_video/{filename}`: recordings of the folders that are set. `@fastify/static` must be there, without routes. */
export function registerTestVideo(
	app: FastifyInstance,
	{settings, metrics}: Pick<ServerParts, 'settings' | 'metrics'>,
): void {
	app.route({
		method: 'GET',
		url: '/test_video/:filename',
		exposeHeadRoute: true,
		schema: {
			tags: ['media'],
			summary: 'A recording of this server; ranges are supported',
			params: z.object({filename: z.string()}),
			response: {400: failure, 404: failure},
		},
		async handler(request, reply) {
			const {filename} = request.params as {readonly filename: string};
			if (!VIDEO_NAME.test(filename)) {
				countRefusal(metrics, 'path');
				const error = 'That is no plain name of a recording. Name a file such as talk.mp4, without folders.';
				return reply.code(400).send({success: false, error});
			}

			for (const directory of settings().videoDirectories) {
				const file = await findServedFile(directory, filename);
				if (file !== undefined) return reply.sendFile(file.name, file.folder, {cacheControl: false});
			}
			const error = 'There is no such recording here. Put it into a folder of "videoDirectories".';
			return reply.code(404).send({success: false, error});
		},
	});
}
