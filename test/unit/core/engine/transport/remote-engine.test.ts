import {describe, expect, it} from 'vitest';

import type {Engine, SessionUpdate} from '../../../../../src/core/engine/engine.js';
import {createScriptedEngine} from '../../../../../src/core/engine/testing/scripted-engine.js';
import {AUDIO_WINDOW_SAMPLES} from '../../../../../src/core/engine/transport/engine-messages.js';
import {openRemoteEngine} from '../../../../../src/core/engine/transport/remote-engine.js';
import {serveEngine} from '../../../../../src/core/engine/transport/serve-engine.js';
import {InfinisstError} from '../../../../../src/core/errors.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {openPortPair, openServedEngine, openTcpPair} from '../../../../helpers/remote-pair.js';
import {scriptedAudio} from '../../../../helpers/scripted-audio.js';

const options = {sourceLanguage: 'en', targets: ['same'], latencyMultiplier: 1} as const;

async function readAll(updates: AsyncIterable<SessionUpdate>): Promise<SessionUpdate[]> {
	const all: SessionUpdate[] = [];
	for await (const update of updates) all.push(update);
	return all;
}

describe('openRemoteEngine()', () => {
	it('rejects with what kept the engine from opening, its code and its hint', async () => {
		const {caller, listener} = openPortPair();
		const fault = new InfinisstError('MODEL_CORRUPT', 'x cannot be read', {hint: 'Pull it again.'});
		const serving = serveEngine(listener, Promise.reject(fault));
		const error = await catchRejection(openRemoteEngine(caller));
		expect([error.code, error.message, error.hint]).toEqual([
			'MODEL_CORRUPT',
			'x cannot be read',
			'Pull it again.',
		]);
		expect(await serving).toBeUndefined();
	});

	it('rejects with REPLICA_LOST when the other end closes instead of answering', async () => {
		const {caller, listener} = openPortPair();
		const opening = catchRejection(openRemoteEngine(caller));
		listener.close();
		expect((await opening).code).toBe('REPLICA_LOST');
	});

	it('rejects with the reason of the signal, and closes the channel', async () => {
		const {caller, listener} = openPortPair();
		const serving = serveEngine(listener, new Promise<Engine>(() => undefined));
		const controller = new AbortController();
		const opening = openRemoteEngine(caller, {signal: controller.signal});
		const reason = {kind: 'no error at all'};
		controller.abort(reason);
		await expect(opening).rejects.toBe(reason);
		void serving;
	});
});

describe('an engine at the other end of a channel', () => {
	it('hands on a fault of a session with its code and its hint, after the updates before it', async () => {
		const engine = createScriptedEngine({
			faults: [{atMs: 3000, code: 'MODEL_CORRUPT', hint: 'Pull it again.'}],
		});
		const remote = await openServedEngine(openPortPair(), engine);
		const session = await remote.openSession(options);
		await session.write(scriptedAudio(5));
		const iterator = session.updates[Symbol.asyncIterator]();
		expect((await iterator.next()).done).toBe(false);
		expect((await iterator.next()).done).toBe(false);
		const error = await catchRejection(iterator.next());
		expect([error.code, error.hint]).toEqual(['MODEL_CORRUPT', 'Pull it again.']);
		expect(await catchRejection(session.write(scriptedAudio(1)))).toBe(error);
		await remote.close();
	});

	it.each([
		['threads', () => Promise.resolve(openPortPair())],
		['a socket', () => openTcpPair()],
	])('leaves the samples that were written to who wrote them, between %s', async (_where, openPair) => {
		const remote = await openServedEngine(await openPair(), createScriptedEngine());
		const session = await remote.openSession(options);
		const audio = scriptedAudio(8);
		const before = audio.slice();
		// All of a buffer, a part of one, and few enough to be gathered.
		const parts = [audio.slice(0, 16_000), audio.subarray(16_000, 127_000), audio.subarray(127_000)];
		for (const part of parts) await session.write(part);
		session.end();
		const told = await readAll(session.updates);
		expect(parts.map(({length}) => length)).toEqual([16_000, 111_000, 1000]);
		expect([parts[0]!.every((sample, index) => sample === before[index]), audio]).toEqual([true, before]);

		const direct = await createScriptedEngine().openSession(options);
		await direct.write(before);
		direct.end();
		expect(told.flatMap(({events}) => events.filter(({type}) => type === 'text-final'))).toEqual(
			(await readAll(direct.updates)).flatMap(({events}) => events.filter(({type}) => type === 'text-final')),
		);
		await remote.close();
	});

	it('is lost with all its sessions and calls when the channel breaks', async () => {
		const engine = createScriptedEngine();
		const pair = await openTcpPair();
		const serving = serveEngine(pair.listener, engine);
		const remote = await openRemoteEngine(pair.caller);
		const sessions = await Promise.all([1, 2, 3].map(() => remote.openSession(options)));
		await sessions[0]!.write(scriptedAudio(2));
		const before = await sessions[0]!.updates[Symbol.asyncIterator]().next();
		expect(before.done).toBe(false);
		const reading = sessions.map(session => catchRejection(readAll(session.updates)));
		pair.listener.close();
		for (const error of await Promise.all(reading)) {
			expect([error.code, error.retryable]).toEqual(['REPLICA_LOST', true]);
		}
		expect((await remote.gone).code).toBe('REPLICA_LOST');
		expect((await catchRejection(sessions[1]!.write(scriptedAudio(1)))).code).toBe('REPLICA_LOST');
		expect((await catchRejection(remote.openSession(options))).code).toBe('REPLICA_LOST');
		expect((await catchRejection(remote.statistics())).code).toBe('REPLICA_LOST');
		// Nothing of the channel runs at the other end either.
		await serving;
		expect((await engine.statistics())[0]!.sessions).toEqual([]);
		await remote.close();
		expect((await catchRejection(remote.openSession(options))).code).toBe('RESOURCE_CLOSED');
	});

	it('is not lost when it is closed', async () => {
		const remote = await openServedEngine(openPortPair(), createScriptedEngine());
		let isLost = false;
		void remote.gone.then(() => (isLost = true));
		await remote.close();
		await new Promise(resolve => setImmediate(resolve));
		expect(isLost).toBe(false);
	});

	it('sends its users elsewhere while it is being ended where it runs', async () => {
		const engine = createScriptedEngine();
		const remote = await openServedEngine(openPortPair(), engine);
		const session = await remote.openSession(options);
		const closing = engine.close();
		expect((await catchRejection(remote.openSession(options))).code).toBe('REPLICA_LOST');
		session.end();
		expect((await readAll(session.updates)).at(-1)!.events.at(-1)!.type).toBe('session-ended');
		await closing;
		await remote.close();
	});

	it('does without a peer that floods it', async () => {
		const {caller, listener} = openPortPair();
		const serving = serveEngine(listener, createScriptedEngine({openCostMs: 60_000}));
		caller.listen({
			onMessage: () => {
				caller.post({type: 'open', session: 0, id: undefined, options, checkpoint: undefined});
				const samples = new Float32Array(AUDIO_WINDOW_SAMPLES);
				for (let count = 0; count < 3; count++) caller.post({type: 'audio', session: 0, samples});
			},
			onClose: () => undefined,
		});
		expect(await serving).toMatchObject({
			code: 'PEER_REFUSED',
			message: 'A peer sent more audio than there is room for',
		});
	});

	it.each([
		['what is no request', 'hello'],
		['a session that is open', {type: 'open', session: 0, options}],
	])('does without a peer that asks for %s', async (_title, message) => {
		const {caller, listener} = openPortPair();
		const serving = serveEngine(listener, createScriptedEngine());
		caller.listen({
			onMessage: () => {
				caller.post({type: 'open', session: 0, options});
				caller.post(message);
			},
			onClose: () => undefined,
		});
		expect(await serving).toMatchObject({code: 'PEER_REFUSED'});
	});
});
