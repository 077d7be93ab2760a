import {describe, expect, it} from 'vitest';

import {EventLineReader, isEventFile} from '../../../../src/history/collect/log-event-lines.js';

const event = (id: string) => JSON.stringify({event_id: id, timestamp: 1, message: 'µ'});

function readIn(pieces: readonly Buffer[], reader = new EventLineReader('f', Buffer.alloc(0), 0)) {
	const read = pieces.map(piece => reader.read(piece));
	return {
		ids: read.flatMap(({events}) => events.map(({eventId}) => eventId)),
		damages: read.flatMap(({damages}) => damages.map(({place, reason}) => `${place}: ${reason}`)),
	};
}

describe('the lines of an event file that grows', () => {
	it('are the same wherever it was cut', () => {
		const bytes = Buffer.from(`${event('a')}\n\nnothing\n${event('b')}\n`);
		const at = Buffer.byteLength(event('a')) + 2;
		for (let cut = 0; cut <= bytes.length; cut += 1) {
			const {ids, damages} = readIn([bytes.subarray(0, cut), bytes.subarray(cut)]);
			expect([...new Set(ids)]).toEqual(['a', 'b']);
			expect(damages).toEqual([`byte ${at}: no event`]);
		}
	});

	it('are read on from the beginning of a line that is stored already', () => {
		const held = Buffer.from(event('a').slice(0, 9));
		const reader = new EventLineReader('f', held, 1000);
		expect(readIn([Buffer.from(`${event('a').slice(9)}\nx\n`)], reader)).toEqual({
			ids: ['a'],
			damages: [`byte ${1000 - 9 + Buffer.byteLength(event('a')) + 1}: no event`],
		});
	});

	it('are counted once when one is longer than is taken, and read on after it', () => {
		const part = Buffer.alloc(1_500_000, 'x');
		const {ids, damages} = readIn([
			Buffer.from(`${event('a')}\n`),
			...[part, part, part],
			Buffer.from(`\n${event('b')}\n`),
		]);
		expect(ids).toEqual(['a', 'b']);
		const at = Buffer.byteLength(event('a')) + 1;
		expect(damages).toEqual([`byte ${at}: more than the 2097152 bytes that are taken of a line`]);
	});

	it.each([
		['events/event_GCS.log', true],
		['events/event_GCS.1.log', true],
		['events/event_JOBS.log.2', true],
		['event_GCS.log', false],
		['export_events/event_EXPORT_TASK_1.log', false],
		['events/event_GCS.txt', false],
	])('are those of %s: %s', (path, isOne) => {
		expect(isEventFile(path)).toBe(isOne);
	});
});
