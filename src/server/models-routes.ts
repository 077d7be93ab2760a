import type {FastifyInstance, FastifyReply} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import {z} from 'zod';

import {parseLanguageRequest} from '../core/language/parse-language-request.js';
import {InfinisstError} from '../core/errors.js';
import {shuttingDownError} from './errors/shutting-down-error.js';
import {describeOpenAiError, type OpenAiError} from './openai/error-body.js';
import type {HostedModel} from './models/model-host.js';
import type {ServerParts} from './server-parts.js';

/** One event of `POST /v1/models/{name}/load`; the last says `loaded` or `failed`. */
export interface ModelLoadEvent {
	readonly model: string;
	readonly state: HostedModel['state'];
	/** For people; null when nothing is being done. */
	readonly activity: string | null;
	/** 0..1 while it is fetched. */
	readonly fraction: number | null;
	/** Why it failed. */
	readonly error: OpenAiError | null;
}

/** `POST /v1/models/{name}/load`: loads a model and tells how that goes on, as server-sent events. */
export function registerModelLoading(app: FastifyInstance, parts: ServerParts): void {
	app.withTypeProvider<ZodTypeProvider>().post(
		'/v1/models/:model/load',
		{
			schema: {
				summary: 'Load a model, told step by step',
				description:
					'Answers with server-sent events, each an object with model, state, activity, fraction and error; the last has the state loaded or failed. Loading goes on when the client leaves.',
				tags: ['models'],
				params: z.object({
					model: z
						.string()
						.min(1)
						.max(256)
						.meta({description: 'Name of a model, or what it shall do, such as "German -> English"'}),
				}),
				produces: ['text/event-stream'],
			},
		},
		async (request, reply) => {
			const model = findModel(parts, request.params.model);
			await tellLoading(model.name, parts, reply, request.id);
			return reply;
		},
	);
}

/** @throws {InfinisstError} `MODEL_UNKNOWN`, `LANGUAGE_PAIR_UNSUPPORTED`, `OPTION_INVALID`. */
function findModel({models}: ServerParts, text: string): HostedModel {
	const named = models.models().find(({name}) => name === text);
	if (named !== undefined) return named;
	if (!/->|=>|→|\sto\s/i.test(text)) {
		return models.choose({sourceLanguage: 'auto', targets: ['same'], model: text});
	}
	const {source, target} = parseLanguageRequest({from: text});
	return models.choose({sourceLanguage: source, targets: [target === source ? 'same' : target]});
}

async function tellLoading(
	name: string,
	{models, signal}: ServerParts,
	reply: FastifyReply,
	requestId: string,
): Promise<void> {
	const gone = new AbortController();
	reply.raw.once('close', () => gone.abort());
	reply.hijack();
	reply.raw.writeHead(200, {
		...(reply.getHeaders() as Record<string, string>),
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-store',
	});
	// Whoever asked knows that it has begun, also as long as there is nothing to tell.
	reply.raw.flushHeaders();
	/** Of what is told while the client does not read, only the newest counts. */
	let waiting: ModelLoadEvent | undefined;
	let isFull = false;
	const tell = (event: ModelLoadEvent): void => {
		if (gone.signal.aborted) return;
		if (isFull) {
			waiting = event;
			return;
		}
		if (reply.raw.write(`data: ${JSON.stringify(event)}\n\n`)) return;
		isFull = true;
		reply.raw.once('drain', () => {
			isFull = false;
			const newest = waiting;
			waiting = undefined;
			if (newest !== undefined) tell(newest);
		});
	};
	const stopWatching = models.watch(model => {
		// The end is told below, once.
		if (model.name === name && model.state !== 'loaded' && model.state !== 'failed') tell(describe(model));
	});
	let last: ModelLoadEvent;
	try {
		await models.load(name, AbortSignal.any([signal, gone.signal]));
		last = {model: name, state: 'loaded', activity: null, fraction: null, error: null};
	} catch (error) {
		const reason = InfinisstError.is(error) || !signal.aborted ? error : shuttingDownError();
		last = {
			model: name,
			state: 'failed',
			activity: null,
			fraction: null,
			error: describeOpenAiError(reason, requestId).error,
		};
	} finally {
		stopWatching();
	}
	if (gone.signal.aborted) return;
	// Nothing may come behind the last.
	waiting = undefined;
	reply.raw.end(`data: ${JSON.stringify(last)}\n\n`);
}

function describe({name, state, activity, fraction}: HostedModel): ModelLoadEvent {
	return {model: name, state, activity: activity ?? null, fraction: fraction ?? null, error: null};
}
