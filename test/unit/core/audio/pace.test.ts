import {describe, expect, it} from 'vitest';

import {paceAudio} from '../../../../src/core/audio/pace.js';
import {FakeClock} from '../../../helpers/fake-context.js';

/** One second of audio in blocks of the given lengths in turn; each sample is its own number. */
function recording(...lengths: number[]): {stream: ReadableStream<Float32Array>; cancelledWith: unknown[]} {
	let next = 0;
	const cancelledWith: unknown[] = [];
	const blocks = lengths.map(length => Float32Array.from({length}, () => next++));
	const stream = new ReadableStream<Float32Array>({
		pull(controller) {
			const block = blocks.shift();
			if (block === undefined) controller.close();
			else controller.enqueue(block);
		},
		cancel: reason => void cancelledWith.push(reason),
	});
	return {stream, cancelledWith};
}

/** Lets everything that is due happen. */
const settle = () => new Promise(resolve => setImmediate(resolve));

function readAll(stream: ReadableStream<Float32Array>): {read: number[]} {
	const result = {read: [] as number[]};
	void (async () => {
		for await (const block of stream) result.read.push(...block);
	})();
	return result;
}

describe('paceAudio', () => {
	it.each([
		[1, [0, 1600, 3200, 4800]],
		[2, [0, 3200, 6400, 9600]],
		[0.5, [0, 0, 1600, 1600]],
	])('lets no sample out before it would have been heard, at speed %d', async (speed, heard) => {
		const clock = new FakeClock();
		const {read} = readAll(paceAudio(recording(16_000).stream, {clock, speed}));
		for (const samples of heard) {
			await settle();
			expect(read).toHaveLength(samples);
			clock.advance(100);
		}
	});

	it('gives every sample once and in order, whatever blocks they come in', async () => {
		const clock = new FakeClock();
		const {read} = readAll(paceAudio(recording(1, 5000, 700, 1600, 3200, 17).stream, {clock}));
		for (let step = 0; step < 20; step++) {
			await settle();
			clock.advance(100);
		}
		await settle();
		expect(read).toEqual(Array.from({length: 10_518}, (_, index) => index));
	});

	it('does not drift: what a slow reader missed comes at once, and the next block at its own time', async () => {
		const clock = new FakeClock();
		const reader = paceAudio(recording(16_000).stream, {clock}).getReader();
		const first = reader.read();
		await settle();
		clock.advance(100);
		await first;
		// The reader is busy for 350 ms: two more blocks are due and one is not.
		clock.advance(350);
		expect((await reader.read()).value?.[0]).toBe(1600);
		expect((await reader.read()).value?.[0]).toBe(3200);
		expect((await reader.read()).value?.[0]).toBe(4800);
		let isThere = false;
		void reader.read().then(() => (isThere = true));
		await settle();
		clock.advance(49);
		await settle();
		expect(isThere).toBe(false);
		clock.advance(1);
		await settle();
		expect(isThere).toBe(true);
	});

	it('begins to count at the first read, not when it was made', async () => {
		const clock = new FakeClock();
		const paced = paceAudio(recording(16_000).stream, {clock});
		clock.advance(5000);
		const {read} = readAll(paced);
		await settle();
		expect(read).toEqual([]);
	});

	it('hands a cancel on, also while it waits', async () => {
		const {stream, cancelledWith} = recording(8000, 8000, 8000);
		const reader = paceAudio(stream, {clock: new FakeClock()}).getReader();
		const waiting = reader.read();
		await settle();
		await reader.cancel('enough');
		expect(cancelledWith).toEqual(['enough']);
		expect(await waiting).toEqual({done: true, value: undefined});
	});
});
