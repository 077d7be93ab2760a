import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';

import type {EngineSession, SessionUpdate} from '../../../src/core/engine/engine.js';
import type {ScriptedEngineOptions} from '../../../src/core/engine/testing/scripted-engine.js';
import {
	openChildReplica,
	type ChildReplicaOptions,
} from '../../../src/core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../../src/core/engine/transport/thread-replica.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {FakeClock} from '../../helpers/fake-context.js';
import {isRunning, untilEnded} from '../../helpers/is-running.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {scriptedReplica} from '../../helpers/scripted-replica.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const options = {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 1} as const;

async function openTestReplica(engine: ScriptedEngineOptions = {}, child: ChildReplicaOptions = {}) {
	let processId = 0;
	const lines: string[] = [];
	const replica = await openChildReplica(scriptedReplica(engine), {
		onStart: id => (processId = id),
		onLog: line => lines.push(line),
		...child,
	});
	return {replica, processId, lines};
}

async function readToEnd(session: EngineSession): Promise<SessionUpdate[]> {
	const updates: SessionUpdate[] = [];
	for await (const update of session.updates) updates.push(update);
	return updates;
}

describe('a replica in a process of its own', () => {
	let folder: string;

	beforeEach(async () => {
		folder = await temporaryDirectory();
		vi.stubEnv('TMPDIR', folder);
	});
	afterEach(() => void vi.unstubAllEnvs());

	it('is lost with all its sessions when it is killed, and leaves nothing behind', async () => {
		const {replica, processId, lines} = await openTestReplica();
		// Both ends are connected: there is nothing to find any more.
		expect(await readdir(folder)).toEqual([]);
		const sessions = await Promise.all(Array.from({length: 8}, () => replica.openSession(options)));
		for (const session of sessions) await session.write(scriptedAudio(3));
		const reading = sessions.map(session => catchRejection(readToEnd(session)));
		process.kill(processId, 'SIGKILL');
		for (const error of await Promise.all(reading)) expect(error.code).toBe('REPLICA_LOST');
		expect((await replica.gone).code).toBe('REPLICA_LOST');
		expect((await catchRejection(replica.openSession(options))).code).toBe('REPLICA_LOST');
		await replica.close();
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
		expect(lines).toEqual(['the process ended: SIGKILL']);
		expect(await readdir(folder)).toEqual([]);
	});

	it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('goes on at %s, which its parent is told as well', async name => {
		const {replica, processId, lines} = await openTestReplica();
		const session = await replica.openSession(options);
		await session.write(scriptedAudio(1));
		process.kill(processId, name);
		await session.write(scriptedAudio(1));
		session.end();
		expect((await readToEnd(session)).at(-1)?.events.at(-1)).toMatchObject({type: 'session-ended'});
		await replica.close();
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
		expect(lines).toEqual([]);
	});

	it('is given up and ended when it is frozen', async () => {
		const clock = new FakeClock();
		const {replica, processId} = await openTestReplica({}, {clock});
		const session = await replica.openSession(options);
		const reading = catchRejection(readToEnd(session));
		process.kill(processId, 'SIGSTOP');
		// What it said before may still be on its way.
		const lost = {value: false};
		void replica.gone.then(() => (lost.value = true));
		while (!lost.value) {
			clock.advance(1000);
			await new Promise(resolve => setImmediate(resolve));
		}
		expect((await reading).code).toBe('REPLICA_LOST');
		await replica.close();
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
	});

	it('lets its sessions end at close(), then ends', async () => {
		const {replica, processId, lines} = await openTestReplica({stepCostMs: 5});
		const session = await replica.openSession(options);
		await session.write(scriptedAudio(3));
		const closing = replica.close();
		session.end();
		expect((await readToEnd(session)).at(-1)!.events.at(-1)!.type).toBe('session-ended');
		await closing;
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
		expect(lines).toEqual([]);
	});

	it('keeps what it was told in secret out of its arguments and variables', async () => {
		const {replica, processId} = await openTestReplica({id: 'told-in-secret'});
		expect(replica.id).toBe('told-in-secret');
		if (process.platform === 'linux') {
			const {readFile} = await import('node:fs/promises');
			for (const name of ['cmdline', 'environ']) {
				const text = await readFile(`/proc/${processId}/${name}`, 'utf8');
				expect(text).not.toMatch(/told-in-secret|[\da-f]{64}/);
			}
		}
		await replica.destroy();
	});

	it('rejects with what kept its engine from opening, and ends', async () => {
		let processId = 0;
		const broken = {...scriptedReplica(), options: {settings: {maxBatchSize: 0}}};
		const error = await catchRejection(openChildReplica(broken, {onStart: id => (processId = id)}));
		expect([error.code, error.message]).toEqual([
			'OPTION_INVALID',
			'maxBatchSize must be a whole number from 1 to 256, not 0',
		]);
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
	});

	it('can be given up while it starts', async () => {
		const controller = new AbortController();
		const reason = {kind: 'no error at all'};
		let processId = 0;
		const opening = openChildReplica(scriptedReplica(), {
			signal: controller.signal,
			onStart: id => {
				processId = id;
				controller.abort(reason);
			},
		});
		await expect(opening).rejects.toBe(reason);
		expect(isRunning(processId, {countsZombies: true})).toBe(false);
		expect(await readdir(folder)).toEqual([]);
	});

	it.each([
		['is killed', 'kill'],
		['exits without closing it', 'exit'],
	])('ends when its parent %s', async (_title, ending) => {
		const script = fileURLToPath(new URL('../../helpers/replica-parent.js', import.meta.url));
		const module = scriptedReplica().module.replace('/src/', '/dist/').replace('.ts', '.js');
		const parent = spawn(process.execPath, [script, module, ending], {stdio: ['ignore', 'pipe', 'inherit']});
		const [line] = (await once(createInterface({input: parent.stdout}), 'line')) as [string];
		const processId = Number(line);
		if (ending === 'kill') {
			expect(isRunning(processId)).toBe(true);
			parent.kill('SIGKILL');
		}
		await untilEnded(processId);
		expect(await readdir(folder)).toEqual([]);
	});
});

describe('a replica in a thread of its own', () => {
	it('rejects with what kept its engine from opening', async () => {
		const broken = {...scriptedReplica(), options: {settings: {maxBatchSize: 0}}};
		expect((await catchRejection(openThreadReplica(broken))).code).toBe('OPTION_INVALID');
	});

	it.each([
		['has no such function', {open: 'noSuchFunction'}, 'exports no function noSuchFunction'],
		['cannot be loaded', {module: 'file:///nowhere.js'}, 'nowhere.js'],
	])('rejects where its module %s', async (_title, change, message) => {
		await expect(openThreadReplica({...scriptedReplica(), ...change})).rejects.toThrow(message);
	});
});
