import {writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';

import {runServe} from '../../../src/cli/commands/serve/run-serve.js';
import {main} from '../../../src/cli/main.js';
import {RunStop} from '../../../src/cli/run-stop.js';
import {openScriptedModelHost} from '../../../src/server/testing/scripted-model-host.js';
import {startHead} from '../../helpers/head.js';
import {createFakeContext, type FakeContext} from '../../helpers/fake-context.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

interface Serving extends FakeContext {
	readonly url: string;
	readonly cwd: string;
	/** Of the server, when it has ended. */
	readonly ended: Promise<void>;
	readonly configure: (settings: object) => Promise<void>;
	/** What the log said. */
	readonly log: () => readonly Readonly<Record<string, unknown>>[];
	/** Waits until the log says it. */
	readonly logged: (message: string) => Promise<Readonly<Record<string, unknown>>>;
}

interface Given {
	readonly flags?: Readonly<Record<string, unknown>>;
	readonly config?: object;
	readonly env?: Readonly<Record<string, string>>;
}

/** Models that are scripted, in a server that is real. */
async function serve({flags = {}, config, env = {}}: Given = {}): Promise<Serving> {
	const cwd = await temporaryDirectory();
	const configure = (settings: object) =>
		writeFile(join(cwd, 'infinisst.config.json'), JSON.stringify(settings));
	if (config !== undefined) await configure(config);
	const context = createFakeContext({cwd, env: {INFINISST_HOME: join(cwd, 'home'), ...env}});
	const ended = runServe({port: '0', json: true, history: false, ...flags}, context, () =>
		openScriptedModelHost(),
	);
	// A test that never looks at it has failed already.
	ended.catch(() => undefined);
	onTestFinished(async () => {
		context.stop(RunStop.interrupted());
		await ended.catch(() => undefined);
	});
	await Promise.race([ended, vi.waitFor(() => expect(context.stdout.lines).toHaveLength(1))]);
	const {url} = JSON.parse(context.stdout.lines[0]!) as {url: string};
	const log = () =>
		context.stderr.lines.flatMap(line =>
			line.startsWith('{') ? [JSON.parse(line) as Readonly<Record<string, unknown>>] : [],
		);
	const logged = (message: string) =>
		vi.waitFor(() => {
			const line = log().find(({msg}) => msg === message);
			expect(line).toBeDefined();
			return line!;
		});
	return {...context, cwd, url, ended, configure, log, logged};
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
	const cwd = await temporaryDirectory();
	const context = createFakeContext({cwd, env: {INFINISST_HOME: join(cwd, 'home'), ...env}});
	const exitCode = await main(['serve', ...args], context);
	return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text.replaceAll(cwd, '.')};
}

const statusOf = async (url: string, headers: Readonly<Record<string, string>> = {}) =>
	(await fetch(url, {headers})).status;

describe('infinisst serve', () => {
	it('says where it is when it answers, and returns when it was asked to stop', async () => {
		const {url, stdout, stop, ended} = await serve();
		expect(JSON.parse(stdout.text)).toEqual({
			type: 'server-listening',
			url,
			host: '127.0.0.1',
			port: Number(new URL(url).port),
			pid: process.pid,
		});
		expect(await statusOf(`${url}/livez`)).toBe(200);
		stop(RunStop.interrupted());
		await ended;
		await expect(fetch(`${url}/livez`)).rejects.toThrow();
	});

	it('shows the history at /history/ with --history, and only then', async () => {
		const {url, stop, ended} = await serve({flags: {history: true, logLevel: 'silent'}});
		const clusters = await fetch(`${url}/history/clusters`);
		expect([clusters.status, await clusters.json()]).toEqual([200, []]);
		expect(await statusOf(`${url}/clusters`)).toBe(404);
		stop(RunStop.interrupted());
		await ended;
		const without = await serve();
		expect(await statusOf(`${without.url}/history/clusters`)).toBe(404);
	});

	it('passes on to live clusters below the history, unless it shall not', async () => {
		const head = await startHead((_request, response) => void response.end('head'));
		const shown = {history: true, logLevel: 'silent'};
		const {url} = await serve({flags: {...shown, live: [`test/ray=${head.address}`]}});
		expect(await (await fetch(`${url}/history/c/test/ray/live/nodes`)).text()).toBe('head');
		const named = {heads: [`ray=${head.address}`]};
		const closed = await serve({flags: {...shown, live: false}, config: {historyLive: named}});
		expect(await statusOf(`${closed.url}/history/c/default/ray/live/nodes`)).toBe(404);
		const unseen = await serve({config: {historyLive: named}});
		expect(unseen.stderr.text).toContain('add --history');
	});

	it.each([
		[['--live', 'ray'], '--live[0] must be NAME=URL, with the address of a Ray dashboard, not "ray"'],
		[['--live-token-file', 'x'], '--live-token-file[0] must be NAME=FILE, not "'],
		[
			['--retain-age', 'soon'],
			'--retain-age must be a time such as "36h" or "30d", or milliseconds, not "soon"',
		],
		[['--retain-size', '2 Gigas'], '--retain-size must be a size such as "500MB" or "2GB", or bytes'],
		[['--retain-sessions', '0'], '--retain-sessions must be a whole number from 1 to 1000000, not 0'],
	])('refuses what the history cannot be told: %j', async (args, sentence) => {
		const {exitCode, stderr} = await run(args);
		expect([exitCode, stderr]).toEqual([2, expect.stringContaining(sentence) as string]);
	});

	it('says it in a sentence without --json', async () => {
		const context = createFakeContext({cwd: await temporaryDirectory(), env: {INFINISST_HOME: '/nowhere'}});
		const ended = runServe({port: '0', history: false}, context, () => openScriptedModelHost());
		await vi.waitFor(() => expect(context.stdout.text).toMatch(/^Listening on http:\/\/127\.0\.0\.1:\d+\n$/));
		context.stop(RunStop.interrupted());
		await ended;
	});

	it('refuses a port that another program has, in one sentence', async () => {
		const other = createServer().listen(0, '127.0.0.1');
		onTestFinished(() => void other.close());
		await vi.waitFor(() => expect(other.listening).toBe(true));
		const {port} = other.address() as AddressInfo;
		const context = createFakeContext({cwd: await temporaryDirectory(), env: {INFINISST_HOME: '/nowhere'}});
		await expect(
			runServe({port: String(port), logLevel: 'silent', history: false}, context, () =>
				openScriptedModelHost(),
			),
		).rejects.toMatchObject({
			code: 'OPTION_INVALID',
			message: expect.stringContaining(
				`Cannot listen on 127.0.0.1:${port}: another program listens there`,
			) as string,
		});
		expect(context.stdout.text).toBe('');
	});

	it('warns that everybody may use it where others reach it and there is no key', async () => {
		// An address for documents, which no machine has: the warning comes before it is refused.
		const flags = {host: '192.0.2.1', port: '0', logLevel: 'silent', history: false};
		const open = async (env: Record<string, string>) => {
			const context = createFakeContext({
				cwd: await temporaryDirectory(),
				env: {INFINISST_HOME: '/nowhere', ...env},
			});
			await expect(runServe(flags, context, () => openScriptedModelHost())).rejects.toMatchObject({
				code: 'OPTION_INVALID',
			});
			return context.stderr.text;
		};
		expect(await open({})).toBe(
			'infinisst: Anybody who reaches 192.0.2.1 can use this server: it has no key. Set one with --api-key or INFINISST_API_KEYS.\n',
		);
		expect(await open({INFINISST_API_KEYS: 'a-key-of-the-office'})).toBe('');
	});

	it('opens only to the keys it was given', async () => {
		const {url} = await serve({flags: {apiKey: ['first-key', 'second-key']}});
		expect(await statusOf(`${url}/health`)).toBe(401);
		expect(await statusOf(`${url}/health`, {authorization: 'Bearer wrong-key'})).toBe(401);
		expect(await statusOf(`${url}/health`, {authorization: 'Bearer second-key'})).toBe(200);
	});

	it.each([
		[
			['--engine', 'ray'],
			2,
			'infinisst: This version cannot run models on a Ray cluster. Leave out --engine, or use --engine local: the models then run on this machine.\n',
		],
		[
			['--port', 'http'],
			2,
			'infinisst: --port must be a whole number from 0 to 65535, not "http". Change it there, or leave it out for the default, 8000.\n',
		],
		[
			['--set', 'limits.maxSesions=4'],
			2,
			'infinisst: --set names "limits.maxSesions", which is no setting. Did you mean limits.maxSessions?\n',
		],
		[
			['--config', 'server.json'],
			2,
			'infinisst: There is no file ./server.json (--config). Make one with "infinisst config create server.json".\n',
		],
	])('refuses %j', async (args, exitCode, stderr) => {
		expect(await run(args)).toEqual({exitCode, stdout: '', stderr});
	});

	it('takes models that are joined, each of which must be known, and be there if nothing may be fetched', async () => {
		const {openModelStore} = await import('../../../src/cli/open-model-store.js');
		const store = openModelStore({env: {INFINISST_HOME: await temporaryDirectory()}, cwd: '/'});
		const start = async (model: string, flags: object = {}): Promise<void> => {
			const cwd = await temporaryDirectory();
			const context = createFakeContext({cwd, env: {INFINISST_HOME: join(cwd, 'home')}});
			const running = runServe(
				{port: '0', json: true, history: false, logLevel: 'silent', model: [model], ...flags},
				{...context, openModelStore: () => Promise.resolve(store)},
				() => openScriptedModelHost(),
			);
			await Promise.race([running, vi.waitFor(() => expect(context.stdout.lines).toHaveLength(1))]);
			context.stop(RunStop.interrupted());
			await running.catch(() => undefined);
		};
		await start('whisper-base+opus-mt-en-de');
		await expect(start('whisper-base+opus-mt-en-dee')).rejects.toMatchObject({
			code: 'MODEL_UNKNOWN',
			message: expect.stringContaining('"opus-mt-en-dee"') as string,
		});
		await expect(start('whisper-base+opus-mt-en-de', {download: false})).rejects.toMatchObject({
			code: 'MODEL_UNAVAILABLE',
		});
	});

	it('refuses a model that nobody knows before it opens anything', async () => {
		const context = createFakeContext({cwd: await temporaryDirectory(), env: {INFINISST_HOME: '/nowhere'}});
		const {openModelStore} = await import('../../../src/cli/open-model-store.js');
		const store = openModelStore({env: {INFINISST_HOME: await temporaryDirectory()}, cwd: '/'});
		const exitCode = await main(['serve', '--model', 'whisper-bsae', '--log-level', 'silent'], {
			...context,
			openModelStore: () => Promise.resolve(store),
		});
		expect(exitCode).toBe(3);
		expect(context.stderr.text).toContain('did you mean "whisper-base"?');
	});

	it('takes over at SIGHUP what can change while it runs, and names what cannot', async () => {
		const {url, configure, hangUp, logged} = await serve({config: {limits: {maxSessions: 2}}});
		expect(await statusOf(`${url}/health`)).toBe(200);
		const {sha256} = JSON.parse(await hashKey('a-key-of-the-office')) as {readonly sha256: string};
		await configure({
			limits: {maxSessions: 3},
			apiKeys: [{id: 'office', sha256}],
			batching: {maxBatchSize: 3},
			threadsPerWorker: 2,
		});
		hangUp();
		expect(await logged('configuration read again')).toMatchObject({
			changed: ['batching.maxBatchSize', 'limits.maxSessions', 'apiKeys'],
		});
		expect(await logged('these settings change when the server is started again')).toMatchObject({
			level: 'warn',
			settings: ['threadsPerWorker'],
		});
		expect(await statusOf(`${url}/health`)).toBe(401);
		const answer = await fetch(`${url}/ray/stats`, {headers: {authorization: 'Bearer a-key-of-the-office'}});
		expect(await answer.json()).toMatchObject({stats: {config: {max_batch_size: 3}}});
	});

	it('keeps at SIGHUP what /ray/configure has set, but for what has changed in the file since', async () => {
		const {url, configure, hangUp, log} = await serve({
			config: {batching: {maxBatchSize: 8, minBatchSize: 2}, loadBalanceStrategy: 'round_robin'},
		});
		const shown = async () => {
			const answer = (await (await fetch(`${url}/ray/stats`)).json()) as {stats: {config: object}};
			return answer.stats.config;
		};
		const reload = async () => {
			const before = log().filter(({msg}) => msg === 'configuration read again').length;
			hangUp();
			await vi.waitFor(() =>
				expect(log().filter(({msg}) => msg === 'configuration read again')).toHaveLength(before + 1),
			);
		};
		await fetch(`${url}/ray/configure?max_batch_size=4&batch_timeout_ms=7&load_balance_strategy=gpu_memory`, {
			method: 'POST',
		});
		const asSet = {
			max_batch_size: 4,
			min_batch_size: 2,
			batch_timeout_ms: 7,
			load_balance_strategy: 'gpu_memory',
		};
		await reload();
		expect(await shown()).toMatchObject(asSet);

		await configure({batching: {maxBatchSize: 8, batchTimeoutMs: 50}, loadBalanceStrategy: 'round_robin'});
		await reload();
		expect(await shown()).toMatchObject({...asSet, batch_timeout_ms: 50});

		await configure({batching: {maxBatchSize: 8, minBatchSize: 6, batchTimeoutMs: 50}});
		await reload();
		expect(await shown()).toEqual(
			expect.objectContaining({
				max_batch_size: 8,
				min_batch_size: 6,
				batch_timeout_ms: 50,
				load_balance_strategy: 'least_loaded',
			}),
		);
	});

	it('stays as it was when the file is wrong at SIGHUP, and says why', async () => {
		const {url, configure, hangUp, logged} = await serve({config: {apiKeys: []}});
		await configure({limits: {maxSessions: 'many'}});
		hangUp();
		const {reason} = await logged('the configuration was not read again: all stays as it was');
		expect(reason).toContain('limits.maxSessions must be a whole number from 1 to 100000, not "many"');
		expect(await statusOf(`${url}/health`)).toBe(200);
	});

	it('goes on after a rejection that nobody caught, and logs it under an id', async () => {
		const {url, fault, logged} = await serve();
		fault(new Error('nobody looked'), 'rejection');
		expect(await logged('a fault that nobody caught')).toMatchObject({
			level: 'error',
			kind: 'rejection',
			fault_id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
			err: {message: 'nobody looked'},
		});
		expect(await statusOf(`${url}/livez`)).toBe(200);
	});

	it('ends in order after an exception that nobody caught', async () => {
		const {fault, ended} = await serve();
		const error = new Error('a defect');
		fault(error, 'exception');
		await expect(ended).rejects.toBe(error);
	});

	it('writes the log where it was told to, and nothing but warnings beside it', async () => {
		const {stderr, cwd, stop, ended, url} = await serve({flags: {logFile: 'logs/server.log'}});
		await statusOf(`${url}/health`);
		stop(RunStop.interrupted());
		await ended;
		expect(stderr.text).toBe('');
		const {readFile} = await import('node:fs/promises');
		const lines = (await readFile(join(cwd, 'logs/server.log'), 'utf8')).trim().split('\n');
		expect(lines.map(line => (JSON.parse(line) as {msg: string}).msg)).toContain('listening');
	});
});

async function hashKey(key: string): Promise<string> {
	const {Readable} = await import('node:stream');
	const context = createFakeContext({stdin: Readable.from([`${key}\n`])});
	expect(await main(['config', 'hash-key', '--id', 'office'], context)).toBe(0);
	return context.stdout.text;
}
