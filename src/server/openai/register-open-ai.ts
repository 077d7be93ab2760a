import multipart from '@fastify/multipart';
import type {FastifyInstance} from 'fastify';
import {Gauge} from 'prom-client';

import {openChildTranslator} from '../../core/translation/process/child-translator.js';
import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {guardRecorder, NO_RECORDER} from '../sessions/session-recorder.js';
import {describeOpenAiError} from './error-body.js';
import {registerModelRoutes} from './model-routes.js';
import {registerRealtimeRoutes} from './realtime/realtime-routes.js';
import {RecordingPool, type RecordingPoolOptions} from './recordings/recording-pool.js';
import {registerRecordingRoutes} from './recordings/recording-routes.js';
import {UploadFolder} from './recordings/upload-folder.js';

/** OpenAI's clients try again by themselves, and a recording takes seconds at least. */
const RETRY_AFTER_SECONDS = '5';

/** What tests replace. */
export interface OpenAiOptions {
	/** @default a process of its own */
	readonly openTranslator?: RecordingPoolOptions['openTranslator'];
	/** @default in the system's folder for temporary files */
	readonly folder?: UploadFolder;
}

/** Adds what clients of OpenAI's speech API need: `/v1/audio/...`, `/v1/models` and the sockets of `/v1/realtime`. */
export async function registerOpenAi(
	app: FastifyInstance,
	parts: ServerParts,
	{openTranslator, folder = new UploadFolder()}: OpenAiOptions = {},
): Promise<void> {
	const pool = new RecordingPool({
		models: parts.models,
		limits: () => parts.settings().limits,
		clock: parts.clock,
		openTranslator:
			openTranslator ??
			((graphsDirectory, signal) =>
				openChildTranslator({
					graphsDirectory,
					signal,
					onLog: line => app.log.info({line}, 'translator of recordings'),
				})),
	});
	registerMetrics(parts, pool);
	app.addHook('onClose', async () => {
		await pool.destroy();
		await folder.remove();
	});
	app.setErrorHandler((error, request, reply) => {
		const {status, error: described, isUnforeseen} = describeOpenAiError(error, request.id);
		if (status === 413) countRefusal(parts.metrics, 'body_size');
		if (status === 415) countRefusal(parts.metrics, 'media_type');
		if (isUnforeseen) request.log.error({err: error}, 'request failed');
		if (status === 429 || status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
		// A serializer of the route would refuse a body that is not its own.
		return reply
			.code(status)
			.type('application/json; charset=utf-8')
			.serializer((body: unknown) => JSON.stringify(body))
			.send({error: described});
	});
	await app.register(multipart);
	registerModelRoutes(app, parts);
	registerRecordingRoutes(app, {
		...parts,
		pool,
		recorder: guardRecorder({...NO_RECORDER, ...parts.recorder}, error =>
			app.log.error({err: error}, 'a recording was not recorded'),
		),
		folder,
		ownerOf: request => {
			const key = request.principal?.id;
			return key === undefined ? {id: request.ip, isKey: false} : {id: key, isKey: true};
		},
	});
	registerRealtimeRoutes(app, {...parts, keyOf: request => request.principal?.id});
}

function registerMetrics({metrics}: Pick<ServerParts, 'metrics'>, pool: RecordingPool): void {
	const gauges: readonly [name: string, help: string, read: () => number][] = [
		['infinisst_recordings_running', 'Recordings that are being translated.', () => pool.running],
		[
			'infinisst_recordings_present',
			'Recordings that are received, wait or are translated.',
			() => pool.places,
		],
	];
	for (const [name, help, read] of gauges) {
		new Gauge({
			name,
			help,
			registers: [metrics],
			collect() {
				this.set(read());
			},
		});
	}
}
