import {describe, expect, it} from 'vitest';

import type {ServerMessage} from '../../../../src/core/session/stream-protocol.js';
import {EventLog, KEPT_BYTES} from '../../../../src/server/stream/event-log.js';

describe('EventLog', () => {
	it('numbers events as they are read, from 0', () => {
		const log = new EventLog();
		log.append(final('a'));
		log.append(final('b'));
		expect([readSeq(log, 0), readSeq(log, 1), log.read(2)]).toEqual([0, 1, undefined]);
	});

	it('drops guesses that were overtaken before anybody read them, and leaves no gap', () => {
		const log = new EventLog();
		log.append(partial('de', 'ei'));
		log.append(partial('en', 'on'));
		log.append(lag(1));
		log.append(partial('de', 'eins'));
		log.append(lag(2));
		log.append(final('one', 'en'));
		expect(readAll(log)).toMatchObject([
			{seq: 0, type: 'partial', target: 'de', text: 'eins'},
			{seq: 1, type: 'lag', lag_ms: 2},
			{seq: 2, type: 'final', text: 'one'},
		]);
	});

	it('keeps a guess that was read, so that it can be read again', () => {
		const log = new EventLog();
		log.append(partial('de', 'ei'));
		log.read(0);
		log.append(partial('de', 'eins'));
		expect(readAll(log)).toMatchObject([{text: 'ei'}, {text: 'eins'}]);
	});

	it('never drops a final', () => {
		const log = new EventLog();
		for (let index = 0; index < 100; index++) {
			log.append(final(`${index}`));
			log.append(partial('de', `guess ${index}`));
		}
		expect(readAll(log).filter(({type}) => type === 'final')).toHaveLength(100);
	});

	it('gives nothing from a hold on until it is released', () => {
		const log = new EventLog();
		log.append(final('a'));
		const release = log.hold();
		log.append(final('b'));
		expect([readSeq(log, 0), log.read(1)]).toEqual([0, undefined]);
		const releaseNext = log.hold();
		log.append(final('c'));
		release();
		expect([readSeq(log, 1), log.read(2)]).toEqual([1, undefined]);
		releaseNext();
		expect(readSeq(log, 2)).toBe(2);
	});

	it('forgets what was acknowledged, and never what was not read', () => {
		const log = new EventLog();
		for (const text of ['a', 'b', 'c']) log.append(final(text));
		log.number();
		log.read(0);
		log.acknowledge(2);
		expect([log.firstSeq, log.endSeq]).toEqual([1, 3]);
		expect(log.read(0)).toBeUndefined();
		expect(readSeq(log, 1)).toBe(1);
	});

	it('forgets the oldest that were read above its size, and keeps the rest', () => {
		const log = new EventLog();
		const text = 'x'.repeat(100_000);
		for (let index = 0; index < 20; index++) log.append(final(text));
		log.number();
		expect(log.bytes).toBeGreaterThan(KEPT_BYTES);
		for (let seq = 0; seq < 20; seq++) expect(readSeq(log, seq)).toBe(seq);
		expect(log.bytes).toBeLessThanOrEqual(KEPT_BYTES);
		expect(log.firstSeq).toBe(10);
	});

	it('begins where it is told to', () => {
		const log = new EventLog(7);
		log.append(final('a'));
		expect([readSeq(log, 7), log.endSeq]).toEqual([7, 8]);
	});
});

const place = {seq: -5, at_ms: 0, language: 'de', segment: 0, start_ms: 0, end_ms: 0, audio_ms: 0};

function final(text: string, target = 'de'): ServerMessage {
	return {type: 'final', ...place, target, text};
}

function partial(target: string, text: string): ServerMessage {
	return {type: 'partial', ...place, target, text};
}

function lag(lagMs: number): ServerMessage {
	return {
		type: 'lag',
		seq: 0,
		at_ms: 0,
		lag_ms: lagMs,
		audio_ms: 0,
		final_ms: 0,
		level_decibels: -20,
		source_language: null,
	};
}

function readSeq(log: EventLog, seq: number): number | undefined {
	const bytes = log.read(seq);
	return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as ServerMessage).seq;
}

function readAll(log: EventLog): ServerMessage[] {
	const all: ServerMessage[] = [];
	for (let seq = log.firstSeq; ; seq++) {
		const bytes = log.read(seq);
		if (bytes === undefined) return all;
		all.push(JSON.parse(bytes.toString()) as ServerMessage);
	}
}
