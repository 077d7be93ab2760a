import {describe, expect, it} from 'vitest';

import type {SessionUpdate} from '../../../../src/core/engine/engine.js';
import {MAX_UNREAD_UPDATES, UpdateQueue} from '../../../../src/core/engine/update-queue.js';

const update = (firstSample: number): SessionUpdate => ({
	events: [],
	checkpoint: {firstSample, commands: 0, state: undefined},
});

describe('UpdateQueue', () => {
	it('hands updates on in order, those that are there and those that come, then ends', async () => {
		const queue = new UpdateQueue();
		const reader = queue.updates[Symbol.asyncIterator]();
		queue.push(update(1));
		expect(await reader.next()).toEqual({done: false, value: update(1)});
		const next = reader.next();
		queue.push(update(2));
		queue.end();
		expect(await next).toEqual({done: false, value: update(2)});
		expect(await reader.next()).toEqual({done: true, value: undefined});
		expect(await reader.next()).toEqual({done: true, value: undefined});
	});

	it('throws a failure after the updates before it', async () => {
		const queue = new UpdateQueue();
		const reason = new Error('lost');
		queue.push(update(1));
		queue.fail(reason);
		queue.push(update(2));
		const reader = queue.updates[Symbol.asyncIterator]();
		expect(await reader.next()).toEqual({done: false, value: update(1)});
		await expect(reader.next()).rejects.toBe(reason);
		await expect(reader.next()).rejects.toBe(reason);
	});

	it('hands an update that a reader waits for on before an end that comes at once', async () => {
		const queue = new UpdateQueue();
		const reader = queue.updates[Symbol.asyncIterator]();
		const next = reader.next();
		queue.push(update(1));
		queue.push(update(2));
		queue.fail('lost');
		expect(await next).toEqual({done: false, value: update(1)});
		expect(await reader.next()).toEqual({done: false, value: update(2)});
		await expect(reader.next()).rejects.toBe('lost');
	});

	it('throws at once, for the first reason, when it is aborted', async () => {
		const queue = new UpdateQueue();
		const reader = queue.updates[Symbol.asyncIterator]();
		const reading = reader.next();
		queue.abort('first');
		queue.abort('second');
		queue.fail('third');
		await expect(reading).rejects.toBe('first');
		await expect(reader.next()).rejects.toBe('first');
	});

	it('has room again when one of many updates was read', async () => {
		let taken = 0;
		const queue = new UpdateQueue(() => taken++);
		for (let index = 0; index < MAX_UNREAD_UPDATES; index++) {
			await queue.waitForRoom();
			queue.push(update(index));
		}
		let hasRoom = false;
		const waiting = queue.waitForRoom().then(() => (hasRoom = true));
		await Promise.resolve();
		expect({hasRoom, taken}).toEqual({hasRoom: false, taken: 0});
		await queue.updates[Symbol.asyncIterator]().next();
		await waiting;
		expect(taken).toBe(1);
	});

	it('keeps nobody waiting for room after its end', async () => {
		const queue = new UpdateQueue();
		for (let index = 0; index < MAX_UNREAD_UPDATES; index++) queue.push(update(index));
		const waiting = queue.waitForRoom();
		queue.abort('over');
		await waiting;
		expect(queue.isOver).toBe(true);
	});
});
