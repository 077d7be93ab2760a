import type {ApiAnswer, ApiRequest} from '../api-client.js';
import type {Check} from '../check.js';
import {describeAnswer, type CheckContext} from '../check-context.js';
import {isObject} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';
import {expectLogicalFailure} from './expect-answers.js';

/** What a session is called that nobody opened. */
export const UNKNOWN_SESSION = 'nobody_English -> Chinese_1';

/** With line ends as they are, or as JSON writes them. */
const STACK_TRACE =
	/(?:\n|\\n)\s+at \S+.*:\d+:\d+|Traceback \(most recent call last\)|File \\?".+", line \d+/;

/** How failures are told. */
export const errorChecks: readonly Check[] = [
	{
		id: 'errors.logical-200',
		title: 'answers logical failures with 200, success: false and an error',
		rule: 'Logical failures answer **200** with `{"success": false, "error": "<what and what to do>"}`',
		async run(context) {
			for (const path of ['/ping', '/reset_translation', '/enable_evaluation_mode']) {
				const answer = await context.post(path, {session_id: UNKNOWN_SESSION});
				expectLogicalFailure(answer, `POST ${path} of an unknown session`);
			}

			const update = {session_id: UNKNOWN_SESSION, latency_multiplier: 2};
			expectLogicalFailure(
				await context.post('/update_latency', update),
				'POST /update_latency of an unknown session',
			);
		},
	},
	{
		id: 'errors.no-stack-trace',
		title: 'shows clients no stack trace, and gives every unexpected fault a request_id',
		rule: 'An unexpected fault: 500 `{"error": …, "request_id": …}`, logged with the same id, no stack trace to the client.',
		async run(context) {
			for (const {what, answer} of await askOddly(context)) {
				expectThat(!STACK_TRACE.test(answer.text), `${what} to answer without a stack trace`, answer.text);
				if (answer.status < 500) continue;
				const {body} = answer;
				expectThat(
					isObject(body) && typeof body['error'] === 'string' && 'request_id' in body,
					`${what} to answer without a fault, or with {error, request_id}`,
					describeAnswer(answer),
				);
			}
		},
	},
	{
		id: 'errors.isolated',
		title: 'goes on with everything else after requests that make no sense',
		rule: 'A fault in one endpoint never takes another one down.',
		async run(context) {
			const id = await context.openSession();
			const socket = await context.connect(id);
			await askOddly(context);
			const health = await context.get('/health');
			expectThat(health.status === 200, 'GET /health to answer 200 afterwards', describeAnswer(health));
			socket.sendText('EOF');
			await socket.nextCommand('PROCESSING_COMPLETE:');
		},
	},
];

const POSTS = [
	...['/init', '/ping', '/reset_translation', '/update_latency', '/delete_session', '/load_model'],
	...['/ray/configure', '/configure_dynamic_schedule', '/enable_evaluation_mode', '/download_youtube'],
];

/** Requests that no client means. */
async function askOddly(context: CheckContext): Promise<{what: string; answer: ApiAnswer}[]> {
	const requests: {method: 'GET' | 'POST'; path: string; request: ApiRequest}[] = [];
	for (const path of POSTS) {
		for (const body of [
			'{',
			'[]',
			'null',
			'{"session_id": {"a": [1]}, "language_pair": 7, "url": [], "enabled": {}}',
		]) {
			requests.push({method: 'POST', path, request: {raw: {body, contentType: 'application/json'}}});
		}
	}

	requests.push(
		{method: 'POST', path: '/ping', request: {raw: {body: 'x', contentType: 'no/such-type'}}},
		{method: 'GET', path: '/queue_status/%E0%A4%A', request: {}},
		{method: 'GET', path: '/session_delays/%00%0A', request: {}},
		{method: 'GET', path: `/queue_status/${'x'.repeat(4000)}`, request: {}},
		{method: 'GET', path: '/no/such/path', request: {}},
	);
	const answers: {what: string; answer: ApiAnswer}[] = [];
	for (const {method, path, request} of requests) {
		const answer = await context.request(method, path, request);
		context.remember(answer);
		answers.push({what: `${method} ${path.slice(0, 60)} with ${request.raw?.body ?? 'nothing'}`, answer});
	}

	return answers;
}
