import type {Check} from '../check.js';
import {describeAnswer, type CheckContext} from '../check-context.js';
import {expectFields} from '../expect-fields.js';
import {expectThat, NotApplicable} from '../mismatch.js';
import {UNKNOWN_SESSION} from './error-checks.js';

const MOVES = 'Positions move up as sessions end, time out or are deleted.';

/** Places, and those who wait for one. */
export const queueChecks: readonly Check[] = [
	{
		id: 'queue.status',
		title: 'tells how a session stands',
		rule: '`{session_id, status: "active"|"initializing"|"queued"|"not_found", queued, queue_position, session_type, error?}`.',
		async run(context) {
			const id = await context.openSession();
			const status = await context.queueStatus(id);
			const fields = {
				session_id: 'string',
				status: 'string',
				queued: 'boolean',
				queue_position: 'number',
				session_type: 'string',
			} as const;
			const {session_id, status: word} = expectFields(status, fields, 'the answer to GET /queue_status/');
			expectThat(session_id === id, `session_id ${id}`, status);
			expectThat(
				['active', 'initializing', 'queued'].includes(word),
				'status active, initializing or queued',
				status,
			);
		},
	},
	{
		id: 'queue.not-found',
		title: 'says "not_found" of sessions that there are not',
		rule: '`{session_id, status: "active"|"initializing"|"queued"|"not_found", queued, queue_position, session_type, error?}`.',
		async run(context) {
			const status = await context.queueStatus(UNKNOWN_SESSION);
			expectThat(status['status'] === 'not_found', 'status "not_found"', status);
			expectThat(status['queued'] === false, 'queued: false', status);
		},
	},
	{
		id: 'queue.at-capacity',
		title: 'has sessions wait when it is full, the first at 1 or later',
		rule: 'At capacity: `queued: true, queue_position: n≥1`.',
		async run(context) {
			const {first} = await fill(context);
			expectThat(first.position >= 1, 'queue_position 1 or more', first);
		},
	},
	{
		id: 'queue.position',
		title: 'tells the same of those who wait in /queue_status',
		rule: '`{session_id, status: "active"|"initializing"|"queued"|"not_found", queued, queue_position, session_type, error?}`.',
		async run(context) {
			const {first} = await fill(context);
			const second = await context.openSession();
			const [ahead, behind] = await Promise.all([context.queueStatus(first.id), context.queueStatus(second)]);
			for (const status of [ahead, behind]) {
				expectThat(
					status['status'] === 'queued' && status['queued'] === true,
					'status "queued" and queued: true',
					status,
				);
			}

			const [before, after] = [ahead['queue_position'], behind['queue_position']];
			expectThat(
				typeof before === 'number' && typeof after === 'number' && before >= 1 && after > before,
				'the one that came later to be behind the other',
				{first: before, second: after},
			);
		},
	},
	{
		id: 'queue.moves-up',
		title: 'lets those who wait move up when a session is deleted',
		rule: MOVES,
		async run(context) {
			const {active, first} = await fill(context);
			const second = await context.openSession();
			const before = (await context.queueStatus(second))['queue_position'];
			await context.post('/delete_session', {session_id: active[0]});
			await context.until(
				'the first that waited to get a place',
				() => context.queueStatus(first.id),
				status => status['status'] === 'active' || status['status'] === 'initializing',
			);
			await context.until(
				`the second that waited to be before ${String(before)}`,
				() => context.queueStatus(second),
				status => status['status'] !== 'queued' || Number(status['queue_position']) < Number(before),
			);
		},
	},
	{
		id: 'queue.leaves',
		title: 'lets those behind move up when one that waits is deleted',
		rule: MOVES,
		async run(context) {
			const {first} = await fill(context);
			const second = await context.openSession();
			const before = (await context.queueStatus(second))['queue_position'];
			await context.post('/delete_session', {session_id: first.id});
			await context.until(
				`the second that waited to be before ${String(before)}`,
				() => context.queueStatus(second),
				status => status['status'] !== 'queued' || Number(status['queue_position']) < Number(before),
			);
		},
	},
];

interface FullServer {
	readonly active: readonly string[];
	/** The first that has to wait. */
	readonly first: {readonly id: string; readonly position: number};
}

/** Opens sessions until one has to wait. */
async function fill(context: CheckContext): Promise<FullServer> {
	const active: string[] = [];
	const {maxSessions} = context.settings;
	while (active.length < maxSessions) {
		const answer = await context.init({query: context.initParameters()});
		expectThat(answer.status === 200, 'POST /init to answer 200', describeAnswer(answer));
		const fields = {session_id: 'string', queued: 'boolean', queue_position: 'number'} as const;
		const {session_id, queued, queue_position} = expectFields(
			answer.body,
			fields,
			`the answer to POST /init after ${active.length} sessions`,
		);
		if (queued) return {active, first: {id: session_id, position: queue_position}};
		active.push(session_id);
	}

	throw new NotApplicable(`${maxSessions} sessions fit at once; with --max-sessions more are opened`);
}
