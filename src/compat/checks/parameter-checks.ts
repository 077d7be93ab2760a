import type {ApiRequest, Parameters} from '../api-client.js';
import type {Check} from '../check.js';
import type {CheckContext} from '../check-context.js';
import {describeAnswer} from '../check-context.js';
import {expectFields} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';
import {expectInvalid, expectSuccess} from './expect-answers.js';

const EVERYWHERE = 'Parameters of every `POST` may come as query string, JSON body or form body; query wins.';

/** How parameters are understood. */
export const parameterChecks: readonly Check[] = [
	{
		id: 'parameters.query',
		title: 'takes parameters from the query string',
		rule: EVERYWHERE,
		run: context => expectTaken(context, query => ({query})),
	},
	{
		id: 'parameters.json',
		title: 'takes parameters from a JSON body',
		rule: EVERYWHERE,
		run: context => expectTaken(context, json => ({json})),
	},
	{
		id: 'parameters.form',
		title: 'takes parameters from a form body',
		rule: EVERYWHERE,
		run: context => expectTaken(context, form => ({form})),
	},
	{
		id: 'parameters.query-wins',
		title: 'believes the query string where the body says something else',
		rule: EVERYWHERE,
		async run(context) {
			const [inQuery, inBody] = [context.clientId(), context.clientId()];
			const answer = await context.init({
				query: context.initParameters({client_id: inQuery}),
				json: context.initParameters({client_id: inBody}),
			});
			const {session_id: id} = expectFields(answer.body, {session_id: 'string'}, 'the answer to POST /init');
			expectThat(id.startsWith(`${inQuery}_`), `a session of ${inQuery}, as the query says`, id);
		},
	},
	{
		id: 'parameters.unknown-ignored',
		title: 'ignores parameters that it does not know',
		rule: 'Unknown parameters are ignored.',
		async run(context) {
			const query = context.initParameters({no_such_parameter: 'x'});
			const answer = await context.init({query, json: {no_such_field: {a: 1}}});
			expectThat(answer.status === 200, 'POST /init to answer 200', describeAnswer(answer));
			expectFields(answer.body, {session_id: 'string'}, 'the answer to POST /init');
		},
	},
	{
		id: 'parameters.wrong-type',
		title: 'answers 422 and says where, if a value has the wrong type',
		rule: 'A value of the wrong type: 422 `{"detail":[{"loc":[…],"msg":…,"type":…}]}`.',
		async run(context) {
			const wrong = context.initParameters({latency_multiplier: 'fast'});
			for (const request of [{query: wrong}, {json: wrong}]) {
				expectInvalid(await context.init(request), 'POST /init with latency_multiplier "fast"');
			}
		},
	},
	{
		id: 'parameters.encoded-paths',
		title: 'finds sessions by their percent-encoded ids in paths',
		rule: 'Session ids contain spaces and `->`, so they arrive percent-encoded in paths.',
		async run(context) {
			const id = await context.openSession({client_id: `${context.clientId()} -> ü%2F`});
			const status = await context.queueStatus(id);
			expectThat(status['status'] !== 'not_found', `GET /queue_status/ to find ${id}`, status);
			await context.connect(id);
		},
	},
];

/** That two requests, in one of the three ways, do what their parameters say. */
async function expectTaken(
	context: CheckContext,
	write: (parameters: Parameters) => ApiRequest,
): Promise<void> {
	const clientId = context.clientId();
	const answer = await context.init(write(context.initParameters({client_id: clientId})));
	expectThat(answer.status === 200, 'POST /init to answer 200', describeAnswer(answer));
	const {session_id: id} = expectFields(answer.body, {session_id: 'string'}, 'the answer to POST /init');
	expectThat(id.startsWith(`${clientId}_`), `a session of client_id ${clientId}`, id);
	expectSuccess(await context.request('POST', '/ping', write({session_id: id})), 'POST /ping');
}
