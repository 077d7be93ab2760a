import {expect, it} from 'vitest';
import {DeadlineQueue} from '../../../../src/core/util/deadline-queue.js';

it('gives the earliest deadline first, equal ones in order of arrival, and none at last', () => {
	const queue = new DeadlineQueue<string>();
	queue.add('whenever', Infinity);
	queue.add('late', 30);
	queue.add('early', 10);
	queue.add('early too', 10);
	queue.add('whenever too', Infinity);
	expect(queue.first).toEqual({item: 'early', deadlineMs: 10});
	expect(queue.items).toEqual(['early', 'early too', 'late', 'whenever', 'whenever too']);
	expect(queue.take()).toBe('early');
	expect(queue.size).toBe(4);
});

it('removes an entry once, and not another that is equal', () => {
	const queue = new DeadlineQueue<string>();
	queue.add('same', 1);
	const second = queue.add('same', 1);
	queue.add('other', 2);
	expect(queue.remove(second)).toBe(true);
	expect(queue.remove(second)).toBe(false);
	expect(queue.items).toEqual(['same', 'other']);
});

it('has nothing to give when it is empty', () => {
	const queue = new DeadlineQueue<string>();
	expect(queue.first).toBeUndefined();
	expect(queue.take()).toBeUndefined();
});
