import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {createFakeContext, type FakeContext} from '../../helpers/fake-context.js';
import {startHead} from '../../helpers/head.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const NODE_ID = '1b'.repeat(28);

let folder: string;

beforeEach(async () => {
	folder = await temporaryDirectory();
});

interface Run {
	readonly context: FakeContext;
	readonly exitCode: Promise<number>;
	/** What the line said that this is a part of, as soon as it is there. */
	said(part: RegExp): Promise<string>;
	stop(): Promise<number>;
}

function start(...args: readonly string[]): Run {
	const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: join(folder, 'home')}});
	const exitCode = main(['history', ...args], context);
	const stop = async () => {
		context.stop(new Error('the test is over'));
		return exitCode;
	};
	onTestFinished(async () => {
		await stop();
	});
	return {
		context,
		exitCode,
		stop,
		async said(part) {
			await expect.poll(() => context.stderr.text).toMatch(part);
			return part.exec(context.stderr.text)![1]!;
		},
	};
}

async function list(...args: readonly string[]): Promise<Record<string, unknown>[]> {
	const {context, exitCode} = start(...args, '--format', 'ndjson');
	expect(await exitCode).toBe(0);
	return context.stdout.lines.map(line => JSON.parse(line) as Record<string, unknown>);
}

describe('infinisst history collect and serve of a live cluster', () => {
	it('collects from the head and its logs, passes on to it while it lives, and leads to the history after', async () => {
		const logs = join(folder, 'ray/session_a/logs');
		await mkdir(logs, {recursive: true});
		await symlink('session_a', join(folder, 'ray/session_latest'));
		await writeFile(join(logs, 'raylet.out'), `node_id=${NODE_ID}\n`);
		const head = await startHead((request, response) => {
			if (request.url === '/api/version')
				response.end('{"session_name": "session_a", "ray_version": "2.60.0"}');
			else if (request.url === '/timezone') response.end('{"offset": "+02:00", "value": "live"}');
			else response.writeHead(404).end();
		});
		const args = ['--port', '0', '--ray-address', `${head.address}/`, '--logs-dir', 'ray'];
		const collector = start('collect', '--cluster', 'mine', ...args);
		await collector.said(/taking events at (\S+)/);
		await expect.poll(() => list('sessions')).toMatchObject([{session: 'session_a'}]);
		await expect.poll(async () => (await list('logs')).length).toBe(1);

		const server = start('serve', '--port', '0', '--no-dashboard');
		const url = await server.said(/the history is at (\S+)/);
		expect(await server.said(/(default\/mine is alive at \S+)/)).toBe(
			`default/mine is alive at ${head.address}`,
		);
		const read = async (address: string) => {
			const answer = await fetch(`${url}${address}`);
			return `${answer.status} ${await answer.text()}`;
		};
		expect(await read('/c/default/mine/live/timezone')).toBe('200 {"offset": "+02:00", "value": "live"}');
		await writeFile(join(logs, 'last.out'), 'half a line');
		await head.stop();
		expect(await collector.stop()).toBe(0);
		expect(await read('/c/default/mine/live/timezone')).toMatch(
			/^502 .*connection refused\. Its last session is kept at \/c\/default\/mine\/session_a\/$/s,
		);
		expect(await read('/c/default/mine/session_a/timezone')).toContain('"live"');
		const log = `/c/default/mine/session_a/api/v0/logs/file?node_id=${NODE_ID}&filename=last.out`;
		expect(await read(log)).toBe('200 half a line');
		expect(await server.stop()).toBe(0);
	});

	it('passes nothing on where that is not wanted, and otherwise to what is named', async () => {
		const head = await startHead((_request, response) => void response.end('head'));
		const token = join(folder, 'token');
		await writeFile(token, 'of the head\n');
		const server = start(
			...['serve', '--port', '0', '--no-dashboard', '--live', `mine=${head.address}`],
			...['--live', `team/mine=${head.address}/two`, '--live-token-file', 'team/mine=token'],
		);
		const url = await server.said(/the history is at (\S+)/);
		expect(await (await fetch(`${url}/c/team/mine/live/x`)).text()).toBe('head');
		expect(await (await fetch(`${url}/c/default/mine/live/x`)).text()).toBe('head');
		expect(head.requests.map(({url: asked, headers}) => [asked, headers.authorization])).toEqual([
			['/two/x', 'Bearer of the head'],
			['/x', undefined],
		]);
		const silent = start('serve', '--port', '0', '--no-dashboard', '--no-live');
		const other = await silent.said(/the history is at (\S+)/);
		expect((await fetch(`${other}/c/default/mine/live/x`)).status).toBe(404);
	});

	it.each([
		[['serve', '--live', 'mine'], /--live must be NAME=URL, not "mine"/],
		[['serve', '--live', 'mine=head:8265'], /--live must be the address of a Ray dashboard, not "head:8265"/],
		[['serve', '--live', 'a=http://x', '--live', 'default/a=http://y'], /--live names default\/a twice/],
		[['serve', '--live-token-file', 'a=nosuch'], /Cannot read the token in .*nosuch/],
		[
			['collect', '--ray-address', 'auto'],
			/--ray-address must be the address of a Ray dashboard, not "auto"/,
		],
		[['collect', '--ray-address', 'http://me:secret@head'], /--ray-address must hold no password/],
		[['collect', '--interval', '0'], /--interval must be a whole number from 1 to 3600, not "0"/],
		[['collect', '--node-id', 'x'], /--node-id must be the 56 hex digits of a node, not "x"/],
	])('refuses %j', async (args, message) => {
		const {context, exitCode} = start(...args, '--port', '0');
		expect(await exitCode).toBe(2);
		expect(context.stderr.text).toMatch(message);
		expect(context.stderr.text).not.toContain('secret');
	});
});
