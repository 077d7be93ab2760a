import {posix} from 'node:path';

import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {ServerParts} from '../../server-parts.js';
import type {CompatibleSession} from '../compatible-session.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {addEndpoint, sessionIdOf} from '../endpoint.js';
import {describeDelays, describeSegments} from '../evaluation/describe-delays.js';
import {formatInstances, type EvaluatedSession} from '../evaluation/format-instances.js';
import {fileNameOf, writeResult} from '../evaluation/write-result.js';
import {fail, SESSION_NOT_FOUND, type Failure} from '../failures.js';
import {formatPair} from '../language-pairs.js';

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
	targets: z.array(z.looseObject({target: z.string(), language_pair: z.string(), delays: z.looseObject({})})),
};

const exportAnswer = {
	success: z.boolean(),
	filepath: z.string(),
	instances: z.int(),
	targets: z.array(z.object({target: z.string(), filepath: z.string(), instances: z.int()})),
};

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

	/** The first target of each session goes where it was asked to, each other into a folder of its own beside it. */
	async function exportSessions(
		asked: readonly CompatibleSession[],
		name: string,
		filepath: string | undefined,
	): Promise<Failure | Readonly<Record<string, unknown>>> {
		const texts = asked.flatMap(evaluatedTexts);
		if (texts.length === 0) {
			throw new InfinisstError('OPTION_INVALID', 'No delays were noted, because evaluation mode is off', {
				hint: 'Open the session with evaluation_mode=true, or POST /enable_evaluation_mode before its audio.',
			});
		}
		const path = filepath === undefined || filepath === '' ? `${fileNameOf(name)}/instances.log` : filepath;
		const folder = settings().resultsDirectory;
		const first = texts.filter(({isFirst}) => isFirst);
		const answer = {
			success: true,
			filepath: await writeResult(folder, path, formatInstances(first)),
			instances: countInstances(first),
		};
		if (texts.every(({isFirst}) => isFirst)) return answer;

		const targets = [...groupByTarget(first)].map(([target, own]) => ({
			target,
			filepath: answer.filepath,
			instances: countInstances(own),
		}));
		for (const [target, own] of groupByTarget(texts.filter(({isFirst}) => !isFirst))) {
			const place = posix.join(posix.dirname(path), target, posix.basename(path));
			const written = await writeResult(folder, place, formatInstances(own));
			targets.push({target, filepath: written, instances: countInstances(own)});
		}
		return {...answer, targets};
	}
}

/** One text of a session. */
interface EvaluatedText extends EvaluatedSession {
	readonly target: string;
	/** Whether it is the text of the only target, or of the one named first. */
	readonly isFirst: boolean;
}

/** Of each target, in their order; none unless delays were noted. */
function evaluatedTexts(session: CompatibleSession): readonly EvaluatedText[] {
	const {hosted, targets, evaluation = []} = session;
	return evaluation.map(({target, unit, stretches}, index) => ({
		id: hosted.id,
		languagePair: targets.length === 1 ? (hosted.languagePair ?? '') : pairOf(session, target),
		unit,
		stretches,
		target: session.languageOf(target),
		isFirst: index === 0,
	}));
}

function pairOf({hosted}: CompatibleSession, target: string): string {
	return formatPair({source: hosted.options.sourceLanguage, target});
}

function countInstances(texts: readonly EvaluatedText[]): number {
	return texts.reduce((count, {stretches}) => count + stretches.length, 0);
}

function groupByTarget(texts: readonly EvaluatedText[]): ReadonlyMap<string, readonly EvaluatedText[]> {
	const groups = new Map<string, EvaluatedText[]>();
	for (const text of texts) groups.set(text.target, [...(groups.get(text.target) ?? []), text]);
	return groups;
}

/** Of several targets the fields of the original are those of the first. */
function describeSession(
	session: CompatibleSession,
	withDetails: boolean,
): Readonly<Record<string, unknown>> {
	const {hosted, targets, evaluation} = session;
	const texts = targets.map((target, index) => {
		const stretches = evaluation?.[index]?.stretches ?? [];
		return {
			target: session.languageOf(target),
			language_pair: pairOf(session, target),
			delays: describeDelays(session.unitOf(target), stretches),
			...(withDetails && {details: describeSegments(stretches)}),
		};
	});
	const [{delays, details}] = texts as [(typeof texts)[number]];
	return {
		success: true,
		session_id: hosted.id,
		session_type: hosted.agentType ?? null,
		evaluation_mode: evaluation !== undefined,
		basic_stats: {
			session_age: (Date.now() - hosted.createdAtMs) / 1000,
			last_activity: hosted.inactiveMs / 1000,
		},
		delays,
		...(details !== undefined && {details}),
		...(texts.length > 1 && {targets: texts}),
		...(evaluation === undefined && {
			message: 'Evaluation mode is off: no delays are noted. POST /enable_evaluation_mode begins to.',
		}),
	};
}
