import {pipeline} from 'node:stream/promises';

import type {FastifyInstance, FastifyReply, FastifyRequest} from 'fastify';
import {z} from 'zod';

import {InfinisstError} from '../../core/errors.js';
import {readBodies} from '../compatible/bodies.js';
import {answerFailures} from '../compatible/failures.js';
import {readParameters} from '../compatible/parameters.js';
import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {downloadVideo} from './download-video.js';
import {lookupAll, type Lookup} from './public-address.js';
import {parseVideoAddress} from './video-address.js';

const parameters = {url: z.string(), session_id: z.string().optional()};

export interface YoutubeRouteOptions {
	/** Where yt-dlp is looked for. @default that of the process */
	readonly environment?: Readonly<Record<string, string | undefined>>;
	/** @default the system's */
	readonly lookup?: Lookup;
}

/** `POST /download_youtube`: a video of another site, through yt-dlp, as `video/mp4`. */
export async function registerYoutube(
	app: FastifyInstance,
	parts: ServerParts,
	{environment = process.env, lookup = lookupAll}: YoutubeRouteOptions = {},
): Promise<void> {
	const {settings, sessions, clock, signal, metrics} = parts;
	const running = new Set<Promise<void>>();
	await readBodies(app, settings().limits.bodyBytes);
	answerFailures(app, parts);
	// A server is not closed before the last trace of a download is gone.
	app.addHook('onClose', async () => {
		await Promise.allSettled(running);
	});

	const asked = z.object(parameters).partial();
	app.route({
		method: 'POST',
		url: '/download_youtube',
		// Parameters are read from all places together.
		validatorCompiler: () => (value: unknown) => ({value}),
		schema: {
			tags: ['media'],
			summary: 'Fetch a video of an allowed site, as video/mp4; an object with `error` when that fails',
			querystring: asked,
			body: asked.optional(),
		},
		async handler(request, reply) {
			const {url, session_id} = readParameters(request, parameters);
			const {youtube} = settings();
			const address = parseAddress(url);
			if (running.size >= youtube.maxParallel) {
				throw new InfinisstError(
					'LIMIT_EXCEEDED',
					`${running.size} videos are being fetched, which is the limit`,
					{
						hint: 'Try again in a minute.',
					},
				);
			}

			const session = session_id === undefined ? undefined : sessions.find(session_id);
			session?.touch();
			const work = answerWithVideo(address, request, reply);
			const settled = work
				.catch(() => undefined)
				.finally(() => {
					running.delete(settled);
					session?.touch();
				});
			running.add(settled);
			await work;
			return reply;
		},
	});

	function parseAddress(url: string): URL {
		try {
			return parseVideoAddress(url, settings().youtube.allowedHosts);
		} catch (error) {
			countRefusal(metrics, 'address');
			throw error;
		}
	}

	async function answerWithVideo(url: URL, request: FastifyRequest, reply: FastifyReply): Promise<void> {
		const {youtube} = settings();
		const deadline = new AbortController();
		const startDeadline = () =>
			clock.after(youtube.timeoutMs, () => deadline.abort(tookTooLong(youtube.timeoutMs)));
		const gone = new AbortController();
		reply.raw.once('close', () => gone.abort(new Error('The client has gone')));
		const until = AbortSignal.any([signal, deadline.signal, gone.signal]);
		let stopDeadline = startDeadline();
		try {
			const {file, sizeBytes} = await downloadVideo({
				url,
				settings: youtube,
				environment,
				lookup,
				signal: until,
			});
			// A client has as long to take it as its site had to give it.
			stopDeadline();
			stopDeadline = startDeadline();
			try {
				reply.hijack();
				for (const [name, value] of Object.entries(reply.getHeaders())) {
					if (value !== undefined) reply.raw.setHeader(name, value);
				}
				reply.raw.writeHead(200, {
					'content-type': 'video/mp4',
					'content-length': sizeBytes,
					'content-disposition': 'inline; filename="video.mp4"',
				});
				await pipeline(file.createReadStream({autoClose: false}), reply.raw, {signal: until});
			} finally {
				await file.close();
			}
		} catch (error) {
			if (reply.sent) {
				// The length was told: a connection that ends before says that it is not the whole.
				reply.raw.destroy();
				request.log.info({error: String(error)}, 'a video was not sent to its end');
				return;
			}
			if (gone.signal.aborted) {
				// Nobody is there to be answered.
				reply.hijack();
				return;
			}
			if (InfinisstError.is(error, 'OPTION_INVALID')) countRefusal(metrics, 'address');
			if (signal.aborted) throw new InfinisstError('RESOURCE_CLOSED', 'The server is shutting down');
			throw error;
		} finally {
			stopDeadline();
		}
	}
}

function tookTooLong(timeoutMs: number): InfinisstError {
	return new InfinisstError(
		'LIMIT_EXCEEDED',
		`The video took longer than ${Math.round(timeoutMs / 1000)} s`,
		{
			hint: 'Take a shorter one, or try again later.',
		},
	);
}
