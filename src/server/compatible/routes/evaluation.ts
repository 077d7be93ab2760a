import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {ServerParts} from '../../server-parts.js';
import type {CompatibleSession} from '../compatible-session.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {addEndpoint, sessionIdOf} from '../endpoint.js';
import {describeDelays, describeSegments} from '../evaluation/describe-delays.js';
import {formatInstances} from '../evaluation/format-instances.js';
import {fileNameOf, writeResult} from '../evaluation/write-result.js';
import {fail, SESSION_NOT_FOUND, type Failure} from '../failures.js';

export interface EvaluationRouteParts extends Pick<ServerParts, 'settings'> {
	readonly sessions: CompatibleSessions;
}

const session_id = z.string();

const delaysAnswer = {
	success: z.boolean(),
	session_id,
	session_type: z.string().nullable(),
	evaluation_mode: z.boolean(),
	basic_stats: z.looseObject({session_age: z.number(), last_activity: z.number()}),
	delays: z.looseObject({}),
	details: z.array(z.looseObject({})),
};

const exportAnswer = {success: z.boolean(), filepath: z.string(), instances: z.int()};

/** How late the units of a session are, and files of that for SimulEval. */
export function registerEvaluation(app: FastifyInstance, {settings, sessions}: EvaluationRouteParts): void {
	addEndpoint(app, {
		method: 'POST',
		url: '/enable_evaluation_mode',
		summary: 'Note the delay of each unit of a session from now on',
		parameters: {session_id},
		answer: {success: z.boolean(), session_id, evaluation_mode: z.boolean(), message: z.string()},
		handle({session_id: id}, request) {
			const session = sessions.find(id, request);
			if (session === undefined) return fail(SESSION_NOT_FOUND);
			session.evaluate();
			return {
				success: true,
				session_id: id,
				evaluation_mode: true,
				message: 'The delay of each unit is noted from now on',
			};
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/session_delays/:session_id',
		summary: 'How late the text of a session is',
		parameters: {include_details: z.boolean().default(false)},
		answer: delaysAnswer,
		handle({include_details}, request) {
			const session = sessions.find(sessionIdOf(request), request);
			return session === undefined ? fail(SESSION_NOT_FOUND) : describeSession(session, include_details);
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/session_delays_by_user',
		summary: "How late the text of a client's newest session is",
		parameters: {
			user_id: z.string(),
			language_pair: z.string().optional(),
			include_details: z.boolean().default(false),
		},
		answer: {...delaysAnswer, user_id: z.string(), session_ids: z.array(session_id)},
		handle({user_id, language_pair, include_details}, request) {
			const found = sessions.findByClient(user_id, language_pair, request);
			const [newest] = found;
			if (newest === undefined) return fail(SESSION_NOT_FOUND);
			return {
				...describeSession(newest, include_details),
				user_id,
				session_ids: found.map(({hosted}) => hosted.id),
			};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/export_session_delays',
		summary: 'Write the delays of a session to the folder of results, as SimulEval does',
		parameters: {session_id, filepath: z.string().optional()},
		answer: exportAnswer,
		handle({session_id: id, filepath}, request) {
			const session = sessions.find(id, request);
			return session === undefined ? fail(SESSION_NOT_FOUND) : exportSessions([session], id, filepath);
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/export_session_delays_by_user',
		summary: 'Write the delays of all sessions of a client to the folder of results, as SimulEval does',
		parameters: {user_id: z.string(), language_pair: z.string().optional(), filepath: z.string().optional()},
		answer: exportAnswer,
		handle({user_id, language_pair, filepath}, request) {
			const found = sessions.findByClient(user_id, language_pair, request).toReversed();
			return found.length === 0 ? fail(SESSION_NOT_FOUND) : exportSessions(found, user_id, filepath);
		},
	});

	async function exportSessions(
		asked: readonly CompatibleSession[],
		name: string,
		filepath: string | undefined,
	): Promise<Failure | Readonly<Record<string, unknown>>> {
		const evaluated = asked.flatMap(({hosted, evaluation}) =>
			evaluation === undefined
				? []
				: [
						{
							id: hosted.id,
							languagePair: hosted.languagePair ?? '',
							unit: evaluation.unit,
							stretches: evaluation.stretches,
						},
					],
		);
		if (evaluated.length === 0) {
			throw new InfinisstError('OPTION_INVALID', 'No delays were noted, because evaluation mode is off', {
				hint: 'Open the session with evaluation_mode=true, or POST /enable_evaluation_mode before its audio.',
			});
		}
		const path = filepath === undefined || filepath === '' ? `${fileNameOf(name)}/instances.log` : filepath;
		const content = formatInstances(evaluated);
		return {
			success: true,
			filepath: await writeResult(settings().resultsDirectory, path, content),
			instances: evaluated.reduce((count, {stretches}) => count + stretches.length, 0),
		};
	}
}

function describeSession(
	session: CompatibleSession,
	withDetails: boolean,
): Readonly<Record<string, unknown>> {
	const {hosted, evaluation, unit} = session;
	const stretches = evaluation?.stretches ?? [];
	return {
		success: true,
		session_id: hosted.id,
		session_type: hosted.agentType ?? null,
		evaluation_mode: evaluation !== undefined,
		basic_stats: {
			session_age: (Date.now() - hosted.createdAtMs) / 1000,
			last_activity: hosted.inactiveMs / 1000,
		},
		delays: describeDelays(unit, stretches),
		...(withDetails && {details: describeSegments(stretches)}),
		...(evaluation === undefined && {
			message: 'Evaluation mode is off: no delays are noted. POST /enable_evaluation_mode begins to.',
		}),
	};
}
