import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {expect, it} from 'vitest';

import {importStorage} from '../../../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../../../src/history/import/storage-tree.js';
import {openHistory} from '../../../../src/history/store/sqlite-history-store.js';
import {askJson, makeTaskEvents} from '../../../helpers/history.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

it('reads the layout of before 2026, in which a file may be one array', async () => {
	const root = await temporaryDirectory();
	const put = async (path: string, text: string) => {
		await mkdir(dirname(join(root, path)), {recursive: true});
		await writeFile(join(root, path), text);
	};
	await put('metadir/my-cluster_team-a/session_1', '');
	const data = 'my-cluster_team-a/session_1';
	await put(`${data}/job_events/01000000/a.json`, JSON.stringify(makeTaskEvents(0, 30), undefined, 2));
	await put(
		`${data}/node_events/b.jsonl`,
		`${makeTaskEvents(30, 2)
			.map(event => JSON.stringify(event))
			.join('\n')}\n`,
	);
	await put(`${data}/logs/ab12/raylet.out`, 'one\ntwo\n');
	await put(`${data}/fetched_endpoints/restful__timezone`, '{"offset": "+02:00", "value": "CET"}');
	const store = await openHistory({path: ':memory:'});
	const result = await importStorage(store, await openDirectoryTree(root), {
		signal: new AbortController().signal,
	});
	expect(result).toMatchObject({events: 64, damages: 0, files: 4});
	const [session] = store.sessions();
	expect(session).toMatchObject({name: 'session_1', cluster: {name: 'my-cluster', namespace: 'team-a'}});
	const reader = store.read(session!.id);
	expect(askJson(reader, '/api/v0/tasks')).toMatchObject({data: {result: {total: 32}}});
	expect(askJson(reader, '/api/v0/logs?node_id=ab12')).toMatchObject({
		data: {result: {raylet: ['raylet.out']}},
	});
	expect(askJson(reader, '/timezone')).toEqual({offset: '+02:00', value: 'CET'});
	store.close();
});
