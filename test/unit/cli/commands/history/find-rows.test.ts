import {readFileSync} from 'node:fs';
import {expect, it} from 'vitest';

import {findRows} from '../../../../../src/cli/commands/history/find-rows.js';
import {describeWithShared, sharedPath} from '../../../../helpers/shared.js';

interface Recorded {
	readonly path: string;
	readonly status: number;
	readonly content_type: string;
	readonly file: string;
}

const jobs = '/api/v0/tasks?detail=1&limit=10000';

/** Addresses of the recorded head with the first columns of the list in their answers, or what they are about. */
const EXPECTED: Readonly<Record<string, readonly [kind: string, ...columns: readonly string[]]>> = {
	'/api/v0/tasks': ['list', 'task_id', 'attempt_number'],
	[jobs]: ['list', 'task_id', 'attempt_number'],
	'/api/v0/tasks?detail=1&limit=0': ['list'],
	'/api/v0/actors?detail=1&limit=10000': ['list', 'actor_id', 'class_name'],
	'/api/v0/nodes?detail=1&limit=10000': ['list', 'node_id', 'node_ip'],
	'/api/v0/tasks/summarize': ['list', 'func_or_class_name', 'type'],
	'/api/jobs/': ['list', 'type', 'job_id'],
	'/api/jobs/raysubmit_fail': ['record', 'type', 'job_id'],
	'/nodes?view=summary': ['list', 'now', 'hostname'],
	'/nodes?view=hostNameList': ['list', 'value'],
	'/logical/actors': ['list', 'actorId', 'jobId'],
	// By their job.
	'/events': ['list', 'key', 'eventId'],
	'/api/version': ['record', 'version', 'ray_version'],
	'/timezone': ['record', 'offset', 'value'],
	'/api/v0/cluster_metadata': ['record', 'rayVersion', 'pythonVersion'],
	'/api/jobs/raysubmit_fail/logs': ['record', 'logs'],
	'/api/v0/tasks/timeline?job_id=04000000': ['list', 'cat', 'name'],
};

describeWithShared('the list in an answer of the head', () => {
	const index = JSON.parse(readFileSync(sharedPath('history/live/_index.json'), 'utf8')) as Recorded[];
	const read = ({file}: Recorded): unknown =>
		JSON.parse(readFileSync(sharedPath(`history/live/${file}`), 'utf8'));

	it.each(Object.entries(EXPECTED))('is found in %s', (path, [kind, ...columns]) => {
		const recorded = index.find(entry => entry.path === path);
		expect(recorded, path).toBeDefined();
		const found = findRows(read(recorded!));
		const names = found.kind === 'list' ? found.columns : Object.keys(found.record);
		expect([found.kind, ...names.slice(0, columns.length)]).toEqual([kind, ...columns]);
	});

	it('has each task once, and is found in whatever the head answers', () => {
		const found = findRows(read(index.find(({path}) => path === jobs)!));
		expect(found.kind === 'list' && found.rows.length).toBe(428);
		for (const recorded of index) {
			if (!recorded.content_type.startsWith('application/json') || recorded.status !== 200) continue;
			expect(() => findRows(read(recorded)), recorded.path).not.toThrow();
		}
	});
});
