import type {Check} from '../check.js';
import {describeAnswer} from '../check-context.js';
import {expectFields} from '../expect-fields.js';
import {findOfferedPairs, splitPair} from '../language-pairs.js';
import {expectThat, NotApplicable} from '../mismatch.js';
import {expectLogicalFailure, expectRefused} from './expect-answers.js';

const SESSION_ID =
	'`session_id` = `{client_id or agent_type}_{language_pair}_{unix ms}`; two calls in one ms must not collide.';

/** Sessions asked for at once, to have some of them in the same millisecond. */
const TOGETHER = 6;

/** A clock may be off by so much. */
const CLOCK_DIFFERENCE_MS = 24 * 3600 * 1000;

/** `POST /init` and the pairs there are. */
export const initChecks: readonly Check[] = [
	{
		id: 'init.answer',
		title: 'opens a session and tells how it stands',
		rule: 'out: `{session_id, queued, queue_position, initializing, ray_based, evaluation_mode}`',
		async run(context) {
			const answer = await context.init({query: context.initParameters()});
			expectThat(answer.status === 200, 'POST /init to answer 200', describeAnswer(answer));
			const fields = {
				session_id: 'string',
				queued: 'boolean',
				queue_position: 'number',
				initializing: 'boolean',
				ray_based: 'boolean',
				evaluation_mode: 'boolean',
			} as const;
			expectFields(answer.body, fields, 'the answer to POST /init');
		},
	},
	{
		id: 'init.session-id',
		title: 'names sessions by client, or else agent, with the pair and the time',
		rule: SESSION_ID,
		async run(context) {
			const clientId = context.clientId();
			for (const [parameters, begin] of [
				[context.initParameters({client_id: clientId}), clientId],
				[{agent_type: 'InfiniSST', language_pair: context.languagePair}, 'InfiniSST'],
			] as const) {
				const {body} = await context.init({query: parameters});
				const {session_id: id} = expectFields(body, {session_id: 'string'}, 'the answer to POST /init');
				const wanted = `${begin}_${context.languagePair}_`;
				const time = id.slice(wanted.length);
				expectThat(id.startsWith(wanted) && /^\d{13,}/.test(time), `${wanted}{unix ms}`, id);
				const differenceMs = Math.abs(Number(time.slice(0, 13)) - Date.now());
				expectThat(differenceMs < CLOCK_DIFFERENCE_MS, `${wanted}{unix ms} of now`, id);
			}
		},
	},
	{
		id: 'init.unique',
		title: 'gives sessions that are opened together names of their own',
		rule: SESSION_ID,
		async run(context) {
			const query = context.initParameters();
			const answers = await Promise.all(Array.from({length: TOGETHER}, () => context.init({query})));
			const ids = answers.map(
				({body}) => expectFields(body, {session_id: 'string'}, 'the answer to POST /init').session_id,
			);
			expectThat(new Set(ids).size === ids.length, `${TOGETHER} different session ids`, ids);
		},
	},
	{
		id: 'init.evaluation-mode',
		title: 'knows the ways to switch the evaluation mode on',
		rule: '`evaluation_mode` (`true/1/yes/on`)',
		async run(context) {
			for (const [word, expected] of [
				['true', true],
				['1', true],
				['yes', true],
				['on', true],
				['false', false],
			] as const) {
				const {body} = await context.init({query: context.initParameters({evaluation_mode: word})});
				const fields = {session_id: 'string', evaluation_mode: 'boolean'} as const;
				const {session_id, evaluation_mode} = expectFields(body, fields, 'the answer to POST /init');
				expectThat(evaluation_mode === expected, `evaluation_mode=${word} to be ${expected}`, body);
				await context.post('/delete_session', {session_id});
			}
		},
	},
	{
		id: 'init.latency-range',
		title: 'takes latency multipliers from 1 to 4 and no others',
		rule: '`latency_multiplier` int 1–4 (2)',
		async run(context) {
			for (const [multiplier, isRight] of [
				[1, true],
				[4, true],
				[0, false],
				[5, false],
			] as const) {
				const answer = await context.init({
					query: context.initParameters({latency_multiplier: multiplier}),
				});
				if (!isRight) {
					expectRefused(answer, `POST /init with latency_multiplier ${multiplier}`);
					continue;
				}

				const {session_id} = expectFields(answer.body, {session_id: 'string'}, 'the answer to POST /init');
				await context.post('/delete_session', {session_id});
			}
		},
	},
	{
		id: 'init.unknown-agent',
		title: 'refuses an unknown agent and tells which there are',
		rule: 'Unknown agent or pair: `{success:false, error}` that lists what is available and how to get the rest.',
		async run(context) {
			const answer = await context.init({query: context.initParameters({agent_type: 'NoSuchAgent'})});
			const error = expectLogicalFailure(answer, 'POST /init with agent_type NoSuchAgent');
			expectThat(error.includes('InfiniSST'), 'an error that names InfiniSST', error);
		},
	},
	{
		id: 'init.unknown-pair',
		title: 'refuses an unknown pair and tells which there are',
		rule: 'Unknown agent or pair: `{success:false, error}` that lists what is available and how to get the rest.',
		async run(context) {
			const answer = await context.init({
				query: context.initParameters({language_pair: 'Klingon -> Dothraki'}),
			});
			const error = expectLogicalFailure(answer, 'POST /init with language_pair Klingon -> Dothraki');
			const {source, target} = splitPair(context.languagePair) ?? {source: '', target: ''};
			expectThat(
				error.toLowerCase().includes(source) && error.toLowerCase().includes(target),
				`an error that names ${context.languagePair} among what is available`,
				error,
			);
		},
	},
	{
		id: 'init.initializing',
		title: 'tells while a model still loads: in the answer, in the status and on the socket',
		rule: 'Model still loading: `initializing: true`. Server → client text frames: `INITIALIZING: …` while the model loads, then `READY: …`',
		async run(context) {
			const pair = findOfferedPairs((await context.get('/languages')).body).find(
				({state}) => state === 'available',
			);
			if (pair === undefined) {
				throw new NotApplicable('the server has no pair that is available without being loaded');
			}

			const {body} = await context.init({query: context.initParameters({language_pair: pair.name})});
			const fields = {session_id: 'string', initializing: 'boolean'} as const;
			const {session_id, initializing} = expectFields(body, fields, 'the answer to POST /init');
			expectThat(initializing, `initializing: true for ${pair.name}, which is not loaded`, body);
			const status = await context.queueStatus(session_id);
			expectThat(
				status['status'] === 'initializing' || status['status'] === 'active',
				'status "initializing", then "active"',
				status,
			);
			const socket = await context.openSocket(session_id);
			const first = await socket.next('a first frame', () => true);
			const isEarly = first.startsWith('INITIALIZING:');
			expectThat(isEarly || first.startsWith('READY:'), 'INITIALIZING: or READY: as the first frame', first);
			if (isEarly) await socket.nextCommand('READY:');
		},
	},
	{
		id: 'languages.states',
		title: 'lists its pairs with their states',
		rule: '`GET /languages` lists pairs with `loaded|available|needs_download`.',
		async run(context) {
			const answer = await context.get('/languages');
			expectThat(answer.status === 200, 'GET /languages to answer 200', describeAnswer(answer));
			expectThat(
				findOfferedPairs(answer.body).length > 0,
				'pairs such as "English -> Chinese", each with loaded, available or needs_download',
				describeAnswer(answer),
			);
		},
	},
	{
		id: 'languages.pairs',
		title: 'has at least the pairs that the contract names',
		rule: 'Pairs at least: English → Chinese, Italian, German, Spanish, and each of those (and every other language the loaded model knows) → English, and same-language captions.',
		async run(context) {
			const pairs = findOfferedPairs((await context.get('/languages')).body);
			const has = (source: string, target: string): boolean =>
				pairs.some(pair => pair.source === source && pair.target === target);
			const missing = ['chinese', 'italian', 'german', 'spanish'].flatMap(language => [
				...(has('english', language) ? [] : [`English -> ${language}`]),
				...(has(language, 'english') ? [] : [`${language} -> English`]),
			]);
			expectThat(missing.length === 0, 'English to and from Chinese, Italian, German and Spanish', {missing});
			const hasCaptions = pairs.some(
				({source, target}) => source === target || target === 'same' || target === 'captions',
			);
			expectThat(
				hasCaptions,
				'a pair for captions in the same language',
				pairs.map(({name}) => name),
			);
		},
	},
];
