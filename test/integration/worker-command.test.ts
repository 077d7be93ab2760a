import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it, onTestFinished} from 'vitest';

import {runWorker} from '../../src/cli/commands/worker/run-worker.js';
import {RunStop} from '../../src/cli/run-stop.js';
import {DEFAULT_BATCH_SETTINGS} from '../../src/core/engine/batch-settings.js';
import type {EngineSession} from '../../src/core/engine/engine.js';
import type {ScriptedEngineOptions} from '../../src/core/engine/testing/scripted-engine.js';
import type {Channel} from '../../src/core/engine/transport/channel.js';
import {connectChannel} from '../../src/core/engine/transport/connect-channel.js';
import {listenForChannels} from '../../src/core/engine/transport/listen-for-channels.js';
import {openRemoteEngine, type RemoteEngine} from '../../src/core/engine/transport/remote-engine.js';
import type {ReplicaModule} from '../../src/core/engine/transport/replica-module.js';
import {formatSocketAddress, parseSocketAddress} from '../../src/core/engine/transport/socket-address.js';
import {openThreadReplica} from '../../src/core/engine/transport/thread-replica.js';
import {systemClock} from '../../src/core/util/clock.js';
import {createDeferred} from '../../src/core/util/deferred.js';
import {catchRejection} from '../helpers/catch-rejection.js';
import {createFakeContext, createFakeStore} from '../helpers/fake-context.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {scriptedReplica} from '../helpers/scripted-replica.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const options = {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 1} as const;
const token = 'a secret';

/** A worker whose model is a script, which is told of what the real one would be opened with. */
function startWorker(flags: Record<string, unknown>, script: ScriptedEngineOptions = {}) {
	const stdin = new PassThrough();
	const context = {...createFakeContext({stdin}), clock: systemClock};
	const opened: unknown[] = [];
	const running = runWorker({dynamicBatching: true, ...flags}, context, (replica: ReplicaModule) => {
		opened.push(replica.options);
		return openThreadReplica(scriptedReplica({id: 'scripted', ...script}));
	});
	running.catch(() => undefined);
	onTestFinished(() => {
		context.stop(RunStop.interrupted());
		stdin.end();
	});
	const untilReady = async (): Promise<{type: string; address: string}> => {
		while (context.stdout.lines.length === 0) {
			await Promise.race([new Promise(resolve => setTimeout(resolve, 5)), running]);
		}
		return JSON.parse(context.stdout.lines[0]!) as {type: string; address: string};
	};
	return {context, stdin, running, opened, untilReady};
}

async function connectTo(address: string, secret: string): Promise<RemoteEngine> {
	const engine = await openRemoteEngine(await connectChannel(parseSocketAddress(address), {token: secret}));
	onTestFinished(() => engine.destroy());
	return engine;
}

async function listenToEnd(session: EngineSession): Promise<string[]> {
	const types: string[] = [];
	for await (const {events} of session.updates) types.push(...events.map(({type}) => type));
	return types;
}

describe('infinisst worker', () => {
	it('listens, says where, serves whoever has the token, and drains when it is stopped', async () => {
		const worker = startWorker({listen: '127.0.0.1:0', tokenStdin: true, maxBatchSize: '4', threads: '2'});
		worker.stdin.write(`${token}\n`);
		const {address, ...ready} = await worker.untilReady();
		expect(ready).toEqual({type: 'worker-listening', id: 'scripted', model: 'whisper-base'});
		expect(worker.opened).toEqual([
			expect.objectContaining({
				model: 'whisper-base',
				threads: 2,
				device: 'auto',
				settings: {...DEFAULT_BATCH_SETTINGS, maxBatchSize: 4},
			}),
		]);
		const error = await catchRejection(connectChannel(parseSocketAddress(address), {token: 'another'}));
		expect(error.code).toBe('PEER_REFUSED');

		const engine = await connectTo(address, token);
		const session = await engine.openSession(options);
		await session.write(scriptedAudio(2));
		worker.context.stop(RunStop.interrupted());
		// The worker has heard of it when nobody can connect any more.
		while ((await connectTo(address, token).catch(() => undefined)) !== undefined);
		expect((await catchRejection(engine.openSession(options))).code).toBe('REPLICA_LOST');
		await session.write(scriptedAudio(2));
		session.end();
		expect((await listenToEnd(session)).at(-1)).toBe('session-ended');
		await worker.running;
		expect((await engine.gone).code).toBe('REPLICA_LOST');
		expect(worker.context.stderr.text).toBe(
			'infinisst: The other end has another token. Give both ends the same one.\n',
		);
	});

	it('listens at a path, also where a worker that was killed left its socket, and removes it', async () => {
		const path = join(await temporaryDirectory(), 'socket');
		const address = `unix:${path}`;
		const listen = `require('net').createServer().listen(process.argv[1], () => console.log('ready'))`;
		const killed = spawn(process.execPath, ['-e', listen, path], {stdio: ['ignore', 'pipe', 'inherit']});
		await once(killed.stdout, 'data');
		killed.kill('SIGKILL');
		await once(killed, 'exit');
		await access(path);
		const worker = startWorker({listen: address});
		expect(await worker.untilReady()).toMatchObject({address});
		const second = startWorker({listen: address});
		expect((await catchRejection(second.running)).code).toBe('OPTION_INVALID');
		const engine = await connectTo(address, '');
		await engine.close();
		worker.context.stop(RunStop.interrupted());
		await worker.running;
		await expect(access(path)).rejects.toThrow('ENOENT');
	});

	it('connects to what waits for it, and ends when that leaves', async () => {
		const accepted = createDeferred<Channel>();
		const listener = await listenForChannels(
			{host: '127.0.0.1', port: 0},
			{token, onChannel: accepted.resolve},
		);
		const worker = startWorker({connect: formatSocketAddress(listener.address), tokenStdin: true});
		worker.stdin.write(`${token}\n`);
		const engine = await openRemoteEngine(await accepted.promise);
		expect(await worker.untilReady()).toMatchObject({type: 'worker-connected'});
		const session = await engine.openSession(options);
		await session.write(scriptedAudio(2));
		session.end();
		expect((await listenToEnd(session)).at(-1)).toBe('session-ended');
		await engine.close();
		await worker.running;
		await listener.close();
	});

	it('ends with the standard input where it was told to, also while somebody speaks', async () => {
		const worker = startWorker({listen: '127.0.0.1:0', exitWithStdin: true});
		const engine = await connectTo((await worker.untilReady()).address, '');
		const session = await engine.openSession(options);
		const listening = catchRejection(listenToEnd(session));
		worker.stdin.end();
		await worker.running;
		expect(['REPLICA_LOST', 'RESOURCE_CLOSED']).toContain((await listening).code);
	});

	it('wants a token where it was told that there is one', async () => {
		const worker = startWorker({listen: '127.0.0.1:0', tokenStdin: true});
		worker.stdin.end();
		const error = await catchRejection(worker.running);
		expect([error.code, error.message]).toEqual([
			'OPTION_INVALID',
			'There is no token on the standard input',
		]);
	});

	it('fetches no model unless it was told to', async () => {
		const store = createFakeStore({isInstalled: false});
		const context = createFakeContext({store});
		const error = await catchRejection(runWorker({listen: '127.0.0.1:0'}, context));
		expect([error.code, error.hint]).toEqual([
			'MODEL_UNAVAILABLE',
			'Run "infinisst models pull whisper-base" (150.0 MB), or add --download.',
		]);
		expect(store.pulled).toEqual([]);
	});

	it('says what is wrong with an address that nobody answers at', async () => {
		const worker = startWorker({connect: 'unix:/nowhere/socket'});
		expect((await catchRejection(worker.running)).code).toBe('PEER_UNREACHABLE');
	});
});
