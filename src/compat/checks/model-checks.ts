import type {Check} from '../check.js';
import {expectFields} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';
import {expectLogicalFailure, expectSuccess} from './expect-answers.js';

const LOAD_MODEL =
	'`POST /load_model` JSON `{language_pair, client_id?, model_type?}` → loads if needed and opens a session: `{success, session_id, message, queued, language_pair, ray_based}`.';

/** Loading models. */
export const modelChecks: readonly Check[] = [
	{
		id: 'models.load-all',
		title: 'loads what its configuration names and says what is loaded',
		rule: '`POST /load_models` → loads what the configuration names; `{success, message, loaded:[…], ray_stats}`.',
		async run(context) {
			const body = expectSuccess(await context.post('/load_models'), 'POST /load_models');
			const fields = {message: 'string', loaded: 'array', ray_stats: 'object'} as const;
			const {loaded} = expectFields(body, fields, 'the answer to POST /load_models');
			expectThat(loaded.length > 0, 'at least one model to be loaded', body);
		},
	},
	{
		id: 'models.load-one',
		title: 'loads the model of a pair and opens a session',
		rule: LOAD_MODEL,
		async run(context) {
			const answer = await context.post('/load_model', {
				language_pair: context.languagePair,
				client_id: context.clientId(),
			});
			context.remember(answer);
			const fields = {
				session_id: 'string',
				message: 'string',
				queued: 'boolean',
				language_pair: 'string',
				ray_based: 'boolean',
			} as const;
			const {session_id: id} = expectFields(
				expectSuccess(answer, 'POST /load_model'),
				fields,
				'the answer to POST /load_model',
			);
			await context.connect(id);
		},
	},
	{
		id: 'models.unknown-pair',
		title: 'says why it cannot load a model for a pair that there is not',
		rule: LOAD_MODEL,
		async run(context) {
			const answer = await context.post('/load_model', {language_pair: 'Klingon -> Dothraki'});
			context.remember(answer);
			expectLogicalFailure(answer, 'POST /load_model with language_pair Klingon -> Dothraki');
		},
	},
];
