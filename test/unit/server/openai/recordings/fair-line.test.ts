import {describe, expect, it} from 'vitest';
import {FairLine, type Release} from '../../../../../src/server/openai/recordings/fair-line.js';
import {rejectionOf} from '../../../../helpers/rejection-of.js';
import {settle} from '../../../../helpers/hosted.js';

const never = new AbortController().signal;

/** Enters a line under names, and tells in which order they get in. */
function watchLine(line: FairLine) {
	const order: string[] = [];
	const releases = new Map<string, Release>();
	return {
		order,
		enter: (owner: string, name: string): void => {
			void line.enter(owner, never).then(release => {
				order.push(name);
				releases.set(name, release);
			});
		},
		leave: async (name: string): Promise<void> => {
			releases.get(name)!();
			await settle();
		},
	};
}

describe('FairLine', () => {
	it('lets in more when more may be, from the next that leaves on, and fewer when fewer may', async () => {
		let most = 1;
		const line = new FairLine(() => most);
		const {order, enter, leave} = watchLine(line);
		for (const name of ['a', 'b', 'c', 'd']) enter(name, name);
		await settle();
		expect(order).toEqual(['a']);
		most = 2;
		await leave('a');
		expect(order).toEqual(['a', 'b', 'c']);
		most = 1;
		await leave('b');
		expect(order).toEqual(['a', 'b', 'c']);
		await leave('c');
		expect(order).toEqual(['a', 'b', 'c', 'd']);
		expect(line.running).toBe(1);
	});

	it('lets owners take turns, however many one of them brought before the others came', async () => {
		const {order, enter, leave} = watchLine(new FairLine(() => 1));
		for (const name of ['a1', 'a2', 'a3']) enter('a', name);
		for (const name of ['b1', 'b2']) enter('b', name);
		enter('c', 'c1');
		await settle();
		for (const name of ['a1', 'a2', 'b1', 'c1', 'a3']) await leave(name);
		expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2']);
	});

	it('lets so many in at a time, and counts a place that is given up twice once', async () => {
		const line = new FairLine(() => 2);
		const first = await line.enter('a', never);
		await line.enter('a', never);
		expect(line.running).toBe(2);
		first();
		first();
		expect(line.running).toBe(1);
		await line.enter('a', never);
		expect(line.running).toBe(2);
	});

	it('forgets who gives up waiting, with the reason of the signal', async () => {
		const line = new FairLine(() => 1);
		const release = await line.enter('a', never);
		const gone = new AbortController();
		const reason = new Error('gone');
		const waiting = rejectionOf(line.enter('b', gone.signal));
		const next = line.enter('c', never);
		gone.abort(reason);
		expect(await waiting).toBe(reason);
		release();
		await next;
		expect(line.running).toBe(1);
		expect(await rejectionOf(line.enter('d', gone.signal))).toBe(reason);
	});
});
