import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {createHistoryListener} from '../../../src/history/http/history-listener.js';
import {listen} from '../../../src/history/http/listen.js';
import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {createFakeContext} from '../../helpers/fake-context.js';
import {makeTaskEvents, testCluster} from '../../helpers/history.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

let folder: string;

beforeEach(async () => {
	folder = await temporaryDirectory();
});

async function run(...args: readonly string[]) {
	const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: folder}});
	const exitCode = await main(['history', ...args], context);
	return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text};
}

/** Sessions with so many tasks each. */
async function writeSessions(sessions: Readonly<Record<string, number>>): Promise<void> {
	const store = await openHistory({path: join(folder, 'history.db')});
	for (const [name, tasks] of Object.entries(sessions)) {
		const batch = new EventBatch();
		for (const event of makeTaskEvents(0, tasks)) batch.add(event, 'test', 'none');
		store.write(store.openSession(testCluster, name), {events: batch});
	}

	store.close();
}

describe('infinisst history diff', () => {
	it('prints what differs between two sessions, and what does not when asked', async () => {
		await writeSessions({session_a: 10, session_b: 13});
		const {stdout} = await run('diff', 'session_a', 'test/session_b', '--format', 'ndjson');
		expect(
			stdout
				.trimEnd()
				.split('\n')
				.map(line => JSON.parse(line) as unknown),
		).toEqual([{kind: 'task', name: 'f', measure: 'FINISHED', a: 10, b: 13, change: 3}]);
		const same = await run('diff', 'session_a', 'session_a');
		expect(same.stdout).toBe('KIND  NAME  MEASURE  A  B  CHANGE\n');
		const all = await run('diff', 'session_a', 'session_a', '--all', '--filter', 'kind=session');
		expect(all.stdout).toContain('session        duration ms  0  0  0');
		expect((await run('diff', 'session_a', 'session_x')).stderr).toContain('no session of session_x');
	});
});

describe('infinisst history prune, keep and vacuum', () => {
	it('tells first what it would delete, keeps what is marked, and gives the room back', async () => {
		await writeSessions({session_a: 3000, session_b: 5, session_c: 5});
		expect((await run('keep', 'session_b')).stdout).toBe('session_b is kept\n');
		const dry = await run('prune', '--keep', '1', '--max-size', '1kB', '--dry-run');
		expect(dry.stdout).toMatch(
			/^would delete default\/test session_a\nthen the oldest, until the [\d.]+ \w+ in use are at most/,
		);
		const before = (await openSize()) / 2;
		expect((await run('prune', '--keep', '1')).stdout).toBe('deleted default/test session_a\n');
		expect(await openSize()).toBeLessThan(before);
		await run('keep', 'session_b', '--undo');
		expect((await run('prune', '--max-size', '1kB')).stdout).toContain('deleted default/test session_b');
		expect((await run('verify')).stdout).toBe('the file is sound\n');
		expect((await run('vacuum')).stdout).toMatch(/ before, .* now\n$/);
	});

	async function openSize(): Promise<number> {
		const store = await openHistory({path: join(folder, 'history.db')});
		try {
			return store.sizeBytes();
		} finally {
			store.close();
		}
	}
});

describe('infinisst history verify', () => {
	it('says that a damaged file is damaged', async () => {
		await writeSessions({session_a: 3000});
		const bytes = await readFile(join(folder, 'history.db'));
		const middle = Math.trunc(bytes.length / 2);
		bytes.fill(0x55, middle, middle + 20_000);
		await writeFile(join(folder, 'broken.db'), bytes);
		const {exitCode, stderr} = await run('verify', '--db', 'broken.db');
		expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is damaged')]);
	});
});

describe('infinisst history token', () => {
	it('lets a cluster be read only with its token, by programs and by browsers, and holds its hash alone', async () => {
		await writeSessions({session_a: 5});
		await writeFile(join(folder, 'token'), 'open sesame\n');
		expect((await run('token', 'test', '--token-file', 'token')).stdout).toBe(
			'default/test needs the token\n',
		);
		const store = await openHistory({path: join(folder, 'history.db')});
		const server = await listen(createHistoryListener({store}), {host: '127.0.0.1', port: 0});
		try {
			const address = `${server.url}/c/default/test/session_a/api/v0/tasks`;
			const ask = async (authorization?: string) =>
				fetch(address, authorization === undefined ? {} : {headers: {authorization}});
			const refused = await ask();
			expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
				401,
				'Bearer, Basic realm="history of a cluster", charset="UTF-8"',
			]);
			expect((await ask('Bearer open')).status).toBe(401);
			expect((await ask('Bearer open sesame')).status).toBe(200);
			// What a browser sends after it has asked for a name and a password.
			const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
			expect((await ask(basic('anybody:open sesame'))).status).toBe(200);
			expect((await ask(basic('open sesame:'))).status).toBe(401);
			expect((await ask('Basic %%%')).status).toBe(401);
			await run('token', 'test', '--remove');
			expect((await ask()).status).toBe(200);
		} finally {
			await server.close();
			store.close();
		}

		expect((await readFile(join(folder, 'history.db'))).includes('open sesame')).toBe(false);
		expect((await run('token', 'test')).stderr).toContain('Give either --token-file or --remove');
		expect((await run('token', 'none', '--remove')).stderr).toContain('holds no cluster none');
	});
});

describeWithShared('infinisst history job', () => {
	beforeEach(async () => {
		expect((await run('import', sharedPath('history/storage'), '--quiet')).exitCode).toBe(0);
	});

	it('prints one job by its id or its submission, for people and for programs', async () => {
		const {stdout} = await run('job', 'raysubmit_fail', '--utc');
		expect(stdout).toMatch(/^status +FAILED$/m);
		expect(stdout).toMatch(/^start +2026-11-23 04:48:42$/m);
		expect(stdout).toMatch(/^tasks\.FAILED +\d+$/m);
		const [row] = JSON.parse((await run('job', '04000000', '--format', 'json')).stdout) as [object];
		expect(row).toMatchObject({submission: 'raysubmit_fail', status: 'FAILED', exitCode: 1});
		const unknown = await run('job', 'none');
		expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringContaining('holds no job none')]);
	});

	it('filters lists by their own columns and by those of Ray', async () => {
		const count = async (...args: readonly string[]) =>
			(await run(...args, '--format', 'ndjson', '--limit', '10000')).stdout.split('\n').length - 1;
		expect(await count('tasks', '--filter', 'job=04000000')).toBe(
			await count('tasks', '--filter', 'job_id=04000000'),
		);
		expect(await count('tasks', '--filter', 'error=TASK_EXECUTION_EXCEPTION')).toBeGreaterThan(0);
		expect(
			await count('actors', '--filter', 'state=DEAD', '--filter', 'class!=JobSupervisor'),
		).toBeGreaterThan(0);
		expect(await count('search', 'cannot', 'construct', '--filter', 'kind=error')).toBeGreaterThan(0);
		expect(await count('search', 'cannot', 'construct', '--since', '2030-01-01')).toBe(0);
		expect(await count('jobs', '--since', '2030-01-01')).toBe(0);
		expect(await count('jobs', '--since', '2026-11-01')).toBeGreaterThan(0);
	});
});
