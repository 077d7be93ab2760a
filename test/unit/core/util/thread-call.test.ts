import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {InfinisstError} from '../../../../src/core/errors.js';
import {startThread, type ThreadHandle} from '../../../../src/core/util/thread-call.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';

// Threads are started from the built files (`npm run build`).
const echoThread = new URL('../../../helpers/echo-thread.js', import.meta.url).href;

describe('startThread()', () => {
	let thread: ThreadHandle;

	beforeAll(() => {
		thread = startThread(echoThread, {name: 'data'});
	});

	afterAll(() => thread.close());

	it('hands its data to the thread', async () => {
		expect(await thread.call('workerData', undefined)).toEqual({name: 'data'});
	});

	it('gives each of many overlapping calls its own result', async () => {
		const calls = Array.from({length: 50}, (_, index) => thread.call('echo', {index}));
		expect(await Promise.all(calls)).toEqual(calls.map((_, index) => ({index})));
	});

	it('moves buffers there and back instead of copying them', async () => {
		const values = Float32Array.of(1, 2, 3);
		const {buffer} = values;
		const result = (await thread.call('double', values, {transfer: [buffer]})) as {values: Float32Array};
		expect(result.values).toEqual(Float32Array.of(2, 4, 6));
		expect(buffer.byteLength).toBe(0);
	});

	it('rejects with the code, the message and the hint of what the thread threw', async () => {
		const fault = {code: 'MODEL_CORRUPT', message: 'x cannot be read', hint: 'Pull it again.'};
		const error = await catchRejection(thread.call('fail', fault));
		expect({code: error.code, message: error.message, hint: error.hint}).toEqual(fault);
		expect(error).toBeInstanceOf(InfinisstError);
		expect(error.stack).toContain('echo-thread.js');
	});

	it.each([['throwError'], ['throwText']])('rejects with a plain error for %s', async method => {
		const error: unknown = await thread.call(method, 'what happened').catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(Error);
		expect(InfinisstError.is(error)).toBe(false);
		expect((error as Error).message).toBe('what happened');
	});

	it('rejects where a result cannot be sent, or nobody answers', async () => {
		await expect(thread.call('returnFunction', undefined)).rejects.toThrow('could not be cloned');
		await expect(thread.call('noSuchMethod', undefined)).rejects.toThrow(Error);
	});

	it('rejects where an argument cannot be sent, and forgets the call', async () => {
		const controller = new AbortController();
		const call = thread.call('echo', () => undefined, {signal: controller.signal});
		await expect(call).rejects.toThrow('could not be cloned');
		controller.abort();
		expect(await thread.call('echo', 1)).toBe(1);
	});

	it('rejects with the reason of the signal at once, and tells the thread', async () => {
		const before = (await thread.call('countAborted', undefined)) as number;
		const controller = new AbortController();
		const reason = {kind: 'no error at all'};
		const call = thread.call('wait', undefined, {signal: controller.signal});
		const settled = call.catch((error: unknown) => error);
		controller.abort(reason);
		expect(await settled).toBe(reason);
		expect(await thread.call('countAborted', undefined)).toBe(before + 1);
	});

	it('does not make a call whose signal has fired already', async () => {
		const before = (await thread.call('countAborted', undefined)) as number;
		const reason = new Error('too late');
		const call = thread.call('wait', undefined, {signal: AbortSignal.abort(reason)});
		await expect(call).rejects.toBe(reason);
		expect(await thread.call('countAborted', undefined)).toBe(before);
	});

	it('pays no attention to a signal that fires after the result', async () => {
		const controller = new AbortController();
		expect(await thread.call('echo', 'done', {signal: controller.signal})).toBe('done');
		controller.abort();
		expect(await thread.call('echo', 'next')).toBe('next');
	});
});

describe('a thread that dies', () => {
	it.each([
		['throws where nobody catches', 'crash'],
		['ends itself', 'exit'],
	])('rejects all calls with INTERNAL_FAULT when it %s', async (_title, method) => {
		const thread = startThread(echoThread, undefined);
		const waiting = thread.call('wait', undefined);
		const deadly = thread.call(method, undefined);
		const errors = await Promise.all([catchRejection(waiting), catchRejection(deadly)]);
		expect(errors.map(({code}) => code)).toEqual(['INTERNAL_FAULT', 'INTERNAL_FAULT']);
		expect((await catchRejection(thread.call('echo', 1))).code).toBe('INTERNAL_FAULT');
		await thread.close();
	});

	it('rejects the first call when its module cannot be loaded', async () => {
		const thread = startThread(new URL('no-such-thread.js', import.meta.url).href, undefined);
		expect((await catchRejection(thread.call('echo', 1))).code).toBe('INTERNAL_FAULT');
		await thread.close();
	});
});

describe('close()', () => {
	it('rejects calls under way and later ones with RESOURCE_CLOSED, and may be repeated', async () => {
		const thread = startThread(echoThread, undefined);
		await thread.call('echo', 1);
		const waiting = catchRejection(thread.call('wait', undefined));
		await Promise.all([thread.close(), thread.close()]);
		expect((await waiting).code).toBe('RESOURCE_CLOSED');
		expect((await catchRejection(thread.call('echo', 1))).code).toBe('RESOURCE_CLOSED');
		await thread.close();
	});

	it('ends no thread in the middle of its work', async () => {
		// Ended inside native code, a thread takes the process with it.
		const counter = new Int32Array(new SharedArrayBuffer(8));
		const thread = startThread(echoThread, {counter});
		await thread.call('echo', 1);
		const blocked = [thread.call('block', 50), thread.call('block', 50)].map(catchRejection);
		await thread.close();
		expect((await Promise.all(blocked)).map(({code}) => code)).toEqual([
			'RESOURCE_CLOSED',
			'RESOURCE_CLOSED',
		]);
		expect(counter[0]).toBe(2);
	});
});
