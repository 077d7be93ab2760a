import {readFileSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';

import {main} from '../../../src/cli/main.js';
import {EventBatch} from '../../../src/history/ingest/event-batch.js';
import {importStorage} from '../../../src/history/import/import-storage.js';
import {exportSession, importSessions} from '../../../src/history/import/session-file.js';
import {openDirectoryTree} from '../../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import type {SessionReader} from '../../../src/history/store/session-reader.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {createFakeContext} from '../../helpers/fake-context.js';
import {ask, ingestBatches, makeTaskEvents, readBody, testCluster} from '../../helpers/history.js';
import {describeWithShared, sharedPath} from '../../helpers/shared.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const signal = new AbortController().signal;

let folder: string;

beforeEach(async () => {
	folder = await temporaryDirectory();
});

/** Of every recorded address, with status and headers. */
function answerAll(reader: SessionReader): readonly string[] {
	const index = JSON.parse(readFileSync(sharedPath('history/live/_index.json'), 'utf8')) as {path: string}[];
	return index.map(({path}) => {
		const answer = ask(reader, path);
		return `${path}\n${answer.status} ${answer.contentType}\n${readBody(answer)}`;
	});
}

function onlySession(store: HistoryStore): SessionReader {
	const [session] = store.sessions();
	return store.read(session!.id);
}

describeWithShared('a session as a file', () => {
	it('answers everything byte for byte as before it was exported and imported, and while it is a file', async () => {
		const store = await openHistory({path: ':memory:'});
		const tree = await openDirectoryTree(sharedPath('history/storage'));
		await importStorage(store, tree, {signal});
		const expected = answerAll(onlySession(store));
		const path = join(folder, 'session.db');
		const exported = await exportSession(store, onlySession(store).session.id, path, {signal});
		expect(exported).toMatchObject({cluster: 'default/raycluster-dev', tasks: 430});
		const file = await openHistory({path});
		expect(file.sessions()).toMatchObject([{name: exported.name, cluster: {ownerKind: 'rayjob'}}]);
		expect(answerAll(onlySession(file))).toEqual(expected);
		file.close();
		const target = await openHistory({path: ':memory:'});
		await importSessions(target, path, {signal});
		expect(answerAll(onlySession(target))).toEqual(expected);
		expect(target.search('cannot construct', {limit: 50}).length).toBe(
			store.search('cannot construct', {limit: 50}).length,
		);
		const {firstMs, lastMs} = onlySession(store).session;
		expect(target.sessions()).toMatchObject([{firstMs, lastMs}]);
		// A second time changes nothing.
		await importSessions(target, path, {signal});
		expect(answerAll(onlySession(target))).toEqual(expected);
		store.close();
		target.close();
	});
});

describe('the import of a history file', () => {
	it('adds what is new to a session that is there, whichever of the two came first', async () => {
		const [early, late] = [makeTaskEvents(0, 30), makeTaskEvents(20, 30)];
		const files: string[] = [];
		for (const [index, events] of [early, late].entries()) {
			const {store, sessionId} = await ingestBatches([events]);
			files.push(join(folder, `${index}.db`));
			await exportSession(store, sessionId, files[index]!, {signal});
			store.close();
		}

		const whole = await ingestBatches([early, late]);
		const address = '/api/v0/tasks?detail=1&limit=10000';
		const expected = readBody(ask(whole.reader, address));
		for (const order of [files, files.toReversed()]) {
			const target = await openHistory({path: ':memory:'});
			for (const path of order) await importSessions(target, path, {signal});
			expect(readBody(ask(onlySession(target), address))).toBe(expected);
			target.close();
		}

		whole.store.close();
	});

	it('leaves the file as it was, and refuses one that is damaged or no history', async () => {
		const {store, sessionId} = await ingestBatches([makeTaskEvents(0, 3000)]);
		const path = join(folder, 'session.db');
		await exportSession(store, sessionId, path, {signal});
		const before = await readFile(path);
		const target = await openHistory({path: ':memory:'});
		await importSessions(target, path, {signal});
		expect((await readFile(path)).equals(before)).toBe(true);
		const damaged = Buffer.from(before);
		damaged.fill(0x55, 40_000, 60_000);
		await writeFile(join(folder, 'damaged.db'), damaged);
		const error = await catchRejection(importSessions(target, join(folder, 'damaged.db'), {signal}));
		expect(error).toMatchObject({code: 'INPUT_UNREADABLE'});
		await openHistory({path: join(folder, 'empty.db')}).then(empty => empty.close());
		expect(await catchRejection(importSessions(target, join(folder, 'empty.db'), {signal}))).toMatchObject({
			code: 'INPUT_UNREADABLE',
			message: expect.stringContaining('holds no session') as string,
		});
		target.close();
		store.close();
	});

	it('takes neither tokens nor marks along, and never writes over a file', async () => {
		const {store, sessionId} = await ingestBatches([makeTaskEvents(0, 3)]);
		store.setClusterToken(testCluster, 'secret');
		store.keepSession(sessionId, true);
		const path = join(folder, 'session.db');
		await exportSession(store, sessionId, path, {signal});
		const file = await openHistory({path});
		expect([file.mayRead(testCluster, ''), file.sessions()[0]!.isKept]).toEqual([true, false]);
		file.close();
		expect(await catchRejection(exportSession(store, sessionId, path, {signal}))).toMatchObject({
			code: 'OUTPUT_UNWRITABLE',
		});
		store.close();
	});
});

describe('infinisst history export and import', () => {
	async function run(...args: readonly string[]) {
		const context = createFakeContext({cwd: folder, env: {INFINISST_HOME: folder}});
		const exitCode = await main(['history', ...args], context);
		return {exitCode, stdout: context.stdout.text, stderr: context.stderr.text};
	}

	it('writes a session to a file, in either format, and takes it in again', async () => {
		const store = await openHistory({path: join(folder, 'history.db')});
		for (const name of ['session_a', 'session_b']) {
			const sessionId = store.openSession(testCluster, name);
			const batch = new EventBatch();
			for (const event of makeTaskEvents(0, 5)) batch.add(event, 'test', 'none');
			store.write(sessionId, {
				events: batch,
				logPieces: [{nodeId: 'ab', path: 'raylet.out', offset: 0, bytes: Buffer.from('one\n')}],
			});
		}

		store.close();
		expect(await run('export', 'session_b', 'b.db')).toEqual({
			exitCode: 0,
			stdout: 'default/test session_b: 5 tasks in b.db\n',
			stderr: '',
		});
		expect((await run('import', 'b.db', '--db', 'other.db')).stdout).toBe(
			'default/test session_b: 5 tasks\n',
		);
		expect((await run('tasks', '--db', 'b.db', '--format', 'csv')).stdout).toBe(
			(await run('tasks', '--db', 'other.db', '--format', 'csv')).stdout,
		);
		await run('export', 'session_b', 'b.ndjson', '--format', 'ndjson');
		const lines = (await readFile(join(folder, 'b.ndjson'), 'utf8'))
			.trimEnd()
			.split('\n')
			.map(line => JSON.parse(line) as {kind: string; value: Record<string, unknown>});
		expect(lines.map(({kind}) => kind)).toEqual(['session', ...Array.from({length: 5}, () => 'task'), 'log']);
		expect(lines[1]!.value).toMatchObject({name: 'f', state: 'FINISHED', attempt_number: 0});
		expect(lines.at(-1)!.value).toMatchObject({path: 'raylet.out', base64: 'b25lCg=='});
		const again = await run('export', 'session_b', 'b.db');
		expect([again.exitCode, again.stderr]).toEqual([
			expect.any(Number),
			expect.stringContaining('b.db is there already') as string,
		]);
		expect(again.exitCode).not.toBe(0);
		expect((await run('export', 'session_c', 'c.db')).stderr).toContain('holds no session of session_c');
	});
});
