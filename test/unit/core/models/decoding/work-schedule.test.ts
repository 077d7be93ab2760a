import {setImmediate as nextTurnOfEvents} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {BatchSettings} from '../../../../../src/core/engine/engine.js';
import {BatchDecoder, type DecodeTask} from '../../../../../src/core/models/decoding/batch-decoder.js';
import type {DecoderRow, SequenceBatch} from '../../../../../src/core/models/decoding/sequence-batch.js';
import {DecoderSource} from '../../../../../src/core/models/decoding/decoder-source.js';
import type {CallTurn} from '../../../../../src/core/models/decoding/call-options.js';
import {WorkSchedule} from '../../../../../src/core/models/decoding/work-schedule.js';
import {FakeClock} from '../../../../helpers/fake-clock.js';

const HEAR_MS = 50;
const STEP_MS = 4;

/** A schedule over a decoder that decodes nothing, and what it did, in order. */
class Play {
	readonly clock = new FakeClock();
	readonly log: string[] = [];
	readonly schedule: WorkSchedule;
	readonly decoder: BatchDecoder;
	readonly settings: BatchSettings;

	constructor(settings: Partial<BatchSettings> = {}) {
		this.settings = {
			maxBatchSize: 4,
			minBatchSize: 1,
			batchTimeoutMs: 1000,
			dynamicBatching: true,
			...settings,
		};
		this.schedule = new WorkSchedule(this.settings, this.clock);
		this.decoder = new BatchDecoder(this.#createBatch(), this.settings, this.clock);
		this.schedule.serve(this.decoder);
	}

	/** Takes 50 ms; `then` is what its caller does with it. */
	async hear(
		name: string,
		options: {
			deadlineMs?: number;
			signal?: AbortSignal;
			onTurn?: (turn: CallTurn) => void;
			then?: () => Promise<void>;
		} = {},
	): Promise<void> {
		await this.schedule.encode(() => {
			this.log.push(`hear ${name}`);
			this.clock.advance(HEAR_MS);
			return Promise.resolve();
		}, options);
		await options.then?.();
	}

	/** Takes so many steps after its prompt. */
	decode(
		name: string,
		options: {
			steps?: number;
			rows?: number;
			source?: DecoderSource;
			deadlineMs?: number;
			signal?: AbortSignal;
			onTurn?: (turn: CallTurn) => void;
			onStep?: (left: number) => void;
		} = {},
	): Promise<void> {
		let left = options.steps ?? 2;
		const next = (): {parent: number; token: number}[] => {
			options.onStep?.(left);
			if (left-- > 0) return [{parent: 0, token: 1}];
			this.log.push(`end ${name}`);
			return [];
		};
		const task: DecodeTask = {
			source: options.source ?? new DecoderSource(50, new Map()),
			// No two of the same length, so that prompts are read one by one.
			prompt: new Array<number>(name.length).fill(0),
			wanted: [0],
			maxRows: options.rows ?? 1,
			withAlignment: false,
			begin: () => {
				this.log.push(`begin ${name}`);
				return next();
			},
			advance: next,
		};
		return this.schedule.decode(task, options);
	}

	#createBatch(): ConstructorParameters<typeof BatchDecoder>[0] {
		const rows: (DecoderRow & {index: number})[] = [];
		const batch: SequenceBatch = {
			add: () => {
				const row = {index: rows.length, length: 0};
				rows.push(row);
				return row;
			},
			fork: () => batch.add(new DecoderSource(50, new Map())),
			reorder: () => undefined,
			remove: row => {
				rows.splice(row.index, 1);
				for (const [index, other] of rows.entries()) other.index = index;
			},
			step: (first, tokens) => {
				if (first === 0 && tokens.length === rows.length && tokens.every(([token]) => token === 1))
					this.log.push(`step ${tokens.length}`);
				this.clock.advance(STEP_MS);
				return Promise.resolve({logits: () => new Float32Array(1), alignment: () => []});
			},
		};
		return batch;
	}
}

/** What a promise rejects with. */
async function reasonOf(promise: Promise<void>): Promise<unknown> {
	return promise.then(
		() => 'it was done',
		(reason: unknown) => reason,
	);
}

/** Until nothing is left that could be done without time passing. */
async function settle(): Promise<void> {
	for (let turn = 0; turn < 50; turn++) await nextTurnOfEvents();
}

describe('a schedule', () => {
	it('tells each call how long it waited, in which batch it was decoded, and with how many', async () => {
		const play = new Play();
		const turns: Record<string, CallTurn> = {};
		const note = (name: string) => ({onTurn: (turn: CallTurn) => void (turns[name] = turn)});
		await Promise.all([play.hear('first', note('first')), play.hear('second', note('second'))]);
		await Promise.all([
			play.decode('a', {steps: 3, ...note('a')}),
			play.decode('bb', {steps: 1, ...note('bb')}),
		]);
		await play.decode('ccc', {steps: 1, ...note('ccc')});
		expect(turns).toEqual({
			first: {waitMs: 0},
			second: {waitMs: HEAR_MS},
			a: {waitMs: 0, batch: 1, batchSize: 2},
			bb: {waitMs: STEP_MS, batch: 1, batchSize: 2},
			ccc: {waitMs: 0, batch: 2, batchSize: 1},
		});
	});

	it('hears one by one, earliest deadline first, then in order of arrival, then what has no deadline', async () => {
		const play = new Play();
		await Promise.all([
			play.hear('whenever'),
			play.hear('late', {deadlineMs: 9000}),
			play.hear('early', {deadlineMs: 1000}),
			play.hear('early too', {deadlineMs: 1000}),
		]);
		expect(play.log).toEqual(['hear early', 'hear early too', 'hear late', 'hear whenever']);
		expect(play.schedule.encodeWaitMs).toMatchObject({count: 4, max: 3 * HEAR_MS});
	});

	it('lets those join first that have the earliest deadline', async () => {
		const play = new Play({maxBatchSize: 1});
		await Promise.all([
			play.decode('a'),
			play.decode('bb', {deadlineMs: 20}),
			play.decode('ccc', {deadlineMs: 10}),
		]);
		expect(play.log.filter(entry => entry.startsWith('begin'))).toEqual(['begin ccc', 'begin bb', 'begin a']);
	});

	it('decodes those together that are ready together, and counts how many', async () => {
		const play = new Play();
		await Promise.all([play.decode('a', {steps: 3}), play.decode('bb', {steps: 1})]);
		expect(play.log).toEqual(['begin a', 'begin bb', 'step 2', 'end bb', 'step 1', 'step 1', 'end a']);
		const {batchSizes, decodeStepMs, decodeBeginMs, decodeWaitMs} = play.decoder.statistics;
		expect(batchSizes).toEqual({1: 2, 2: 1});
		expect(decodeStepMs).toMatchObject({count: 3, mean: STEP_MS});
		expect(decodeBeginMs).toMatchObject({count: 2, mean: STEP_MS});
		expect(decodeWaitMs).toMatchObject({count: 2, max: STEP_MS});
	});

	it('runs a task alone that is wider than the batch', async () => {
		const play = new Play({maxBatchSize: 2});
		await Promise.all([play.decode('a', {rows: 5, steps: 1}), play.decode('bb', {steps: 1})]);
		expect(play.log).toEqual(['begin a', 'step 1', 'end a', 'begin bb', 'step 1', 'end bb']);
	});
});

describe('a batch that should not be small', () => {
	const patient = {minBatchSize: 3, batchTimeoutMs: 200};

	it('is not waited for while nobody else is announced', async () => {
		const play = new Play(patient);
		await play.decode('a', {steps: 1});
		expect(play.decoder.statistics.decodeWaitMs.max).toBe(0);
	});

	it('is held back until enough are ready of those who are announced', async () => {
		const play = new Play(patient);
		play.schedule.expect(7);
		const first = play.decode('a', {steps: 1});
		const second = play.decode('bb', {steps: 1});
		await settle();
		expect(play.log).toEqual([]);
		await Promise.all([first, second, play.decode('ccc', {steps: 1})]);
		expect(play.log).toContain('step 3');
	});

	it('is held back no longer than it may be, counted from the one that came first', async () => {
		const play = new Play(patient);
		play.schedule.expect(7);
		const first = play.decode('a');
		await settle();
		play.clock.advance(150);
		const second = play.decode('bb');
		await settle();
		play.clock.advance(49);
		await settle();
		expect(play.log).toEqual([]);
		play.clock.advance(1);
		await Promise.all([first, second]);
		expect(play.log).toContain('step 2');
		expect(play.clock.timerCount).toBe(0);
	});

	it('begins as soon as those who were announced do not come', async () => {
		const play = new Play(patient);
		play.schedule.expect(7);
		const decoding = play.decode('a');
		await settle();
		expect(play.log).toEqual([]);
		play.schedule.expectNoMore(7);
		await decoding;
		expect(play.clock.nowMs()).toBeLessThan(200);
	});

	it('is filled by hearing what waits to be heard', async () => {
		const play = new Play(patient);
		const after = (name: string) => ({
			deadlineMs: 1000,
			then: () => play.decode(name, {deadlineMs: 1000, steps: 1}),
		});
		await Promise.all([
			play.hear('a', after('a')),
			play.hear('bb', after('bb')),
			play.hear('ccc', after('ccc')),
		]);
		expect(play.log.slice(0, 3)).toEqual(['hear a', 'hear bb', 'hear ccc']);
		expect(play.log).toContain('step 3');
	});

	it('stops waiting when it is set to', async () => {
		const play = new Play(patient);
		play.schedule.expect(7);
		const decoding = play.decode('a');
		await settle();
		play.schedule.configure({...play.settings, minBatchSize: 1});
		await decoding;
		expect(play.clock.nowMs()).toBeLessThan(200);
	});

	it('does not keep a schedule from being closed', async () => {
		const play = new Play(patient);
		play.schedule.expect(7);
		const decoding = reasonOf(play.decode('a'));
		await settle();
		expect(play.clock.timerCount).toBe(1);
		const reason = new Error('closed');
		await play.schedule.close(reason);
		expect(await decoding).toBe(reason);
		expect(play.clock.timerCount).toBe(0);
		expect(await reasonOf(play.hear('b'))).toBe(reason);
		expect(await reasonOf(play.decode('b'))).toBe(reason);
		expect(play.log).toEqual([]);
	});
});

describe('between the next audio and the next step', () => {
	it('brings to an end what is decoded, where the audio is wanted later', async () => {
		const play = new Play();
		const decoding = play.decode('a', {deadlineMs: 100});
		await Promise.all([decoding, play.hear('b', {deadlineMs: 200})]);
		expect(play.log).toEqual(['begin a', 'step 1', 'step 1', 'end a', 'hear b']);
	});

	it('hears audio first that is wanted earlier', async () => {
		const play = new Play();
		let hearing: Promise<void> | undefined;
		const onStep = (left: number): void => {
			if (left === 1) hearing = play.hear('b', {deadlineMs: 100});
		};
		await play.decode('a', {deadlineMs: 200, onStep});
		await hearing;
		expect(play.log).toEqual(['begin a', 'step 1', 'hear b', 'step 1', 'end a']);
	});

	it('fills the batch first in a crowd, whatever is wanted when', async () => {
		const play = new Play();
		const names = ['a', 'bb', 'ccc', 'dddd'];
		await Promise.all(
			names.map((name, order) =>
				play.hear(name, {deadlineMs: order, then: () => play.decode(name, {deadlineMs: order})}),
			),
		);
		expect(play.log.slice(0, 4)).toEqual(names.map(name => `hear ${name}`));
		expect(play.log).toContain('step 4');
	});

	it('fills the batch first where nobody waits for it', async () => {
		const play = new Play({maxBatchSize: 2});
		const after = (name: string) => ({then: () => play.decode(name, {steps: 1})});
		await Promise.all([
			play.hear('a', after('a')),
			play.hear('bb', after('bb')),
			play.hear('ccc', after('ccc')),
		]);
		expect(play.log.slice(0, 5)).toEqual(['hear a', 'hear bb', 'begin a', 'begin bb', 'step 2']);
		expect(play.log.indexOf('hear ccc')).toBeGreaterThan(play.log.indexOf('step 2'));
	});
});

describe('settings that change while sequences are decoded', () => {
	it('let more of them join from the next step on', async () => {
		const play = new Play({maxBatchSize: 1});
		const onStep = (left: number): void => {
			if (left === 2) play.schedule.configure({...play.settings, maxBatchSize: 2});
		};
		await Promise.all([play.decode('a', {steps: 3, onStep}), play.decode('bb', {steps: 1})]);
		expect(play.log).toEqual(['begin a', 'step 1', 'begin bb', 'step 2', 'end bb', 'step 1', 'end a']);
	});

	it('let a batch come to its end before others join, and then join again', async () => {
		const play = new Play({dynamicBatching: false});
		const late: Promise<void>[] = [];
		const onStep = (left: number): void => {
			if (left === 2) late.push(play.decode('ccc', {steps: 3}));
		};
		await Promise.all([play.decode('a', {steps: 3, onStep}), play.decode('bb', {steps: 1})]);
		expect(play.log).toEqual(['begin a', 'begin bb', 'step 2', 'end bb', 'step 1', 'step 1', 'end a']);
		play.log.length = 0;
		play.schedule.configure({...play.settings, dynamicBatching: true});
		await Promise.all([play.decode('dddd', {steps: 1}), ...late]);
		expect(play.log.slice(0, 3)).toEqual(['begin ccc', 'begin dddd', 'step 2']);
	});
});

describe('work that is given up', () => {
	it('is never begun, and its audio is freed', async () => {
		const play = new Play({minBatchSize: 2});
		const controller = new AbortController();
		const reason = new Error('enough');
		const audio = new DecoderSource(50, new Map([['x', new Float32Array(1)]]));
		play.schedule.expect(1);
		const decoding = reasonOf(play.decode('a', {signal: controller.signal, source: audio}));
		const busy = play.hear('b');
		const hearing = reasonOf(play.hear('c', {signal: controller.signal}));
		controller.abort(reason);
		expect(await decoding).toBe(reason);
		expect(await hearing).toBe(reason);
		await busy;
		await settle();
		expect(play.log).toEqual(['hear b']);
		expect(() => audio.tensor('x')).toThrow('released');
	});

	it('leaves the batch between two steps', async () => {
		const play = new Play();
		const controller = new AbortController();
		const reason = new Error('enough');
		const onStep = (left: number): void => {
			if (left === 2) controller.abort(reason);
		};
		const givenUp = reasonOf(play.decode('a', {steps: 9, signal: controller.signal}));
		await Promise.all([givenUp, play.decode('bb', {steps: 3, onStep})]);
		expect(await givenUp).toBe(reason);
		expect(play.log).toEqual(['begin a', 'begin bb', 'step 2', 'step 1', 'step 1', 'end bb']);
	});

	it('does not hold back others once it was announced', async () => {
		const play = new Play({minBatchSize: 2});
		const controller = new AbortController();
		const hearing = reasonOf(play.hear('b', {signal: controller.signal, deadlineMs: 9}));
		const decoding = play.decode('a');
		controller.abort();
		await Promise.all([hearing, decoding]);
		expect(play.log[0]).toBe('begin a');
	});
});

describe('audio that is decoded', () => {
	it('is freed by the last who holds it', async () => {
		const play = new Play();
		const audio = new DecoderSource(50, new Map([['x', new Float32Array(1)]]));
		audio.retain();
		await play.decode('a', {source: audio});
		expect(audio.tensor('x')).toHaveLength(1);
		await play.decode('a', {source: audio});
		expect(() => audio.tensor('x')).toThrow('released');
	});
});
