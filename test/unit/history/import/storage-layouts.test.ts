import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';

import {findSessions} from '../../../../src/history/import/find-sessions.js';
import {openDirectoryTree} from '../../../../src/history/import/storage-tree.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

let root: string;

beforeEach(async () => {
	root = await temporaryDirectory();
});

async function put(...paths: readonly string[]): Promise<void> {
	for (const path of paths) {
		await mkdir(dirname(join(root, path)), {recursive: true});
		await writeFile(join(root, path), '');
	}
}

async function find(folder = root): Promise<readonly unknown[]> {
	const sessions = await findSessions(await openDirectoryTree(folder));
	return sessions.map(({cluster, session, layout, folder: path}) => [
		...[cluster.ownerKind, cluster.namespace, cluster.ownerName, cluster.name],
		...[session, layout, path],
	]);
}

describe('sessions of a storage', () => {
	it('are found by owner, for each kind of owner, with and without a folder of the owner', async () => {
		const base = 'cluster-history';
		await put(
			`${base}/raycluster/team/alone/session_1/node1/node_events/a.jsonl`,
			`${base}/rayjob/team/my-job/my-job-abcde/session_2/node1/node_events/a.jsonl`,
			`${base}/rayjob/team/my-job/my-job-fghij/session_3/node1/node_events/a.jsonl`,
			`${base}/rayservice/prod/my-service/my-service-xyz/session_4/node1/logs/raylet.out`,
			`${base}/rayservice/prod/my-service/my-service-xyz/session_5/fetched_endpoints/restful__timezone`,
			`${base}/something-else/prod/a/session_6/node1/node_events/a.jsonl`,
			'cluster-metadata/rayjob/team_my-job_my-job-abcde/session_2',
		);
		expect(await find()).toEqual([
			['raycluster', 'team', '', 'alone', 'session_1', 'current', `${base}/raycluster/team/alone/session_1`],
			[
				...['rayjob', 'team', 'my-job', 'my-job-abcde', 'session_2', 'current'],
				`${base}/rayjob/team/my-job/my-job-abcde/session_2`,
			],
			[
				...['rayjob', 'team', 'my-job', 'my-job-fghij', 'session_3', 'current'],
				`${base}/rayjob/team/my-job/my-job-fghij/session_3`,
			],
			...['session_4', 'session_5'].map(session => [
				...['rayservice', 'prod', 'my-service', 'my-service-xyz', session, 'current'],
				`${base}/rayservice/prod/my-service/my-service-xyz/${session}`,
			]),
		]);
	});

	it('are found in all three layouts side by side, and in a folder above', async () => {
		await put(
			'log/cluster-history/raycluster/a/new/session_1/node1/node_events/a.jsonl',
			'log/metadir/middle_b/session_2',
			'log/middle_b/session_2/node_events/a.jsonl',
			'log/old_c/meta/restful__api__jobs.json',
		);
		const found = [
			['raycluster', 'a', '', 'new', 'session_1', 'current'],
			['', 'b', '', 'middle', 'session_2', 'older'],
			['', 'c', '', 'old', 'session_unknown', 'oldest'],
		];
		expect((await find(join(root, 'log'))).map(session => (session as unknown[]).slice(0, 6))).toEqual(found);
		expect((await find()).map(session => (session as unknown[]).slice(0, 6))).toEqual(found);
	});
});
