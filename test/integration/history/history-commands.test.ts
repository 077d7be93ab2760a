import {cp, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {beforeEach, describe, expect, it} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {createFakeContext, type FakeContext} from '../../helpers/fake-context.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const SESSION = 'session_2026-11-23_04-47-01_378364_2154';

let folder: string;

beforeEach(async () => {
	folder = await temporaryDirectory();
});

async function run(...args: readonly string[]): Promise<FakeContext & {readonly exitCode: number}> {
	const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: join(folder, 'home')}});
	const exitCode = await main(['history', ...args], context);
	return {...context, exitCode};
}

describeWithShared('infinisst history, of an imported session', () => {
	beforeEach(async () => {
		const {exitCode, stdout} = await run('import', sharedPath('history/storage'));
		expect(exitCode).toBe(0);
		expect(stdout.text).toBe('1 sessions, 483 files of which 0 were known, 2743 events, 0 damaged\n');
	});

	it('reads nothing twice', async () => {
		const {stdout} = await run('import', sharedPath('history/storage'));
		expect(stdout.text).toContain('483 files of which 483 were known, 0 events');
	});

	it('lists sessions, jobs, tasks, actors, nodes, events, logs and sums', async () => {
		expect((await run('sessions')).stdout.text).toContain(SESSION);
		const jobs = await run('jobs', '--format', 'ndjson');
		const job = jobs.stdout.lines.map(line => JSON.parse(line) as Record<string, unknown>);
		expect(job.find(({submission}) => submission === 'raysubmit_fail')).toMatchObject({
			job: '04000000',
			status: 'FAILED',
		});
		const failed = await run(
			'tasks',
			'--filter',
			'state=failed',
			'--filter',
			'job_id=04000000',
			'--format',
			'csv',
		);
		expect(failed.stdout.text).toMatch(/^task,attempt,name,state,.*\r\nd8c1ad15\w+,0,f,FAILED,/);
		for (const name of ['clusters', 'actors', 'nodes', 'events', 'logs', 'summary']) {
			const {exitCode, stdout} = await run(name, '--utc');
			expect([name, exitCode, stdout.lines.length > 1]).toEqual([name, 0, true]);
		}
	});

	it('shows one task with all its attempts, for people and for programs', async () => {
		const id = '0a8a55dd05d0e42effffffffffffffffffffffff03000000';
		const shown = await run('show', id, '--utc');
		const attempts = shown.stdout.text.split('\n\n');
		expect(attempts.map(text => /^attempt_number +(\d)$/m.exec(text)?.[1])).toEqual(['1', '0']);
		expect(attempts[1]).toMatch(/^end_time_ms +2026-11-23 04:48:54$/m);
		// States one below the other, to the millisecond.
		expect(attempts[1]).toMatch(
			/^events +state=PENDING_ARGS_AVAIL created_ms=2026-11-23 [\d:.]+\n +state=\w+ created_ms=/m,
		);
		const objects = JSON.parse((await run('show', id, '--format', 'json')).stdout.text) as unknown[];
		expect(objects).toMatchObject([
			{task_id: id, attempt_number: 1},
			{task_id: id, attempt_number: 0},
		]);
		const lines = (await run('show', id, '--format', 'csv')).stdout.text.split('\r\n');
		expect(lines[0]).toMatch(/^task_id,attempt_number,name,state,/);
		expect(lines).toHaveLength(4);
		const ndjson = (await run('show', id, '--format', 'ndjson')).stdout.lines;
		expect(ndjson.map(line => JSON.parse(line) as unknown)).toEqual(objects);
	});

	it('shows what begins so, unless that are many', async () => {
		const shown = await run('show', '0a8a55dd05d0', '--format', 'json');
		expect(JSON.parse(shown.stdout.text)).toMatchObject([{attempt_number: 1}, {attempt_number: 0}]);
		const actor = await run('show', '4f52ea40', '--format', 'json');
		expect(JSON.parse(actor.stdout.text)).toMatchObject([{actorId: '4f52ea4060b2a9319d12275c02000000'}]);
		const many = await run('show', 'ffffffff');
		expect([many.exitCode, many.stderr.text]).toEqual([2, expect.stringContaining('More than 20 tasks')]);
		const none = await run('show', '00000000ffff');
		expect([none.exitCode, none.stderr.text]).toEqual([2, expect.stringContaining('holds no job, task')]);
	});

	it('has colours on a terminal, and none where NO_COLOR is set', async () => {
		const print = async (env: Record<string, string>, ...args: readonly string[]) => {
			const context = createFakeContext({
				cwd: folder,
				env: {INFINISST_HOME: join(folder, 'home'), ...env},
			});
			Object.assign(context.stdout, {isTTY: true, columns: 80});
			expect(await main(['history', ...args], context)).toBe(0);
			return context.stdout.text;
		};
		for (const args of [['jobs'], ['show', '04000000'], ['timeline', '--format', 'table']]) {
			expect(await print({}, ...args)).toContain('\u001B[1m');
			expect(await print({NO_COLOR: '1'}, ...args)).not.toContain('\u001B');
		}
	});

	it('prints what the server would answer, or the list in it', async () => {
		const address = '/api/v0/tasks?limit=3';
		const answer = (await run('query', address)).stdout.text;
		expect(JSON.parse(answer)).toMatchObject({data: {result: {total: 430}}});
		expect((await run('query', address, '--format', 'json')).stdout.text).toBe(answer);
		const table = (await run('query', address, '--format', 'table')).stdout.lines;
		expect([table.length, table[0]]).toEqual([4, expect.stringMatching(/^TASK_ID +ATTEMPT_NUMBER +NAME /)]);
		const csv = (await run('query', '/logical/actors', '--format', 'csv')).stdout.text;
		expect(csv).toMatch(/^actorId,jobId,address,/);
		const [job] = (await run('query', '/api/jobs/', '--format', 'ndjson')).stdout.lines;
		expect(JSON.parse(job!)).toHaveProperty('submission_id');
		const one = (await run('query', '/api/jobs/raysubmit_fail', '--format', 'table', '--utc')).stdout.text;
		expect(one).toMatch(/^driver_info\.id +04000000$/m);
		expect(one).toMatch(/^start_time +2026-11-23 04:48:42$/m);
		const log = '/api/v0/logs/file?filename=job-driver-raysubmit_fail.log&lines=3&node_id=';
		const [node] = (await run('nodes', '--format', 'ndjson')).stdout.lines;
		const ofLog = log + (JSON.parse(node!) as {node: string}).node;
		const text = (await run('query', ofLog)).stdout.text;
		expect(text.split('\n')).toHaveLength(5);
		const rows = (await run('query', ofLog, '--format', 'ndjson')).stdout.lines;
		expect(rows.map(line => (JSON.parse(line) as {value: string}).value)).toEqual(text.trimEnd().split('\n'));
		const unknown = await run('query', '/api/jobs/none');
		expect(unknown.exitCode).toBe(2);
		expect(unknown.stderr.text).toContain('Job none does not exist');
	});

	it('writes the timeline for a viewer, or a row a span in order of time', async () => {
		const trace = JSON.parse((await run('timeline')).stdout.text) as Record<string, unknown>[];
		const spans = trace.filter(({ph}) => ph === 'X');
		const csv = (await run('timeline', '--format', 'csv')).stdout.text.trimEnd().split('\r\n');
		expect(csv[0]).toBe('startMs,durationMs,span,name,task,attempt,job,actor,ip,worker');
		expect(csv).toHaveLength(spans.length + 1);
		const ndjson = (await run('timeline', '--format', 'ndjson')).stdout.lines;
		expect(ndjson.map(line => JSON.parse(line) as unknown)).toEqual(trace);

		const earliest = spans
			.map(({ts}) => ts as number)
			.sort((a, b) => a - b)
			.slice(0, 5);
		const first = (await run('timeline', '--limit', '5')).stdout.text;
		const few = JSON.parse(first) as Record<string, unknown>[];
		expect(few.filter(({ph}) => ph === 'X').map(({ts}) => ts)).toEqual(earliest);
		expect(few.some(({name}) => name === 'process_name')).toBe(true);
		const table = (await run('timeline', '--format', 'table', '--utc')).stdout.lines;
		expect(table[0]).toMatch(/^START +DURATION MS +SPAN +NAME +TASK /);
		expect(table).toHaveLength(101);
		const starts = table.slice(1).map(line => line.slice(0, 23));
		expect(starts).toEqual([...starts].sort());
		expect(starts[0]).toBe(new Date(earliest[0]! / 1000).toISOString().slice(0, 23).replace('T', ' '));
	});

	it('chooses spans by their tasks, their kind and their time', async () => {
		const count = async (...args: readonly string[]) =>
			(await run('timeline', '--format', 'csv', ...args)).stdout.text.split('\r\n').length - 2;
		const all = await count();
		const ofJob = await count('--job', '04000000');
		expect([ofJob > 0, ofJob < all]).toEqual([true, true]);
		expect(await count('--filter', 'job=04000000')).toBe(ofJob);
		const executed = await count('--filter', 'span=task:execute');
		expect([executed > 0, executed < all]).toEqual([true, true]);
		expect(await count('--since', '2030-01-01')).toBe(0);
		expect(await count('--since', '2026-11-01')).toBe(all);
		const wrong = await run('timeline', '--filter', 'colour=red');
		expect([wrong.exitCode, wrong.stderr.text]).toEqual([2, expect.stringContaining('colour')]);
	});

	it('finds words in errors and in logs', async () => {
		const {stdout} = await run('search', 'cannot', 'construct', '--format', 'ndjson', '--limit', '50');
		const kinds = new Set(stdout.lines.map(line => (JSON.parse(line) as {kind: string}).kind));
		expect([...kinds].sort()).toEqual(['error', 'log']);
	});

	it('prunes what is old, after telling what it would', async () => {
		const dry = await run('prune', '--keep', '0', '--dry-run');
		expect(dry.stdout.text).toContain(`would delete default/raycluster-dev ${SESSION}`);
		const real = await run('prune', '--keep', '0');
		expect(real.stdout.text).toContain('deleted default/raycluster-dev');
		expect((await run('sessions')).stdout.lines).toHaveLength(1);
		expect((await run('verify')).stdout.text).toBe('the file is sound\n');
	});

	it('says what is wrong with a column and with a date', async () => {
		const column = await run('jobs', '--filter', 'colour=red');
		expect([column.exitCode, column.stderr.text]).toEqual([
			2,
			expect.stringContaining('There is no column colour here'),
		]);
		const date = await run('jobs', '--since', 'yesterday');
		expect([date.exitCode, date.stderr.text]).toEqual([2, expect.stringContaining('--since must be a date')]);
	});
});

describeWithShared('the import of a damaged storage', () => {
	it('names what is broken and keeps the rest', async () => {
		const storage = join(folder, 'storage');
		await cp(sharedPath('history/storage'), storage, {recursive: true, mode: 0});
		const node = join(
			storage,
			'cluster-history/rayjob/default/rayjob-dev/raycluster-dev',
			SESSION,
			'1b1fbc0db03bf231e05240522990876936d174583ce53dc6b026d813',
		);
		const events = join(node, 'job_events/0a000000');
		await mkdir(events, {recursive: true}).catch(() => undefined);
		const good = {
			eventId: 'AAAA',
			eventType: 'TASK_DEFINITION_EVENT',
			timestamp: '2026-11-23T05:00:00Z',
			sessionName: SESSION,
			taskDefinitionEvent: {
				taskId: 'WSa1BB1YVbL///////////////8KAAAA',
				jobId: 'CgAAAA==',
				taskName: 'kept',
				aMemberOfTomorrow: 1,
			},
		};
		const lines = [
			JSON.stringify(good),
			'{"half": ',
			JSON.stringify({...good, eventId: 'AAAB', eventType: 'EVENT_OF_TOMORROW'}),
			JSON.stringify({
				...good,
				eventId: 'AAAC',
				taskDefinitionEvent: {...good.taskDefinitionEvent, taskId: 'no base64!'},
			}),
			`"${'x'.repeat(17 * 1024 * 1024)}"`,
			'[]',
		];
		await writeFile(join(events, 'a-2026-11-23-05-1.jsonl'), `${lines.join('\n')}\n`);
		const archive = gzipSync(`${JSON.stringify({...good, eventId: 'AAAD'})}\n`.repeat(500));
		await writeFile(join(events, 'a-2026-11-23-05-2.jsonl.gz'), archive.subarray(0, archive.length - 20));
		const {exitCode, stdout} = await run('import', storage, '--json');
		expect(exitCode).toBe(0);
		expect(JSON.parse(stdout.text)).toMatchObject({damages: 5});
		const {stdout: found} = await run('tasks', '--filter', 'name=kept');
		expect(found.lines).toHaveLength(2);
		const {stdout: report} = await run('verify');
		for (const reason of [
			'no JSON',
			'unknown event type "EVENT_OF_TOMORROW"',
			'taskId is no base64',
			'bytes long',
			'archive is broken',
		]) {
			expect(report.text).toContain(reason);
		}
	});
});

describe('infinisst history, of nothing', () => {
	it('says that there is no session yet', async () => {
		const {exitCode, stderr} = await run('jobs');
		expect(exitCode).toBe(2);
		expect(stderr.text).toContain('holds no session');
	});

	it('refuses a folder that holds no storage, and a file that is no history', async () => {
		await mkdir(join(folder, 'empty'));
		const empty = await run('import', 'empty');
		expect([empty.exitCode, empty.stderr.text]).toEqual([2, expect.stringContaining('holds no session')]);
		await writeFile(join(folder, 'text.db'), 'x'.repeat(5000));
		const text = await run('sessions', '--db', 'text.db');
		expect([text.exitCode, text.stderr.text]).toEqual([
			2,
			expect.stringContaining('Cannot open the history'),
		]);
		expect(await readFile(join(folder, 'text.db'), 'utf8')).toBe('x'.repeat(5000));
	});
});
