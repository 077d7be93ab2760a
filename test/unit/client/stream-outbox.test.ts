import {describe, expect, it} from 'vitest';

import {StreamOutbox} from '../../../src/client/stream-outbox.js';

describe('StreamOutbox', () => {
	it('goes on in the middle of a piece', () => {
		const outbox = filled();
		takeAll(outbox);
		expect(outbox.rewind({received_samples: 5, received_commands: 1})).toBe(true);
		expect(takeAll(outbox)).toEqual([[5, 6, 7], 'end']);
	});

	it('says a command again that the server has not, at its place', () => {
		const outbox = filled();
		takeAll(outbox);
		outbox.rewind({received_samples: 2, received_commands: 0});
		expect(takeAll(outbox)).toEqual([[2, 3], 'flush', [4, 5, 6, 7], 'end']);
	});

	it('goes back before what it had gone on from, as long as that is not saved', () => {
		const outbox = filled();
		takeAll(outbox);
		outbox.rewind({received_samples: 7, received_commands: 1});
		outbox.rewind({received_samples: 1, received_commands: 1});
		expect(takeAll(outbox)).toEqual([[1, 2, 3], [4, 5, 6], [7], 'end']);
	});

	it('forgets what is saved, and says when it is asked for all the same', () => {
		const outbox = filled();
		takeAll(outbox);
		outbox.forget({samples: 6, commands: 1});
		expect(outbox.keptSamples).toBe(2);
		expect(outbox.rewind({received_samples: 3, received_commands: 1})).toBe(false);
		expect(outbox.rewind({received_samples: 9, received_commands: 1})).toBe(false);
		expect(outbox.rewind({received_samples: 6, received_commands: 1})).toBe(true);
		expect(takeAll(outbox)).toEqual([[6, 7], 'end']);
	});

	it('never forgets what was not sent', () => {
		const outbox = filled();
		outbox.forget({samples: 8, commands: 2});
		expect(takeAll(outbox)).toEqual([[0, 1, 2, 3], 'flush', [4, 5, 6, 7], 'end']);
	});
});

function filled(): StreamOutbox {
	const outbox = new StreamOutbox();
	outbox.write(Float32Array.of(0, 1, 2, 3));
	outbox.command({type: 'flush'});
	outbox.write(Float32Array.of(4, 5, 6, 7));
	outbox.command({type: 'end'});
	return outbox;
}

function takeAll(outbox: StreamOutbox): (number[] | string)[] {
	const all: (number[] | string)[] = [];
	for (let item = outbox.take(); item !== undefined; item = outbox.take()) {
		all.push(item.type === 'command' ? item.command.type : [...item.samples]);
	}
	return all;
}
