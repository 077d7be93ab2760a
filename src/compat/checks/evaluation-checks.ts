import {randomBytes} from 'node:crypto';

import type {ApiAnswer} from '../api-client.js';
import type {Check} from '../check.js';
import type {CheckContext} from '../check-context.js';
import {expectFields, isObject} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';
import {UNKNOWN_SESSION} from './error-checks.js';
import {expectLogicalFailure, expectSuccess} from './expect-answers.js';
import {names} from './statistics-checks.js';

const ENABLE = '`POST /enable_evaluation_mode {session_id}` → per-unit delay tracking for that session.';
const DELAYS =
	'`GET /session_delays/{session_id}?include_details=` → `{success, session_id, session_type, evaluation_mode, basic_stats:{session_age, last_activity}, delays:{stream_laal, total_words|total_characters, segments, language_type, …}, details?}`: real figures.';
const EXPORT =
	'`GET /session_delays_by_user?user_id&language_pair`, `POST /export_session_delays {session_id, filepath?}` (+ `_by_user`): writes SimulEval `instances.log` lines';
const CONFINED = '`filepath` only inside the configured results folder, anything else is refused.';

/** Figures of how late translations are. */
export const evaluationChecks: readonly Check[] = [
	{
		id: 'evaluation.enable',
		title: 'switches the evaluation mode of a session on',
		rule: ENABLE,
		async run(context) {
			const id = await context.openSession({evaluation_mode: false});
			const answer = await context.post('/enable_evaluation_mode', {session_id: id});
			expectSuccess(answer, 'POST /enable_evaluation_mode');
			const body = expectSuccess(await readDelays(context, id), 'GET /session_delays/');
			expectThat(body['evaluation_mode'] === true, 'evaluation_mode: true in GET /session_delays/', body);
		},
	},
	{
		id: 'evaluation.answer',
		title: 'tells the delays of a session',
		rule: DELAYS,
		async run(context) {
			const id = await evaluate(context);
			const body = expectSuccess(await readDelays(context, id), 'GET /session_delays/');
			const fields = {
				session_id: 'string',
				session_type: 'string',
				evaluation_mode: 'boolean',
				basic_stats: 'object',
				delays: 'object',
			} as const;
			const {session_id, basic_stats, delays} = expectFields(
				body,
				fields,
				'the answer to GET /session_delays/',
			);
			expectThat(session_id === id, `session_id ${id}`, body);
			for (const name of ['session_age', 'last_activity']) {
				expectThat(name in basic_stats, `basic_stats to have ${name}`, basic_stats);
			}

			for (const name of ['stream_laal', 'segments', 'language_type']) {
				expectThat(name in delays, `delays to have ${name}`, delays);
			}
		},
	},
	{
		id: 'evaluation.real-figures',
		title: 'measures delays: none before anything was said, and those of the text afterwards',
		rule: DELAYS,
		async run(context) {
			const id = await context.openSession({evaluation_mode: true});
			const socket = await context.connect(id);
			const before = totalOf(expectSuccess(await readDelays(context, id), 'GET /session_delays/'));
			expectThat(before === 0, 'no words before anything was said', {total: before});
			const fromFrame = socket.frameCount;
			await socket.sendAudio(context.speech, {speed: context.settings.speed});
			const {finalText} = await context.finish(socket, fromFrame);
			const body = expectSuccess(await readDelays(context, id), 'GET /session_delays/');
			const {delays} = expectFields(body, {delays: 'object'}, 'the answer to GET /session_delays/');
			const laal = delays['stream_laal'];
			expectThat(
				typeof laal === 'number' && Number.isFinite(laal) && laal !== 0,
				'a stream_laal that was measured',
				delays,
			);
			const words = 'total_characters' in delays ? countCharacters(finalText) : countWords(finalText);
			const total = totalOf(body);
			expectThat(
				total > 0 && total >= 0.5 * words && total <= 1.5 * words,
				`the ${words} units of the text to be counted`,
				delays,
			);
		},
	},
	{
		id: 'evaluation.details',
		title: 'tells the delays one by one if they are asked for, and only then',
		rule: DELAYS,
		async run(context) {
			const id = await evaluate(context);
			const without = expectSuccess(await readDelays(context, id), 'GET /session_delays/');
			expectThat(isNothing(without['details']), 'no details unless asked for', without);
			const answer = await context.get(path(id), {include_details: true});
			const body = expectSuccess(answer, 'GET /session_delays/ with include_details=true');
			expectThat(!isNothing(body['details']), 'details with include_details=true', body);
		},
	},
	{
		id: 'evaluation.unknown-session',
		title: 'says so if there is no such session',
		rule: DELAYS,
		async run(context) {
			const answer = await readDelays(context, UNKNOWN_SESSION);
			expectLogicalFailure(answer, 'GET /session_delays/ of an unknown session');
		},
	},
	{
		id: 'evaluation.by-user',
		title: 'finds the delays of a user',
		rule: EXPORT,
		async run(context) {
			const id = await evaluate(context);
			const answer = await context.get('/session_delays_by_user', await userOf(context, id));
			const body = expectSuccess(answer, 'GET /session_delays_by_user');
			expectThat(names(body, id), `${id} in GET /session_delays_by_user`, body);
		},
	},
	{
		id: 'evaluation.export',
		title: 'writes the delays of a session to a file',
		rule: EXPORT,
		async run(context) {
			const id = await evaluate(context);
			const answer = await context.post('/export_session_delays', {session_id: id});
			expectSuccess(answer, 'POST /export_session_delays');
		},
	},
	{
		id: 'evaluation.export-by-user',
		title: 'writes the delays of a user to a file',
		rule: EXPORT,
		async run(context) {
			const id = await evaluate(context);
			const answer = await context.post('/export_session_delays_by_user', await userOf(context, id));
			expectSuccess(answer, 'POST /export_session_delays_by_user');
		},
	},
	{
		id: 'evaluation.export-confined',
		title: 'writes to no place outside its results folder',
		rule: CONFINED,
		async run(context) {
			const id = await evaluate(context);
			// A name that nobody has, in case it is written all the same.
			const name = `infinisst-compat-${randomBytes(6).toString('hex')}.log`;
			for (const filepath of [`../${name}`, `/tmp/${name}`, `a/../../${name}`, `..\\${name}`]) {
				const answer = await context.post('/export_session_delays', {session_id: id, filepath});
				expectLogicalFailure(answer, `POST /export_session_delays with filepath ${filepath}`);
			}
		},
	},
];

/** Opens a session with evaluation mode and has something translated. */
async function evaluate(context: CheckContext): Promise<string> {
	const id = await context.openSession({evaluation_mode: true});
	await context.translate(await context.connect(id), context.speech);
	return id;
}

function readDelays(context: CheckContext, sessionId: string): Promise<ApiAnswer> {
	return context.get(path(sessionId));
}

function path(sessionId: string): string {
	return `/session_delays/${encodeURIComponent(sessionId)}`;
}

/** As `GET /health` names the user of a session. */
async function userOf(
	context: CheckContext,
	sessionId: string,
): Promise<{user_id: string; language_pair: string}> {
	const session = await context.findInHealth(sessionId);
	const user = session?.['user_id'];
	expectThat(typeof user === 'string', 'GET /health to tell the user_id of the session', session);
	return {user_id: user, language_pair: context.languagePair};
}

/** Words or characters that were counted; 0 if nothing was measured yet. */
function totalOf(body: Readonly<Record<string, unknown>>): number {
	const {delays} = body;
	if (!isObject(delays)) return 0;
	const total = delays['total_words'] ?? delays['total_characters'];
	return typeof total === 'number' ? total : 0;
}

function countWords(text: string): number {
	return text.split(/\s+/).filter(word => word !== '').length;
}

function countCharacters(text: string): number {
	return Array.from(text.replaceAll(/\s/g, '')).length;
}

function isNothing(value: unknown): boolean {
	if (value === undefined || value === null) return true;
	return typeof value === 'object' && Object.keys(value).length === 0;
}
