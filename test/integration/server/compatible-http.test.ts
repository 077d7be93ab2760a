import {readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';

import {InfinisstError} from '../../../src/core/errors.js';
import {hashApiKey} from '../../../src/server/config/hash-api-key.js';
import {ask, get, init, PageSocket, post} from '../../helpers/compatible-client.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';

const pair = {agent_type: 'InfiniSST', language_pair: 'English -> German'};

function queueStatus(url: string, id: string): Promise<Record<string, unknown>> {
	return get(url, `/queue_status/${encodeURIComponent(id)}`);
}

it('opens sessions with parameters from the query, JSON and forms, and answers in the shape of the original', async () => {
	const {url, parts} = await openTestServer();
	const multipart = new FormData();
	for (const [name, value] of Object.entries({...pair, latency_multiplier: '4'})) multipart.set(name, value);
	const answers = [
		await ask(url, '/init', {query: {...pair, latency_multiplier: 4, unknown: 'x'}}),
		await ask(url, '/init', {json: {...pair, latency_multiplier: 4, unknown: {}}}),
		await ask(url, '/init', {form: {...pair, latency_multiplier: '4', unknown: 'x'}}),
		await ask(url, '/init', {query: {...pair, latency_multiplier: 4}, json: {latency_multiplier: 1}}),
		await ask(url, '/init', {query: {...pair, latency_multiplier: 4}, json: ''}),
		(await (await fetch(`${url}/init`, {method: 'POST', body: multipart})).json()) as Record<string, unknown>,
	];
	for (const answer of answers) {
		expect(answer).toEqual({
			session_id: expect.stringMatching(/^InfiniSST_English -> German_\d{13}$/) as string,
			queued: false,
			queue_position: 0,
			initializing: false,
			ray_based: false,
			evaluation_mode: false,
		});
	}
	expect(new Set(answers.map(answer => answer['session_id'])).size).toBe(answers.length);
	expect(parts.sessions.list().map(({options}) => options.latencyMultiplier)).toEqual(answers.map(() => 4));
});

it('names the session after the client, and never gives a name twice', async () => {
	const {url} = await openTestServer({settings: {limits: {maxSessions: 50}}});
	const ids = await Promise.all(Array.from({length: 50}, () => init(url, {client_id: 'web 1'})));
	expect(new Set(ids).size).toBe(50);
	expect(ids[0]).toMatch(/^web 1_English -> German_\d{13}$/);
});

it.each([
	[{...pair, latency_multiplier: 'fast'}, [{loc: ['query', 'latency_multiplier'], type: 'int_parsing'}]],
	[{...pair, evaluation_mode: 'perhaps'}, [{loc: ['query', 'evaluation_mode'], type: 'bool_parsing'}]],
	[{agent_type: 'InfiniSST'}, [{loc: ['query', 'language_pair'], type: 'missing'}]],
])('answers 422 to parameters of a wrong type: %j', async (query, detail) => {
	const server = await openTestServer();
	const {url} = server;
	const response = await post(url, '/init', {query});
	expect(response.status).toBe(422);
	expect(await response.json()).toMatchObject({detail});
	expect(await server.figure('infinisst_refused_total{reason="parameters"}')).toBe(1);
});

it('answers 422 to a body that is no JSON, and goes on', async () => {
	const {url} = await openTestServer();
	const response = await post(url, '/init', {query: pair, json: '{"a":'});
	expect(response.status).toBe(422);
	expect(await response.json()).toMatchObject({detail: [{loc: ['body'], type: 'json_invalid'}]});
	await init(url);
});

it.each([
	[{language_pair: 'English -> Klingon'}, ['Klingon', 'English -> German', 'GET /languages']],
	[{language_pair: 'English -> Chinese'}, ['Chinese', 'German -> English']],
	[{language_pair: 'nonsense'}, ['nonsense', 'Available']],
	[{...pair, agent_type: 'Robot'}, ['agent', 'InfiniSST']],
	[{...pair, latency_multiplier: 7}, ['1, 2, 3 or 4', '7']],
	[{...pair, client_id: 'a\u0007b'}, ['client_id', 'control character']],
	[{...pair, client_id: 'a'.repeat(201)}, ['client_id', '200']],
])('answers 200 with what to do when it cannot: %j', async (query, words) => {
	const {url} = await openTestServer();
	const answer = await ask(url, '/init', {query});
	expect(answer).toEqual({success: false, error: expect.any(String) as string});
	for (const word of words) expect(answer['error']).toContain(word);
});

it.each([
	['English -> English', 'en', 'same'],
	['German -> English', 'de', 'en'],
	['de-en', 'de', 'en'],
	['German to same', 'de', 'same'],
	['auto -> English', 'auto', 'en'],
])('understands the pair %s', async (language_pair, source, target) => {
	const {url, parts} = await openTestServer();
	const id = await init(url, {language_pair});
	expect(id).toContain(language_pair);
	expect(parts.sessions.find(id)!.options).toMatchObject({sourceLanguage: source, targets: [target]});
});

it('lists pairs with what must be done for them', async () => {
	const {url} = await openTestServer({
		models: {
			models: [
				{name: 'scripted', targets: ['en'], sourceLanguages: ['de']},
				{name: 'installed', isLoaded: false, targets: ['same'], sourceLanguages: ['de']},
				{name: 'known', isLoaded: false, isInstalled: false, targets: ['de'], sourceLanguages: ['en']},
			],
		},
	});
	const {pairs} = await get(url, '/languages');
	expect(pairs).toEqual([
		expect.objectContaining({language_pair: 'German -> English', status: 'loaded', download_bytes: 0}),
		expect.objectContaining({language_pair: 'German -> German', status: 'available', download_bytes: 0}),
		expect.objectContaining({language_pair: 'English -> German', status: 'needs_download', model: 'known'}),
	]);
	const {error} = await ask(url, '/init', {query: {language_pair: 'English -> French'}});
	expect(error).toContain('infinisst models pull known');
});

it('lets sessions wait in line, and moves them up when one ends', async () => {
	const {url} = await openTestServer({settings: {limits: {maxSessions: 1}}});
	const first = await init(url);
	const second = await ask(url, '/init', {query: pair});
	const third = await ask(url, '/init', {query: pair});
	expect([second, third]).toMatchObject([
		{queued: true, queue_position: 1, initializing: false},
		{queued: true, queue_position: 2, initializing: false},
	]);
	await ask(url, '/delete_session', {query: {session_id: first}});
	expect(await queueStatus(url, String(second['session_id']))).toMatchObject({
		status: 'active',
		queued: false,
		queue_position: 0,
		session_type: 'InfiniSST',
	});
	expect(await queueStatus(url, String(third['session_id']))).toMatchObject({
		status: 'queued',
		queue_position: 1,
	});
	expect(await queueStatus(url, first)).toEqual({
		session_id: first,
		status: 'not_found',
		queued: false,
		queue_position: 0,
		session_type: null,
		error: 'Session not found',
	});
});

it('says that a line is full', async () => {
	const {url} = await openTestServer({settings: {limits: {maxSessions: 1, maxQueued: 0}}});
	await init(url);
	const answer = await ask(url, '/init', {query: pair});
	expect(answer).toMatchObject({success: false});
	expect(answer['error']).toContain('Try again');
});

it('tells that a model is being loaded, and why it could not be', async () => {
	const {url, models} = await openTestServer({models: {models: [{name: 'scripted', isLoaded: false}]}});
	const answer = await ask(url, '/init', {query: pair});
	expect(answer).toMatchObject({initializing: true, queued: false});
	const id = String(answer['session_id']);
	await models.showProgress('scripted', 'Fetching scripted: 45 %', 0.45);
	expect(await queueStatus(url, id)).toMatchObject({
		status: 'initializing',
		activity: 'Fetching scripted: 45 %',
	});
	const {stats} = (await get(url, '/ray/stats')) as {stats: {models: unknown}};
	expect(stats.models).toEqual([
		{name: 'scripted', state: 'loading', activity: 'Fetching scripted: 45 %', fraction: 0.45, error: null},
	]);
	const page = await new PageSocket(url, id).open();
	await page.waitFor('INITIALIZING: Fetching');
	await models.failLoading(
		'scripted',
		new InfinisstError('DOWNLOAD_FAILED', 'The hub hung up', {hint: 'Try again.'}),
	);
	expect(await page.closed.promise).toEqual({code: 1011, reason: 'The session has failed'});
	expect(page.frames.at(-1)).toBe('ERROR: The hub hung up. Try again.');
	expect(await queueStatus(url, id)).toMatchObject({
		status: 'not_found',
		error: 'The hub hung up. Try again.',
	});
	const late = new PageSocket(url, id);
	expect(await late.closed.promise).toEqual({code: 4000, reason: 'Invalid session ID'});
	expect(late.frames).toEqual(['ERROR: The hub hung up. Try again.']);
});

it('keeps a session that is pinged, and removes one that is silent for 300 s', async () => {
	const clock = new FakeClock();
	const {url} = await openTestServer({clock});
	const [pinged, silent] = [await init(url), await init(url)];
	clock.advance(200_000);
	expect(await ask(url, '/ping', {json: {session_id: pinged}})).toEqual({success: true});
	clock.advance(100_000);
	expect(await ask(url, '/ping', {form: {session_id: silent}})).toEqual({
		success: false,
		error: 'Invalid session ID',
	});
	expect(await ask(url, '/ping', {query: {session_id: pinged}})).toEqual({success: true});
	expect((await queueStatus(url, silent))['error']).toContain('silent for 300 s');
});

it.each(['/ping', '/reset_translation', '/update_latency'])(
	'knows no session that is not there: %s',
	async path => {
		const {url} = await openTestServer();
		expect(await ask(url, path, {query: {session_id: 'none', latency_multiplier: 1}})).toEqual({
			success: false,
			error: 'Invalid session ID',
		});
	},
);

it('deletes sessions, also those that are not there', async () => {
	const {url, parts} = await openTestServer();
	const id = await init(url);
	const page = await new PageSocket(url, id).open();
	expect(await ask(url, '/delete_session', {query: {session_id: id}})).toEqual({success: true});
	expect(await page.closed.promise).toEqual({code: 1000, reason: 'The session was deleted'});
	expect(parts.sessions.list()).toEqual([]);
	expect(await ask(url, '/delete_session', {query: {session_id: id}})).toEqual({success: true});
});

it('changes the latency, and refuses one that there is not', async () => {
	const {url, parts} = await openTestServer();
	const id = await init(url);
	expect(await ask(url, '/update_latency', {json: {session_id: id, latency_multiplier: 4}})).toEqual({
		success: true,
		latency_multiplier: 4,
	});
	expect(parts.sessions.find(id)!.options.latencyMultiplier).toBe(4);
	const refused = await ask(url, '/update_latency', {json: {session_id: id, latency_multiplier: 5}});
	expect(refused).toMatchObject({success: false});
	expect(parts.sessions.find(id)!.options.latencyMultiplier).toBe(4);
});

it('loads the models of the configuration, and one for a pair', async () => {
	const {url, models} = await openTestServer({models: {models: [{name: 'scripted', isLoaded: false}]}});
	const loading = ask(url, '/load_models');
	await expect.poll(() => models.models().map(({state}) => state)).toEqual(['loading']);
	await models.finishLoading('scripted');
	expect(await loading).toMatchObject({success: true, loaded: ['scripted'], ray_stats: {active_sessions: 0}});
	const json = {language_pair: 'German -> English', client_id: 'desk', model_type: 'scripted'};
	const opened = await ask(url, '/load_model', {json});
	expect(opened).toMatchObject({
		success: true,
		queued: false,
		language_pair: 'German -> English',
		ray_based: false,
	});
	expect(opened['session_id']).toMatch(/^desk_German -> English_\d+$/);
	expect(await ask(url, '/load_model', {json: {...json, model_type: 'scriptd'}})).toMatchObject({
		success: false,
	});
});

it('configures engines at once, and changes nothing when a part is wrong', async () => {
	const {url, models} = await openTestServer();
	const router = models.routers().get('scripted')!;
	const json = {
		max_batch_size: 3,
		batch_timeout_ms: 20,
		enable_dynamic_batching: false,
		load_balance_strategy: 'round_robin',
	};
	expect(await ask(url, '/ray/configure', {json})).toEqual({
		success: true,
		updated_config: {...json, min_batch_size: 2},
	});
	const expected = {maxBatchSize: 3, minBatchSize: 2, batchTimeoutMs: 20, dynamicBatching: false};
	expect((await router.statistics())[0]!.settings).toEqual(expected);
	expect(router.routerStatistics().settings.loadBalanceStrategy).toBe('round_robin');
	for (const wrong of [
		{max_batch_size: 0},
		{max_batch_size: 257},
		{min_batch_size: 6},
		{batch_timeout_ms: -1},
		{batch_timeout_ms: 10_001},
		{load_balance_strategy: 'random'},
	]) {
		const answer = await ask(url, '/ray/configure', {json: {max_batch_size: 5, ...wrong}});
		expect(answer).toMatchObject({success: false});
		expect(answer['error']).toContain(Object.keys(wrong)[0]);
	}
	expect((await router.statistics())[0]!.settings).toEqual(expected);
	const {stats} = (await get(url, '/ray/stats')) as {stats: {config: unknown}};
	expect(stats.config).toEqual({...json, min_batch_size: 2});
});

it('configures the same under older names', async () => {
	const {url, models} = await openTestServer();
	const query = {enabled: false, wait_threshold_ms: 50, min_batch_size: 1, max_batch_size: 2};
	expect(await ask(url, '/configure_dynamic_schedule', {query})).toEqual({
		success: true,
		updated_config: query,
	});
	expect(models.engineSettings.batching).toEqual({
		maxBatchSize: 2,
		minBatchSize: 1,
		batchTimeoutMs: 50,
		dynamicBatching: false,
	});
	const {stats} = await get(url, '/dynamic_schedule_stats');
	expect(stats).toMatchObject(query);
	const wrong = await ask(url, '/configure_dynamic_schedule', {query: {wait_threshold_ms: 20_000}});
	expect(wrong['error']).toContain('wait_threshold_ms');
});

it('tells of its health, its engines and its sessions', async () => {
	const {url} = await openTestServer();
	const id = await init(url, {client_id: 'web', latency_multiplier: 3});
	const health = await get(url, '/health');
	expect(health).toMatchObject({
		status: 'healthy',
		ray_available: false,
		active_sessions_count: 1,
		active_sessions: [
			{
				session_id: id,
				type: 'compatible',
				agent_type: 'InfiniSST',
				language_pair: 'English -> German',
				user_id: 'web',
				latency_multiplier: 3,
				inactive_for: expect.stringMatching(/^\d+\.\ds$/) as string,
			},
		],
		ray_stats: {
			queue_stats: {'scripted/replica-1': 0},
			gpu_load: {'scripted/replica-1': expect.any(Number) as number},
			active_sessions: 1,
			workers: [{id: 'scripted/replica-1', state: 'ready', sessions: 1}],
		},
	});
	expect(await get(url, '/debug/session_stats')).toMatchObject({
		count: 1,
		sessions: [{session_id: id, status: 'active', audio_seconds: 0}],
	});
	await ask(url, '/delete_session', {query: {session_id: id}});
	const other = await init(url);
	expect(await get(url, '/debug/session_history')).toMatchObject({
		count: 2,
		sessions: [
			{session_id: other, ended_at: null},
			{session_id: id, ended_at: expect.any(Number) as number, reason: expect.any(String) as string},
		],
	});
});

it('shows nobody the sessions of another key', async () => {
	const apiKeys = ['a', 'b'].map(id => hashApiKey(`the-key-of-${id}`, 'the test'));
	const {url} = await openTestServer({settings: {apiKeys}});
	const call = async (id: string, path: string, method = 'GET'): Promise<Record<string, unknown>> => {
		const headers = {authorization: `Bearer the-key-of-${id}`};
		const response = await fetch(url + path, {method, headers});
		return (await response.json()) as Record<string, unknown>;
	};
	const {session_id: id} = await call('a', `/init?${new URLSearchParams(pair).toString()}`, 'POST');
	const name = encodeURIComponent(String(id));
	expect(await call('a', `/queue_status/${name}`)).toMatchObject({status: 'active'});
	expect(await call('b', `/queue_status/${name}`)).toMatchObject({status: 'not_found'});
	expect(await call('b', `/delete_session?session_id=${name}`, 'POST')).toEqual({success: true});
	expect(await call('b', `/session_delays/${name}`)).toMatchObject({error: 'Session not found'});
	expect(await call('b', '/health')).toMatchObject({active_sessions_count: 0});
	expect(await call('b', '/debug/session_history')).toMatchObject({count: 0});
	expect(await call('a', `/queue_status/${name}`)).toMatchObject({status: 'active'});
});

it('measures delays only of sessions that are evaluated, and writes them for SimulEval', async () => {
	const {url} = await openTestServer();
	const plain = await init(url, {client_id: 'me'});
	const id = await init(url, {client_id: 'me', evaluation_mode: 'yes', latency_multiplier: 1});
	for (const each of [plain, id]) {
		const page = await new PageSocket(url, each).open();
		await page.play(scriptedAudio(3).subarray(0, 48_000));
		await page.finish();
	}
	const delaysOf = (each: string): Promise<Record<string, unknown>> =>
		get(url, `/session_delays/${encodeURIComponent(each)}`);
	expect(await delaysOf(plain)).toMatchObject({
		success: true,
		evaluation_mode: false,
		delays: {stream_laal: null, total_words: 0},
	});
	// Words of 500 ms, each final when as much again was heard, looked for every second: 1 at 1 s, 2 at 2 s, ...
	// so with a pace of 500 for 6 words: (1000-0 + 2000-500 + 2000-1000 + 3000-1500) / 4, the first at the end included.
	expect(await delaysOf(id)).toMatchObject({
		success: true,
		session_id: id,
		session_type: 'InfiniSST',
		evaluation_mode: true,
		basic_stats: {session_age: expect.any(Number) as number, last_activity: expect.any(Number) as number},
		delays: {stream_laal: 1250, total_words: 6, segments: 1, language_type: 'word', source_length: 3000},
	});
	expect(
		await get(url, '/session_delays_by_user?user_id=me&language_pair=English%20-%3E%20German'),
	).toMatchObject({
		session_id: id,
		session_ids: [id, plain],
	});

	const written = await ask(url, '/export_session_delays', {json: {session_id: id}});
	expect(written).toMatchObject({success: true, instances: 1});
	const [line] = (await readFile(String(written['filepath']), 'utf8')).split('\n');
	expect(JSON.parse(line!)).toMatchObject({
		index: 0,
		delays: [1000, 2000, 2000, 3000, 3000, 3000],
		prediction_length: 6,
		source_length: 3000,
	});
	const json = {user_id: 'me', filepath: 'mine/instances.log'};
	expect(await ask(url, '/export_session_delays_by_user', {json})).toMatchObject({
		filepath: expect.stringMatching(/\/mine\/instances\.log$/) as string,
		instances: 1,
	});
	for (const filepath of ['../x.log', '/tmp/x.log', '..%2fx.log']) {
		const refused = await ask(url, '/export_session_delays', {json: {session_id: id, filepath}});
		expect(refused).toMatchObject({success: false});
	}
	const unmeasured = await ask(url, '/export_session_delays', {json: {session_id: plain}});
	expect(unmeasured['error']).toContain('evaluation_mode=true');
});

it('measures from when it is told to', async () => {
	const {url} = await openTestServer();
	const id = await init(url, {latency_multiplier: 1});
	const page = await new PageSocket(url, id).open();
	await page.play(scriptedAudio(2));
	await page.finish();
	expect(await ask(url, '/enable_evaluation_mode', {query: {session_id: id}})).toMatchObject({
		success: true,
		evaluation_mode: true,
	});
	await page.play(scriptedAudio(1, 2));
	await page.finish();
	expect(await get(url, `/session_delays/${encodeURIComponent(id)}`)).toMatchObject({
		delays: {total_words: 2, source_length: 1000, last_delay: 1000},
	});
	expect(await ask(url, '/enable_evaluation_mode', {query: {session_id: 'none'}})).toMatchObject({
		error: 'Session not found',
	});
});
