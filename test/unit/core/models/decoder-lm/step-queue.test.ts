import {describe, expect, it} from 'vitest';
import {StepQueue, type StepRunner} from '../../../../../src/core/models/decoder-lm/step-queue.js';
import {systemClock} from '../../../../../src/core/util/clock.js';

interface Row {
	readonly name: string;
	length: number;
}

/** Writes down who ran with whom; logits tell how long the row is. */
class Recorder implements StepRunner<Row> {
	readonly runs: string[] = [];
	readonly byteLength = 0;
	/** Called before each run. */
	onRun: () => void = () => undefined;

	step(rows: readonly Row[], tokens: readonly (readonly number[])[]): Promise<Float32Array[]> {
		this.onRun();
		this.runs.push(rows.map(({name}, order) => `${name}${tokens[order]!.length}`).join(' '));
		for (const [order, row] of rows.entries()) row.length += tokens[order]!.length;
		return Promise.resolve(rows.map(({length}) => Float32Array.of(length)));
	}

	cut(row: Row, length: number): void {
		row.length = length;
	}
}

function open(maxBatchSize = 4) {
	const runner = new Recorder();
	const queue = new StepQueue(runner, {clock: systemClock, maxBatchSize});
	const row = (name: string): Row => ({name, length: 0});
	return {runner, queue, row};
}

const list = (length: number): number[] => new Array<number>(length).fill(1);

describe('StepQueue', () => {
	it('runs together what is there at the same time, and no more than may', async () => {
		const {runner, queue, row} = open();
		const rows = ['a', 'b', 'c', 'd', 'e', 'f'].map(row);
		await Promise.all(rows.map(each => queue.step(each, [1])));
		expect(runner.runs).toEqual(['a1 b1 c1 d1', 'e1 f1']);
		expect(queue.statistics.batchSizes).toEqual({2: 1, 4: 1});
	});

	it('keeps together those who go on at once after an answer', async () => {
		const {runner, queue, row} = open();
		const go = async (each: Row): Promise<void> => {
			for (let step = 0; step < 3; step++) await queue.step(each, [1]);
		};
		await Promise.all(['a', 'b'].map(name => go(row(name))));
		expect(runner.runs).toEqual(['a1 b1', 'a1 b1', 'a1 b1']);
	});

	it('takes the earliest deadline first, and with it what is about as long', async () => {
		const {runner, queue, row} = open();
		await Promise.all([
			queue.step(row('a'), list(10)),
			queue.step(row('b'), [1], {deadlineMs: 2}),
			queue.step(row('c'), list(6)),
			queue.step(row('d'), list(9), {deadlineMs: 1}),
			queue.step(row('e'), [1]),
		]);
		expect(runner.runs).toEqual(['d9 c6', 'b1 e1', 'a10']);
	});

	it('reads what is long in pieces, between which others have their turn', async () => {
		const {runner, queue, row} = open();
		const long = row('a');
		const [logits] = await Promise.all([queue.step(long, list(150)), queue.step(row('b'), [1])]);
		expect(runner.runs).toEqual(['a64', 'b1', 'a64', 'a22']);
		expect([...logits]).toEqual([150]);
	});

	it('gives up between two pieces, with the row as it was', async () => {
		const {runner, queue, row} = open();
		const stop = new AbortController();
		const reason = new Error('enough');
		const long = row('a');
		await queue.step(long, [1, 2]);
		runner.onRun = () => stop.abort(reason);
		await expect(queue.step(long, list(150), {signal: stop.signal})).rejects.toBe(reason);
		expect(long.length).toBe(2);
		expect(runner.runs).toEqual(['a2', 'a64']);
		await expect(queue.step(long, [1], {signal: stop.signal})).rejects.toBe(reason);
	});

	it('tells everyone whom a fault has hit, and goes on with the others', async () => {
		const {runner, queue, row} = open();
		const fault = new Error('no memory');
		runner.onRun = () => {
			runner.onRun = () => undefined;
			throw fault;
		};
		const settled = await Promise.allSettled(
			['a', 'b'].map(name => queue.step(row(name), [1])).concat(queue.step(row('c'), list(9))),
		);
		expect(settled.map(({status}) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
	});

	it('rejects what waits and what comes when it is closed', async () => {
		const {queue, row} = open();
		const reason = new Error('closed');
		const waiting = queue.step(row('a'), [1]);
		const closing = queue.close(reason);
		await expect(waiting).rejects.toBe(reason);
		await closing;
		await expect(queue.step(row('b'), [1])).rejects.toBe(reason);
	});
});
