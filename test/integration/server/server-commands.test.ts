import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, it, onTestFinished, vi} from 'vitest';

import {runServe} from '../../../src/cli/commands/serve/run-serve.js';
import {main} from '../../../src/cli/main.js';
import {RunStop} from '../../../src/cli/run-stop.js';
import {InfinisstError} from '../../../src/core/errors.js';
import {
	openScriptedModelHost,
	type ScriptedModelHost,
} from '../../../src/server/testing/scripted-model-host.js';
import {createFakeContext} from '../../helpers/fake-context.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

/** A server with a model that is loaded, and one that a test loads. */
async function startServer(flags: object = {}): Promise<{url: string; models: ScriptedModelHost}> {
	const models = await openScriptedModelHost({
		models: [{name: 'loaded'}, {name: 'slow', isLoaded: false, isInstalled: false, targets: ['fr']}],
	});
	const context = createFakeContext({cwd: await temporaryDirectory(), env: {INFINISST_HOME: '/nowhere'}});
	const ended = runServe({port: '0', json: true, history: false, logLevel: 'silent', ...flags}, context, () =>
		Promise.resolve(models),
	);
	ended.catch(() => undefined);
	onTestFinished(async () => {
		context.stop(RunStop.interrupted());
		await ended;
	});
	await Promise.race([ended, vi.waitFor(() => expect(context.stdout.lines).toHaveLength(1))]);
	return {url: (JSON.parse(context.stdout.text) as {url: string}).url, models};
}

/** Something else that speaks HTTP. */
async function startOther(listener: RequestListener): Promise<string> {
	const server = createServer(listener).listen(0, '127.0.0.1');
	onTestFinished(() => void server.close());
	await vi.waitFor(() => expect(server.listening).toBe(true));
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
	const context = createFakeContext({env});
	const exitCode = await main(args, context);
	return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text, lines: context.stdout.lines};
}

describe('infinisst status', () => {
	it('prints models, replicas and sessions of a running server', async () => {
		const {url} = await startServer();
		const opened = await fetch(`${url}/init`, {
			method: 'POST',
			body: new URLSearchParams({language_pair: 'English -> German', client_id: 'a page'}),
		});
		expect(await opened.json()).toMatchObject({session_id: expect.any(String) as string});
		const {exitCode, stdout} = await run(['status', '--server', url]);
		expect(exitCode).toBe(0);
		const lines = stdout.split('\n').map(line => line.split(/ {2,}/));
		expect(stdout).toContain(`${url} is healthy: 1 session\n`);
		expect(lines.find(([name]) => name === 'loaded')).toEqual([
			'loaded',
			'loaded',
			expect.any(String),
			'2',
			'same, en, de',
		]);
		expect(lines.find(([name]) => name === 'slow')).toBeUndefined();
		expect(stdout).toContain('To be fetched when somebody asks: 1 more model, listed by --all.\n');
		const all = (await run(['status', '--all', '--server', url])).stdout;
		expect(
			all
				.split('\n')
				.map(line => line.split(/ {2,}/))
				.find(([name]) => name === 'slow'),
		).toEqual(['slow', 'needs download', expect.any(String), '2', 'fr']);
		expect(lines.find(([name]) => name?.startsWith('loaded/'))).toMatchObject({1: 'ready', 2: '1'});
		expect(lines.find(([name]) => name?.startsWith('a page_'))).toMatchObject({
			1: 'compatible',
			2: 'English -> German',
			3: 'a page',
			4: '2',
		});
	});

	it('shows what another server of the API tells, and obeys none of it', async () => {
		const answers: Readonly<Record<string, object>> = {
			'/health': {status: 'healthy', active_sessions: [{session_id: 'a\u001B[31m page'}]},
			'/ray/stats': {success: true, stats: {models: [{name: 'x', error: 'No room\u001B[31m'}, 5]}},
			'/v1/models': {object: 'list', data: [{id: 'whisper-1'}]},
		};
		const url = await startOther((request, response) => {
			response.end(JSON.stringify(answers[request.url!]));
		});
		const {stdout} = await run(['status', '--server', url]);
		expect(stdout).toContain('a?[31m page');
		expect(stdout).toContain('x: No room?[31m\n');
		expect(stdout).not.toContain('\u001B');
	});

	it('prints all of it as an object with --json', async () => {
		const {url} = await startServer();
		const {lines} = await run(['status', '--server', url, '--json']);
		expect(JSON.parse(lines[0]!)).toMatchObject({
			server: url,
			health: {status: 'healthy', active_sessions: []},
			models: [
				{id: 'loaded', state: 'loaded'},
				{id: 'slow', state: 'needs_download'},
			],
		});
	});

	it('sends the key of --api-key or INFINISST_API_KEY, and says so where one is wanted', async () => {
		const {url} = await startServer({apiKey: ['a-key-of-the-office']});
		expect((await run(['status', '--server', url, '--api-key', 'a-key-of-the-office'])).exitCode).toBe(0);
		expect(
			(await run(['status', '--server', url], {INFINISST_API_KEY: 'a-key-of-the-office'})).exitCode,
		).toBe(0);
		expect(await run(['status', '--server', url])).toMatchObject({
			exitCode: 1,
			stderr: `infinisst: The server ${url} refuses this key, or wants one. Give it with --api-key or INFINISST_API_KEY.\n`,
		});
	});

	it('says when nobody answers, and when it is somebody else', async () => {
		expect(await run(['status', '--server', 'http://127.0.0.1:9/'])).toMatchObject({
			exitCode: 1,
			stderr:
				'infinisst: Nobody answers at http://127.0.0.1:9. Start a server with "infinisst serve", or name another with --server.\n',
		});
		const page = await startOther((_request, response) => response.end('<html>'));
		expect((await run(['status', '--server', page])).stderr).toBe(
			`infinisst: What answers at ${page} is no server of this program. Check the address given with --server.\n`,
		);
		expect((await run(['status', '--server', 'localhost:8000'])).stderr).toBe(
			'infinisst: --server must be an address such as http://127.0.0.1:8000, not "localhost:8000".\n',
		);
	});
});

describe('infinisst models load', () => {
	it('tells how the loading of a model goes on, to its end', async () => {
		const {url, models} = await startServer();
		const loading = run(['models', 'load', 'slow', '--server', url, '--json']);
		await models.showProgress('slow', 'Fetching slow: 45 %', 0.45);
		await models.finishLoading('slow');
		const {exitCode, lines} = await loading;
		const events = lines.map(line => JSON.parse(line) as Readonly<Record<string, unknown>>);
		expect(exitCode).toBe(0);
		expect(events).toContainEqual({
			model: 'slow',
			state: 'loading',
			activity: 'Fetching slow: 45 %',
			fraction: 0.45,
			error: null,
		});
		expect(events.at(-1)).toEqual({
			model: 'slow',
			state: 'loaded',
			activity: null,
			fraction: null,
			error: null,
		});
		expect(events.filter(({state}) => state === 'loaded')).toHaveLength(1);
		expect(models.routers().has('slow')).toBe(true);
	});

	it('says in a sentence that it is loaded, at once where it was already', async () => {
		const {url} = await startServer();
		expect(await run(['models', 'load', 'loaded', '--server', url])).toMatchObject({
			exitCode: 0,
			stdout: `loaded is loaded at ${url}\n`,
		});
	});

	it('takes what a model shall do instead of its name', async () => {
		const {url, models} = await startServer();
		const loading = run(['models', 'load', 'German -> French', '--server', url]);
		await models.finishLoading('slow');
		expect((await loading).stdout).toBe(`slow is loaded at ${url}\n`);
		expect((await run(['models', 'load', 'de -> de', '--server', url])).stdout).toBe(
			`loaded is loaded at ${url}\n`,
		);
	});

	it('says why a model could not be loaded', async () => {
		const {url, models} = await startServer();
		const loading = run(['models', 'load', 'slow', '--server', url]);
		await models.failLoading('slow', new InfinisstError('DISK_FULL', 'There is no room for slow'));
		expect(await loading).toMatchObject({
			exitCode: 3,
			stdout: '',
			stderr: 'infinisst: The server could not load slow: There is no room for slow.\n',
		});
	});

	it('says what there is where nothing fits', async () => {
		const {url} = await startServer();
		const unknown = await run(['models', 'load', 'slows', '--server', url]);
		expect(unknown.exitCode).toBe(1);
		expect(unknown.stderr).toContain('did you mean "slow"?');
		const pair = await run(['models', 'load', 'Finnish -> English', '--server', url]);
		expect(pair.exitCode).toBe(1);
		expect(pair.stderr).toMatch(/^infinisst: The server http:\S+ answers: /);
	});

	it('lets the loading go on when it is stopped', async () => {
		const {url, models} = await startServer();
		const context = createFakeContext();
		const loading = main(['models', 'load', 'slow', '--server', url], context);
		await models.showProgress('slow', 'Fetching slow');
		context.stop(RunStop.interrupted());
		expect(await loading).toBe(130);
		await models.finishLoading('slow');
		expect(models.routers().has('slow')).toBe(true);
	});

	it('says when the server leaves meanwhile', async () => {
		const url = await startOther((_request, response) => {
			response.writeHead(200, {'content-type': 'text/event-stream'});
			response.write(
				'data: {"model": "slow", "state": "loading", "activity": "Fetching", "fraction": null, "error": null}\n\n',
			);
			response.end();
		});
		expect(await run(['models', 'load', 'slow', '--server', url])).toMatchObject({
			exitCode: 1,
			stderr: expect.stringContaining('The server left before slow was loaded. See its log') as string,
		});
	});
});
