import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';

import {InfinisstError} from '../../../src/core/errors.js';
import type {
	ListArgument,
	RecordThreadData,
	WriteArgument,
} from '../../../src/history/record/record-thread.js';
import {HistorySessionLog} from '../../../src/history/record/history-session-log.js';
import {createRunRecorder, type RunRecorder} from '../../../src/history/record/run-recorder.js';
import {openRunWriter, type RunWriter} from '../../../src/history/record/run-writer.js';
import {readJobs} from '../../../src/history/http/job-answers.js';
import type {SessionReader} from '../../../src/history/store/session-reader.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {MemorySessionLog} from '../../../src/server/compatible/session-log.js';
import type {RecordedSession, RecordedUpdate} from '../../../src/server/sessions/session-recorder.js';
import {FakeClock} from '../../helpers/fake-context.js';
import {askJson, readBody, ask} from '../../helpers/history.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const session: RecordedSession = {
	id: 'speaker-1',
	door: 'compatible',
	owner: 'key-1',
	clientId: 'anna',
	options: {sourceLanguage: 'de', targets: ['en', 'same'], latencyMultiplier: 2},
	model: 'whisper-base',
	createdAtMs: Date.UTC(2026, 10, 23, 12),
};

const at = (seconds: number): number => session.createdAtMs + seconds * 1000;

function update(seconds: number, more: Partial<RecordedUpdate> = {}): RecordedUpdate {
	return {
		atMs: at(seconds),
		audioMs: seconds * 1000,
		finalMs: seconds * 1000 - 500,
		lagMs: 400,
		finals: 1,
		segments: 0,
		characters: 12,
		texts: [],
		work: undefined,
		endsStretch: false,
		...more,
	};
}

interface Recording {
	readonly path: string;
	readonly clock: FakeClock;
	readonly recorder: RunRecorder;
	readonly warnings: readonly string[];
	readonly writes: readonly WriteArgument[];
	/** Of the newest session, once the recorder has ended. */
	readonly read: () => Promise<SessionReader>;
}

/** The recorder, with its writer in this thread. */
async function record(onWrite: () => void = () => undefined, folder?: string): Promise<Recording> {
	const path = join(folder ?? (await temporaryDirectory()), 'history.db');
	const clock = new FakeClock();
	const warnings: string[] = [];
	const writes: WriteArgument[] = [];
	const openThread = (data: RecordThreadData) => {
		let writer: Promise<RunWriter> | undefined;
		return {
			async call(method: string, argument: unknown) {
				const open = await (writer ??= openRunWriter(data.path, data.run));
				if (method === 'list') {
					const {owner, limit} = argument as ListArgument;
					return open.listEndedSessions(owner, limit);
				}

				const {entries, isLast} = structuredClone(argument) as WriteArgument;
				writes.push({entries, isLast});
				onWrite();
				open.write(entries, isLast);
				return undefined;
			},
			close: async () => (await writer)?.close(),
		};
	};
	const recorder = createRunRecorder({
		path,
		command: 'serve',
		entrypoint: 'infinisst serve',
		onWarning: message => warnings.push(message),
		clock,
		nowMs: () => at(-1) + clock.nowMs(),
		openThread,
	});
	const read = async () => {
		const store = await openHistory({path});
		onTestFinished(() => store.close());
		return store.read(store.sessions()[0]!.id);
	};
	return {path, clock, recorder, warnings, writes, read};
}

describe('a run that is recorded', () => {
	it('shows the run and each session as a job, looks as tasks, and replicas as actors', async () => {
		const {recorder, read} = await record();
		recorder.replicaStarted('whisper-base-1', 'whisper-base');
		const kept = recorder.sessions.open(session);
		kept.began(at(1));
		kept.updated(update(2));
		// It was ready before the one before it was done.
		kept.updated(update(2.25));
		kept.ended({atMs: at(3), audioMs: 2500, cause: undefined});
		await recorder.end();

		const reader = await read();
		expect(reader.session.cluster.name).toBe('local');
		expect(
			readJobs(reader).map(({submission_id, job_id, status, entrypoint, start_time, end_time}) => ({
				...{submission_id, job_id, status, entrypoint},
				ms: end_time! - start_time!,
			})),
		).toEqual([
			{
				submission_id: 'speaker-1_2',
				job_id: '02000000',
				status: 'SUCCEEDED',
				entrypoint: 'compatible speaker-1: de to en, same, whisper-base',
				ms: 3000,
			},
			{
				submission_id: expect.stringMatching(/^serve-[\da-f]{8}$/) as string,
				job_id: '01000000',
				status: 'SUCCEEDED',
				entrypoint: 'infinisst serve',
				ms: 0,
			},
		]);
		expect(askJson(reader, '/api/v0/tasks?detail=1')).toMatchObject({
			data: {
				result: {
					result: expect.arrayContaining([
						expect.objectContaining({name: 'speaker-1', state: 'FINISHED', job_id: '02000000'}),
						expect.objectContaining({
							name: 'look',
							state: 'FINISHED',
							func_or_class_name: 'whisper-base.look',
							creation_time_ms: at(1.85),
							start_time_ms: at(2),
							end_time_ms: at(2.25),
						}),
					]) as unknown,
				},
			},
		});
		expect(askJson(reader, '/logical/actors')).toMatchObject({
			data: {
				actors: expect.objectContaining({}) as unknown,
			},
		});
		expect(reader.entities('actor')).toMatchObject([
			{className: 'whisper-base', name: 'whisper-base-1', state: 'DEAD'},
		]);
	});

	it('shows a recording that was sent to a server as a job with a task for each segment', async () => {
		const {recorder, read} = await record();
		const kept = recorder.sessions.openUpload({
			id: 'upload-1',
			owner: 'key-1',
			file: undefined,
			model: 'whisper-base',
			sourceLanguage: 'auto',
			targets: ['en'],
			createdAtMs: at(0),
		});
		kept.began(at(1));
		kept.updated(update(2, {lagMs: undefined, segments: 1}));
		kept.updated(update(3, {lagMs: undefined, segments: 1}));
		kept.ended({atMs: at(4), audioMs: 60_000, cause: undefined});
		await recorder.end();
		const reader = await read();
		const metadata = {door: 'recording', owner: 'key-1', source: 'auto', targets: 'en', audio_ms: '60000'};
		expect(readJobs(reader)[0]).toMatchObject({submission_id: 'upload-1_2', status: 'SUCCEEDED', metadata});
		const tasks = [...reader.tasks({filters: [], excludesDrivers: true})];
		expect(tasks.map(({name}) => name).sort()).toEqual(['segment', 'segment', 'upload-1']);
		expect(await recorder.listEndedSessions('key-1', 10)).toEqual([]);
	});

	it('tells which replica looked, since when, in which batch, and how long it had others to do first', async () => {
		const {recorder, read} = await record();
		recorder.replicaStarted('whisper-base/replica-1', 'whisper-base');
		recorder.replicaStarted('whisper-base/replica-2', 'whisper-base');
		const kept = recorder.sessions.open(session);
		kept.began(at(1));
		const work = {replica: 'whisper-base/replica-2', workMs: 500, queueWaitMs: 300, batch: 7, batchSize: 3};
		kept.updated(update(2, {lagMs: 600, work}));
		kept.updated(update(3, {work: {...work, replica: 'nobody knows it'}}));
		kept.ended({atMs: at(4), audioMs: 2500, cause: undefined});
		await recorder.end();
		const reader = await read();
		const looks = {
			filters: [{column: 'name', isNegated: false, value: 'look'}],
			excludesDrivers: true,
		} as const;
		const [first, second] = [...reader.tasks(looks)].sort((a, b) => a.creation_ms! - b.creation_ms!);
		const actor = reader.entities('actor').find(({name}) => name === 'whisper-base/replica-2')!;
		expect(first!.actor_id).toBe(actor.actorId);
		// What nobody knows did it is no actor's task.
		expect([first!.type, second!.type]).toEqual([2, 0]);
		const id = first!.task_id;
		expect(
			askJson(reader, `/api/v0/tasks?detail=1&filter_keys=task_id&filter_predicates=%3D&filter_values=${id}`),
		).toMatchObject({
			data: {
				result: {
					result: [
						{type: 'ACTOR_TASK', creation_time_ms: at(1.4), start_time_ms: at(1.8), end_time_ms: at(2)},
					],
				},
			},
		});
		const spans = askJson(reader, '/api/v0/tasks/timeline') as readonly {name: string; args?: object}[];
		expect(spans.find(({name}) => name === 'look')).toMatchObject({
			args: {replica: work.replica, queue_wait_ms: 300, batch: 7, batch_size: 3, wait_ms: 400},
		});
	});

	it('holds what went wrong, and tells it apart from what somebody wanted', async () => {
		const {recorder, read} = await record();
		const broken = recorder.sessions.open(session);
		broken.began(at(1));
		broken.ended({
			atMs: at(2),
			audioMs: 0,
			cause: new InfinisstError('REPLICA_LOST', 'No replica is left'),
		});
		recorder.sessions
			.open({...session, id: 'speaker-2'})
			.ended({atMs: at(2), audioMs: 0, cause: new InfinisstError('RESOURCE_CLOSED', 'It was removed')});
		await recorder.end(new Error('a defect'));
		const reader = await read();
		expect(readJobs(reader).map(({status, message, error_type}) => [status, message, error_type])).toEqual([
			['FAILED', 'No replica is left', 'REPLICA_LOST'],
			['STOPPED', 'It was removed', null],
			['FAILED', 'a defect', null],
		]);
		const tasks = [...reader.tasks({filters: [], excludesDrivers: true})];
		expect(tasks.map(({error_type: error}) => error)).toContain('TASK_EXECUTION_EXCEPTION');
	});

	it('keeps texts only where it was told some, as the log of the look', async () => {
		const {recorder, read} = await record();
		const kept = recorder.sessions.open(session);
		kept.began(at(1));
		const text = {target: 'en', language: 'en', segment: 0, startMs: 0, endMs: 900, sourceText: undefined};
		kept.updated(
			update(2, {
				texts: [
					{...text, text: ' Good'},
					{...text, text: ' morning'},
				],
			}),
		);
		kept.updated(update(3, {texts: [{...text, text: ' everybody'}]}));
		kept.ended({atMs: at(3), audioMs: 2500, cause: undefined});
		await recorder.end();
		const reader = await read();
		const tasks = [
			...reader.tasks({filters: [{column: 'name', isNegated: false, value: 'look'}], excludesDrivers: true}),
		];
		const last = tasks.find(task => task.creation_ms === at(2.6))!;
		const log = ask(reader, `/api/v0/logs/file?task_id=${last.task_id}&suffix=out`);
		expect(readBody(log)).toBe('everybody\n');
	});

	it('writes in batches, each when the one before is written', async () => {
		const {recorder, clock, writes} = await record();
		const kept = recorder.sessions.open(session);
		kept.began(at(1));
		expect(writes).toHaveLength(0);
		clock.advance(1000);
		kept.updated(update(2));
		kept.updated(update(3));
		await recorder.end();
		expect(writes.map(({entries, isLast}) => [entries.length, isLast])).toEqual([
			[2, false],
			[3, true],
		]);
	});

	it('costs one warning where the history cannot be written, and goes on', async () => {
		const {recorder, clock, warnings} = await record(() => {
			throw new InfinisstError('DISK_FULL', 'The history cannot grow');
		});
		const kept = recorder.sessions.open(session);
		clock.advance(1000);
		for (let second = 2; second < 50; second++) kept.updated(update(second));
		await recorder.end();
		await recorder.end();
		expect(warnings).toEqual([
			'What happens in this run is not kept in the history: The history cannot grow',
		]);
	});

	it('waits for a file that another process writes to, and loses nothing', async () => {
		const folder = await temporaryDirectory();
		const {default: Database} = await import('better-sqlite3');
		(await openHistory({path: join(folder, 'history.db')})).close();
		const other = new Database(join(folder, 'history.db'));
		onTestFinished(() => void other.close());
		let writes = 0;
		const {recorder, clock, warnings, read} = await record(() => {
			if (++writes === 1) other.exec('BEGIN IMMEDIATE');
			else if (other.inTransaction) other.exec('COMMIT');
		}, folder);
		const kept = recorder.sessions.open(session);
		kept.began(at(1));
		clock.advance(1000);
		kept.ended({atMs: at(3), audioMs: 2500, cause: undefined});
		await recorder.end();
		expect(warnings).toEqual([]);
		expect(readJobs(await read()).map(({status}) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
	});

	it('finds the sessions of servers before it by their owner', async () => {
		const first = await record();
		const kept = first.recorder.sessions.open(session);
		kept.ended({atMs: at(3), audioMs: 2500, cause: undefined});
		first.recorder.sessions.open({...session, id: 'other', owner: 'key-2'});
		await first.recorder.end();
		const second = await record(undefined, join(first.path, '..'));
		expect(await second.recorder.listEndedSessions('key-1', 10)).toMatchObject([
			{status: 'SUCCEEDED', metadata: {session_id: 'speaker-1', client_id: 'anna', audio_ms: '2500'}},
		]);
		expect(await second.recorder.listEndedSessions(undefined, 10)).toEqual([]);
		const log = new HistorySessionLog(new MemorySessionLog(), second.recorder);
		const now = {...(await log.list('key-1', 10))[0]!, sessionId: 'speaker-3', createdAtMs: at(9)};
		log.put(now);
		expect(await log.list('key-1', 10)).toEqual([
			now,
			expect.objectContaining({
				...{sessionId: 'speaker-1', door: 'compatible', clientId: 'anna', audioMs: 2500},
				...{createdAtMs: at(0), endedAtMs: at(3), cause: undefined},
			}),
		]);
		expect(await log.list('key-1', 1)).toEqual([now]);
		await second.recorder.end();
	});
});
