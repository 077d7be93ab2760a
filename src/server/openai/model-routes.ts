import type {FastifyInstance} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import {z} from 'zod';

import type {HostedModel} from '../models/model-host.js';
import type {ServerParts} from '../server-parts.js';
import {chooseModel, isDefaultAlias, unknownModel} from './choose-model.js';
import {errorBodySchema} from './error-body.js';

const modelSchema = z.object({
	id: z.string(),
	object: z.literal('model'),
	created: z.int().meta({description: 'Unix time, s: when this server began to offer it'}),
	owned_by: z.string(),
	state: z.enum(['needs_download', 'available', 'loading', 'loaded', 'failed']),
	size_bytes: z.number(),
	source_languages: z.array(z.string()),
	targets: z.array(z.string()).meta({description: 'Codes of languages, and "same" for captions'}),
});

/** `GET /v1/models` and `GET /v1/models/{model}`. */
export function registerModelRoutes(app: FastifyInstance, parts: ServerParts): void {
	const routes = app.withTypeProvider<ZodTypeProvider>();
	const createdSeconds = Math.floor(Date.now() / 1000);
	const describe = (model: HostedModel, id = model.name): z.infer<typeof modelSchema> => ({
		id,
		object: 'model',
		created: createdSeconds,
		owned_by: 'infinisst',
		state: model.state,
		size_bytes: model.sizeBytes,
		source_languages: [...model.sourceLanguages],
		targets: [...model.targets],
	});

	routes.get(
		'/v1/models',
		{
			schema: {
				summary: 'Models of this server',
				tags: ['openai'],
				response: {200: z.object({object: z.literal('list'), data: z.array(modelSchema)})},
			},
		},
		() => ({object: 'list' as const, data: parts.models.models().map(model => describe(model))}),
	);
	routes.get(
		'/v1/models/:model',
		{
			schema: {
				summary: 'One model; a name of OpenAI stands for the default',
				tags: ['openai'],
				params: z.object({model: z.string()}),
				response: {200: modelSchema, 404: errorBodySchema},
			},
		},
		request => {
			const {model: id} = request.params;
			if (isDefaultAlias(id)) {
				return describe(chooseModel(parts, id, {sourceLanguage: 'auto', targets: ['same']}), id);
			}

			const models = parts.models.models();
			const model = models.find(({name}) => name === id);
			if (model !== undefined) return describe(model);
			throw unknownModel(
				id,
				models.map(({name}) => name),
			);
		},
	);
}
