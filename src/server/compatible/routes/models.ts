import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import type {ServerParts} from '../../server-parts.js';
import {AGENT_TYPES} from '../agents.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {describeEngine} from '../describe-engine.js';
import {addEndpoint} from '../endpoint.js';
import {formatPair, joinPairs, parsePair} from '../language-pairs.js';
import {openCompatibleSession} from '../open-compatible-session.js';
import {languagePairParameter} from '../parameters.js';
import type {SessionNames} from '../session-names.js';

export interface ModelRouteParts extends Pick<ServerParts, 'settings' | 'models' | 'signal'> {
	readonly sessions: CompatibleSessions;
	readonly names: SessionNames;
}

/** What can be translated, and getting it ready. */
export function registerModels(app: FastifyInstance, parts: ModelRouteParts): void {
	const {settings, models, sessions, names, signal} = parts;
	addEndpoint(app, {
		method: 'GET',
		url: '/languages',
		summary: 'The language pairs, and whether their model is loaded, available or must be downloaded',
		parameters: {},
		answer: {
			success: z.boolean(),
			pairs: z.array(
				z.object({
					language_pair: z.string(),
					source: z.string(),
					target: z.string(),
					status: z.enum(['loaded', 'available', 'needs_download']),
					model: z.string(),
					download_bytes: z.number(),
				}),
			),
		},
		handle: () => ({
			success: true,
			pairs: models.pairs().map(pair => ({
				language_pair: formatPair(pair),
				source: pair.source,
				target: pair.target,
				status: pair.state,
				model: pair.model,
				download_bytes: pair.downloadBytes,
			})),
		}),
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/load_models',
		summary: 'Load all models that the configuration names; answers when they are loaded',
		parameters: {},
		answer: {
			success: z.boolean(),
			message: z.string(),
			loaded: z.array(z.string()),
			ray_stats: z.looseObject({}),
		},
		async handle(_parameters, request) {
			const names = settings().models;
			for (const name of names) await models.load(name, signal);
			return {
				success: true,
				message: `Loaded: ${names.join(', ')}`,
				loaded: names,
				ray_stats: await describeEngine(models, sessions.list(request).length),
			};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/load_model',
		summary: 'Load the model of a language pair if that is needed, then open a session',
		parameters: {
			language_pair: languagePairParameter,
			client_id: z.string().optional(),
			model_type: z.string().optional(),
		},
		answer: {
			success: z.boolean(),
			session_id: z.string(),
			message: z.string(),
			queued: z.boolean(),
			language_pair: z.string(),
			ray_based: z.boolean(),
		},
		async handle({language_pair, client_id: clientId, model_type: modelType}, request) {
			const pairs = models.pairs();
			const languagePair = joinPairs(language_pair);
			const pair = parsePair(languagePair, pairs);
			// Clients of the original name its agent here.
			const isModel = modelType !== undefined && modelType !== '' && modelType !== AGENT_TYPES[0];
			const asked = {sourceLanguage: pair.sourceLanguage, targets: pair.targets};
			const {name} = models.choose(isModel ? {...asked, model: modelType} : asked);
			await models.load(name, signal);
			const {hosted} = openCompatibleSession(sessions, names, {
				agentType: AGENT_TYPES[0],
				languagePair,
				pair,
				clientId: clientId === '' ? undefined : clientId,
				latencyMultiplier: settings().latencyMultiplier,
				isEvaluated: false,
				glossary: undefined,
				model: name,
				pairs,
				request,
			});
			return {
				success: true,
				session_id: hosted.id,
				message: `${name} is loaded`,
				queued: hosted.progress.status === 'queued',
				language_pair: languagePair,
				ray_based: false,
			};
		},
	});
}
