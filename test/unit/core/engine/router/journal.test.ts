import {describe, expect, it} from 'vitest';

import {Journal, type JournalPosition} from '../../../../../src/core/engine/router/journal.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {catchError} from '../../../../helpers/catch-error.js';

/** All that a journal holds from a position on: audio as its samples, commands as text. */
function readAll(
	journal: Journal,
	from: JournalPosition = journal.start,
): {told: unknown[]; position: JournalPosition} {
	const told: unknown[] = [];
	let position = from;
	for (let step = journal.read(position); step !== undefined; step = journal.read(position)) {
		const {entry, next} = step;
		if (entry.type === 'samples') told.push(...entry.samples);
		else if (entry.type === 'change') told.push(`change ${entry.change.latencyMultiplier}`);
		else told.push(entry.type);
		position = next;
	}
	return {told, position};
}

function ramp(length: number, from = 0): Float32Array {
	return Float32Array.from({length}, (_, index) => from + index);
}

describe('Journal', () => {
	it('tells everything in the order in which it came', () => {
		const journal = new Journal({firstSample: 0, commands: 0});
		journal.flush();
		journal.write(ramp(3));
		journal.change({latencyMultiplier: 4});
		journal.flush();
		journal.write(ramp(2, 3));
		journal.end();
		expect(readAll(journal).told).toEqual(['flush', 0, 1, 2, 'change 4', 'flush', 3, 4, 'end']);
	});

	it('tells what came since where somebody stopped reading', () => {
		const journal = new Journal({firstSample: 0, commands: 0});
		journal.write(ramp(3));
		const {position} = readAll(journal);
		expect(journal.read(position)).toBeUndefined();
		journal.flush();
		journal.write(ramp(1, 3));
		journal.end();
		expect(readAll(journal, position).told).toEqual(['flush', 3, 'end']);
	});

	it('tells again, from the checkpoint on, the samples and the commands that it does not cover', () => {
		const journal = new Journal({firstSample: 0, commands: 0});
		journal.write(ramp(4));
		journal.flush();
		journal.write(ramp(4, 4));
		journal.change({latencyMultiplier: 3});
		journal.write(ramp(4, 8));
		const {position} = readAll(journal);
		// The first command was obeyed, though audio before it is still needed.
		journal.trim({firstSample: 2, commands: 1}, position);
		expect(readAll(journal).told).toEqual([2, 3, 4, 5, 6, 7, 'change 3', 8, 9, 10, 11]);
		journal.trim({firstSample: 8, commands: 1}, position);
		expect(readAll(journal).told).toEqual(['change 3', 8, 9, 10, 11]);
		journal.trim({firstSample: 12, commands: 2}, position);
		expect(readAll(journal).told).toEqual([]);
		journal.end();
		expect(readAll(journal).told).toEqual(['end']);
	});

	it('begins where the session goes on', () => {
		const journal = new Journal({firstSample: 1000, commands: 7});
		expect(journal.start).toEqual({sample: 1000, command: 7, hasEnded: false});
		journal.write(ramp(2));
		journal.flush();
		journal.trim({firstSample: 1001, commands: 7}, readAll(journal).position);
		expect(readAll(journal).told).toEqual([1, 'flush']);
	});

	it('tells no sample twice and forgets none, however it is written, read and trimmed', () => {
		for (let seed = 0; seed < 20; seed++) {
			const random = createRandom(seed);
			const below = (limit: number): number => Math.floor(random() * limit);
			const journal = new Journal({firstSample: 0, commands: 0});
			let reader = journal.start;
			let written = 0;
			let expected = 0;
			for (let round = 0; round < 30; round++) {
				const length = below([2, 300, 5000, 50_000][below(4)]!);
				journal.write(ramp(length, written));
				written += length;
				const seen = readAll(journal, reader);
				// One comparison for each is slow.
				const isRight = seen.told.every((sample, index) => sample === expected + index);
				expect(isRight && seen.told.length === written - expected, `seed ${seed}`).toBe(true);
				expected = written;
				reader = seen.position;
				if (below(3) > 0) continue;
				const first = journal.start.sample + below(written - journal.start.sample + 1);
				journal.trim({firstSample: first, commands: 0}, reader);
				const again = readAll(journal).told;
				expect(again.length, `seed ${seed}`).toBe(written - first);
				if (again.length > 0) expect(again[0], `seed ${seed}`).toBe(first);
			}
		}
	});

	it('reads long audio in pieces of two seconds, without copying it', () => {
		const journal = new Journal({firstSample: 0, commands: 0});
		const audio = ramp(80_000);
		journal.write(audio);
		const first = journal.read(journal.start)!;
		expect(first.entry).toMatchObject({type: 'samples', samples: {length: 32_000}});
		expect((first.entry as {samples: Float32Array}).samples.buffer).toBe(audio.buffer);
		expect(first.next.sample).toBe(32_000);
	});

	it('takes hardly more memory than its audio, though that came sample by sample', () => {
		const journal = new Journal({firstSample: 0, commands: 0});
		for (let sample = 0; sample < 100_000; sample++) journal.write(ramp(1, sample));
		expect(journal.bytes).toBeLessThan(1.1 * 4 * 100_000);
		const {told, position} = readAll(journal);
		expect(told).toHaveLength(100_000);
		journal.trim({firstSample: 99_999, commands: 0}, position);
		expect(journal.bytes).toBeLessThan(50_000);
		expect(readAll(journal).told).toEqual([99_999]);
	});

	it.each([
		['goes back', {firstSample: 3, commands: 1}],
		['goes back in commands', {firstSample: 6, commands: 0}],
		['has heard what was not told', {firstSample: 9, commands: 1}],
		['has obeyed what was not told', {firstSample: 6, commands: 2}],
		['is no number', {firstSample: Number.NaN, commands: 1}],
	])('refuses a checkpoint that %s', (_title, checkpoint) => {
		const journal = new Journal({firstSample: 0, commands: 0});
		journal.write(ramp(8));
		journal.flush();
		const {position} = readAll(journal);
		journal.write(ramp(8));
		journal.flush();
		journal.trim({firstSample: 5, commands: 1}, position);
		expect(catchError(() => journal.trim(checkpoint, position))).toMatchObject({code: 'INTERNAL_FAULT'});
		expect(journal.start).toEqual({sample: 5, command: 1, hasEnded: false});
	});
});
