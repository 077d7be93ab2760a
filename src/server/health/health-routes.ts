import type {FastifyInstance} from 'fastify';
import type {ZodTypeProvider} from 'fastify-type-provider-zod';
import {z} from 'zod';

import type {ServerParts} from '../server-parts.js';

const readiness = z.object({
	status: z.enum(['ready', 'loading', 'failed', 'draining']),
	models: z.array(
		z.object({
			name: z.string(),
			state: z.enum(['needs_download', 'available', 'loading', 'loaded', 'failed', 'unknown']),
			activity: z.string().optional().meta({description: 'What is being done for it, for people'}),
		}),
	),
});

/** @param isDraining - whether the server is shutting down. */
export function registerHealth(
	app: FastifyInstance,
	{settings, models}: Pick<ServerParts, 'settings' | 'models'>,
	isDraining: () => boolean,
): void {
	const typed = app.withTypeProvider<ZodTypeProvider>();
	typed.get(
		'/livez',
		{
			schema: {
				tags: ['health'],
				summary: 'Whether the process answers; needs no key',
				response: {200: z.object({status: z.literal('alive')})},
			},
		},
		() => ({status: 'alive' as const}),
	);
	typed.get(
		'/readyz',
		{
			schema: {
				tags: ['health'],
				summary:
					'Whether new sessions begin at once: 503 while models are loaded and while the server drains',
				response: {200: readiness, 503: readiness},
			},
		},
		async (_request, reply) => {
			const configured = settings().models.map(name => {
				const model = models.models().find(other => other.name === name);
				return {
					name,
					state: model?.state ?? ('unknown' as const),
					...(model?.activity !== undefined && {activity: model.activity}),
				};
			});
			const status = describe(configured.map(({state}) => state));
			return reply.code(status === 'ready' ? 200 : 503).send({status, models: configured});
		},
	);

	function describe(states: readonly string[]): z.infer<typeof readiness>['status'] {
		if (isDraining()) return 'draining';
		if (states.includes('failed')) return 'failed';
		return states.every(state => state === 'loaded') ? 'ready' : 'loading';
	}
}
