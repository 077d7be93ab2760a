import type {Check} from '../check.js';
import {describeAnswer, type CheckContext} from '../check-context.js';
import {expectFields, isObject} from '../expect-fields.js';
import {expectThat} from '../mismatch.js';
import {expectRefused, expectSuccess} from './expect-answers.js';

const HEALTH =
	'`GET /health` → `{status:"healthy"|"degraded"|…, time, ray_available, active_sessions_count, active_sessions:[{session_id, type, agent_type, language_pair, user_id, latency_multiplier, inactive_for:"1.2s", created_at}], ray_stats?|ray_stats_error?}`.';
const STATS =
	'`GET /ray/stats` → `{success, stats:{global_stats, queue_stats:{worker:length}, gpu_load:{worker:load}, active_sessions, config:{max_batch_size, batch_timeout_ms, enable_dynamic_batching, load_balance_strategy}, workers:[…], cluster?}}`.';
const CONFIGURE =
	'`POST /ray/configure` `{max_batch_size?, min_batch_size?, batch_timeout_ms?, enable_dynamic_batching?, load_balance_strategy? (least_loaded|round_robin|gpu_memory)}` → **takes effect at once** on a running server, validated (1 ≤ size ≤ 256, 0 ≤ ms ≤ 10 000); `{success, updated_config}`.';
const SCHEDULE =
	'`GET /dynamic_schedule_stats`, `POST /configure_dynamic_schedule {enabled, wait_threshold_ms, min_batch_size, max_batch_size}`: same engine, older names.';
const DEBUG =
	'`GET /debug/session_stats`, `GET /debug/session_history` → live sessions with ages; every session created, from the history store.';

/** Health, statistics and the settings of the engine. */
export const statisticsChecks: readonly Check[] = [
	{
		id: 'health.answer',
		title: 'tells its health and who is here',
		rule: HEALTH,
		async run(context) {
			const id = await context.openSession();
			const answer = await context.get('/health');
			expectThat(answer.status === 200, 'GET /health to answer 200', describeAnswer(answer));
			const fields = {
				status: 'string',
				ray_available: 'boolean',
				active_sessions_count: 'number',
				active_sessions: 'array',
			} as const;
			const {body} = answer;
			const health = expectFields(body, fields, 'the answer to GET /health');
			expectThat(isObject(body) && 'time' in body, 'the answer to GET /health to have time', body);
			expectThat(
				health.active_sessions_count === health.active_sessions.length,
				'active_sessions_count to be the length of active_sessions',
				body,
			);
			const session = await context.findInHealth(id);
			const wanted = {
				type: 'string',
				agent_type: 'string',
				language_pair: 'string',
				latency_multiplier: 'number',
				inactive_for: 'string',
			} as const;
			const {inactive_for: age} = expectFields(session, wanted, `${id} in active_sessions`);
			expectThat(/^\d+(?:\.\d+)?s$/.test(age), 'inactive_for to be such as "1.2s"', session);
			for (const name of ['user_id', 'created_at']) {
				expectThat(name in session!, `sessions in GET /health to have ${name}`, session);
			}
		},
	},
	{
		id: 'health.deleted',
		title: 'does not count sessions that were deleted',
		rule: HEALTH,
		async run(context) {
			const id = await context.openSession();
			await context.post('/delete_session', {session_id: id});
			const session = await context.findInHealth(id);
			expectThat(session === undefined, 'the deleted session to be gone from active_sessions', session);
		},
	},
	{
		id: 'ray.stats',
		title: 'describes its engine, with Ray or without',
		rule: STATS,
		async run(context) {
			const body = expectSuccess(await context.get('/ray/stats'), 'GET /ray/stats');
			const {stats} = expectFields(body, {stats: 'object'}, 'the answer to GET /ray/stats');
			const fields = {
				global_stats: 'object',
				queue_stats: 'object',
				gpu_load: 'object',
				config: 'object',
				workers: 'array',
			} as const;
			const {config} = expectFields(stats, fields, 'stats of GET /ray/stats');
			expectThat('active_sessions' in stats, 'stats of GET /ray/stats to have active_sessions', stats);
			const settings = {
				max_batch_size: 'number',
				batch_timeout_ms: 'number',
				enable_dynamic_batching: 'boolean',
				load_balance_strategy: 'string',
			} as const;
			expectFields(config, settings, 'stats.config of GET /ray/stats');
		},
	},
	{
		id: 'ray.configure',
		title: 'changes the settings of its engine at once, and shows them',
		rule: CONFIGURE,
		run: context =>
			withConfiguration(context, async before => {
				const wanted = {
					max_batch_size: before.max_batch_size === 9 ? 10 : 9,
					batch_timeout_ms: before.batch_timeout_ms === 77 ? 78 : 77,
					enable_dynamic_batching: !before.enable_dynamic_batching,
					load_balance_strategy:
						before.load_balance_strategy === 'round_robin' ? 'least_loaded' : 'round_robin',
				};
				const answer = expectSuccess(await context.post('/ray/configure', wanted), 'POST /ray/configure');
				const fields = {updated_config: 'object'} as const;
				expectFields(answer, fields, 'the answer to POST /ray/configure');
				expectSame(await readConfiguration(context), wanted);
			}),
	},
	{
		id: 'ray.configure-range',
		title: 'refuses settings that cannot be, and changes nothing',
		rule: CONFIGURE,
		run: context =>
			withConfiguration(context, async before => {
				for (const wrong of [
					{max_batch_size: 0},
					{max_batch_size: 257},
					{batch_timeout_ms: -1},
					{batch_timeout_ms: 10_001},
					{load_balance_strategy: 'by_luck'},
				]) {
					const answer = await context.post('/ray/configure', wrong);
					expectRefused(answer, `POST /ray/configure with ${JSON.stringify(wrong)}`);
				}

				expectSame(await readConfiguration(context), before);
			}),
	},
	{
		id: 'schedule.stats',
		title: 'answers the older name of its statistics',
		rule: SCHEDULE,
		async run(context) {
			const answer = await context.get('/dynamic_schedule_stats');
			expectThat(
				answer.status === 200 && isObject(answer.body) && answer.body['success'] !== false,
				'GET /dynamic_schedule_stats to answer 200 with statistics',
				describeAnswer(answer),
			);
		},
	},
	{
		id: 'schedule.configure',
		title: 'changes the same engine by the older names',
		rule: SCHEDULE,
		run: context =>
			withConfiguration(context, async before => {
				const wanted = {
					enabled: !before.enable_dynamic_batching,
					wait_threshold_ms: before.batch_timeout_ms === 55 ? 56 : 55,
					min_batch_size: 1,
					max_batch_size: before.max_batch_size === 7 ? 6 : 7,
				};
				const answer = await context.post('/configure_dynamic_schedule', wanted);
				expectThat(
					answer.status === 200 && isObject(answer.body) && answer.body['success'] !== false,
					'POST /configure_dynamic_schedule to answer 200',
					describeAnswer(answer),
				);
				expectSame(await readConfiguration(context), {
					enable_dynamic_batching: wanted.enabled,
					batch_timeout_ms: wanted.wait_threshold_ms,
					max_batch_size: wanted.max_batch_size,
				});
			}),
	},
	{
		id: 'debug.session-stats',
		title: 'lists the sessions that there are',
		rule: DEBUG,
		async run(context) {
			const [id, gone] = [await context.openSession(), await context.openSession()];
			await context.post('/delete_session', {session_id: gone});
			const answer = await context.get('/debug/session_stats');
			expectThat(answer.status === 200, 'GET /debug/session_stats to answer 200', describeAnswer(answer));
			expectThat(names(answer.body, id), `${id} in GET /debug/session_stats`, describeAnswer(answer));
			expectThat(
				!names(answer.body, gone),
				'no deleted session in GET /debug/session_stats',
				describeAnswer(answer),
			);
		},
	},
	{
		id: 'debug.session-history',
		title: 'lists the sessions that there were',
		rule: DEBUG,
		async run(context) {
			const [id, gone] = [await context.openSession(), await context.openSession()];
			await context.post('/delete_session', {session_id: gone});
			for (const wanted of [id, gone]) {
				await context.until(
					`${wanted} in GET /debug/session_history`,
					() => context.get('/debug/session_history'),
					({status, body}) => status === 200 && names(body, wanted),
				);
			}
		},
	},
];

/** Whether a text is anywhere in an answer. */
export function names(value: unknown, text: string): boolean {
	if (value === text) return true;
	if (typeof value !== 'object' || value === null) return false;
	return text in value || Object.values(value).some(field => names(field, text));
}

interface Configuration {
	readonly max_batch_size: number;
	readonly batch_timeout_ms: number;
	readonly enable_dynamic_batching: boolean;
	readonly load_balance_strategy: string;
}

async function readConfiguration(context: CheckContext): Promise<Configuration> {
	const {body} = await context.get('/ray/stats');
	const {stats} = expectFields(body, {stats: 'object'}, 'the answer to GET /ray/stats');
	const {config} = expectFields(stats, {config: 'object'}, 'stats of GET /ray/stats');
	const {max_batch_size, batch_timeout_ms, enable_dynamic_batching, load_balance_strategy} =
		config as unknown as Configuration;
	return {max_batch_size, batch_timeout_ms, enable_dynamic_batching, load_balance_strategy};
}

/** Leaves the settings of the server as they were. */
async function withConfiguration(
	context: CheckContext,
	work: (before: Configuration) => Promise<void>,
): Promise<void> {
	const before = await readConfiguration(context);
	try {
		await work(before);
	} finally {
		await context.post('/ray/configure', before);
	}
}

function expectSame(seen: Configuration, wanted: Partial<Configuration>): void {
	const isSame = Object.entries(wanted).every(([name, value]) => seen[name as keyof Configuration] === value);
	expectThat(isSame, `GET /ray/stats to show ${JSON.stringify(wanted)}`, seen);
}
