import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {expect, it, vi} from 'vitest';

import {importStorage} from '../../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {ask, makeTaskEvents, readBody} from '../../helpers/history.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const TASKS = 10_000;
const LIST = '/api/v0/tasks?detail=1&limit=10000';
const folder = 'cluster_default/session_1/job_events/01000000';

/** 5 MB: files of this size are decoded by threads. */
const lines = makeTaskEvents(0, TASKS).map(event => JSON.stringify(event));

/** Imports a storage with these files. */
async function importFiles(
	files: Readonly<Record<string, string | Buffer>>,
	store: HistoryStore,
	root?: string,
) {
	const place = root ?? (await temporaryDirectory());
	await mkdir(join(place, 'metadir/cluster_default/session_1'), {recursive: true});
	await mkdir(join(place, folder), {recursive: true});
	for (const [name, content] of Object.entries(files)) await writeFile(join(place, folder, name), content);
	return importStorage(store, await openDirectoryTree(place), {signal: new AbortController().signal});
}

const readList = (store: HistoryStore) => readBody(ask(store.read(store.sessions()[0]!.id), LIST));

it('reads a large file as it reads many small ones', async () => {
	const large = await openHistory({path: ':memory:'});
	const result = await importFiles({'a.jsonl': lines.join('\n')}, large);
	expect(result).toMatchObject({events: TASKS * 2, damages: 0});
	const small = await openHistory({path: ':memory:'});
	const parts = Array.from({length: 12}, (_, part) => lines.filter((_line, index) => index % 12 === part));
	await importFiles(
		Object.fromEntries(parts.map((part, index) => [`${index}.jsonl`, part.join('\n')])),
		small,
	);
	expect(readList(large) === readList(small)).toBe(true);
	expect(JSON.parse(readList(large))).toMatchObject({data: {result: {total: TASKS}}});
	large.close();
	small.close();
});

it('names what is damaged in a large file by its line, and reads the file once', async () => {
	const store = await openHistory({path: ':memory:'});
	const root = await temporaryDirectory();
	const damaged = lines
		.with(10_000, '{"eventId":')
		.with(12_500, '{"eventId":"a","eventType":"NO_SUCH_EVENT"}');
	expect(await importFiles({'a.jsonl': damaged.join('\n')}, store, root)).toMatchObject({damages: 2});
	expect(store.damages(store.sessions()[0]!.id, 10)).toMatchObject({
		count: 2,
		first: [
			{place: 'line 10001', reason: 'no JSON'},
			{place: 'line 12501', reason: 'unknown event type "NO_SUCH_EVENT"'},
		],
	});
	expect(await importFiles({}, store, root)).toMatchObject({events: 0, skipped: 1});
	store.close();
});

it('keeps what comes before the end of a large archive that was cut off', async () => {
	const store = await openHistory({path: ':memory:'});
	const incompressible = lines.map((line, index) =>
		line.replace('"eventId":"', `"eventId":"${Math.sin(index)}`),
	);
	const text = incompressible.join('\n');
	const archive = gzipSync(text, {level: 0}).subarray(0, 3_000_000);
	const {events, damages} = await importFiles({'a.jsonl.gz': archive}, store);
	// Some bytes of an archive are its own.
	expect(events).toBeLessThan(text.slice(0, 3_000_000).split('\n').length);
	expect(events).toBeGreaterThan(text.slice(0, 2_950_000).split('\n').length);
	expect(damages).toBe(1);
	const [damage] = store.damages(store.sessions()[0]!.id, 1).first;
	expect(damage).toMatchObject({
		place: `after line ${events}`,
		reason: 'the archive is broken: unexpected end of file',
	});
	store.close();
});

it('goes on behind the last transaction after an import that was given up', async () => {
	const store = await openHistory({path: ':memory:'});
	const root = await temporaryDirectory();
	const whole = await openHistory({path: ':memory:'});
	await importFiles({'a.jsonl': lines.join('\n')}, whole, root);
	const controller = new AbortController();
	const write = vi.spyOn(store, 'write').mockImplementationOnce((...what) => {
		write.mockRestore();
		store.write(...what);
		controller.abort(new Error('given up'));
	});
	await expect(
		importStorage(store, await openDirectoryTree(root), {signal: controller.signal}),
	).rejects.toThrow('given up');
	const first = JSON.parse(readList(store)) as {data: {result: {total: number}}};
	expect(first.data.result.total).toBeLessThan(TASKS);
	const {events} = await importFiles({}, store, root);
	expect(events).toBeGreaterThan(0);
	expect(events).toBeLessThan(TASKS);
	expect(readList(store) === readList(whole)).toBe(true);
	store.close();
	whole.close();
});
