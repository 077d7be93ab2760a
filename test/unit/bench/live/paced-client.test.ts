import {setImmediate} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {LiveStream, LiveUpdate} from '../../../../bench/live/live-stream.js';
import {runClient, transcriptOf} from '../../../../bench/live/paced-client.js';
import {FakeClock} from '../../../helpers/fake-context.js';

const SAMPLES_PER_MS = 16;

/** A program that answers when a test says so. */
class ScriptedStream implements LiveStream {
	readonly written: {atMs: number; samples: number}[] = [];
	isDestroyed = false;
	isEnded = false;
	/** Resolves writes; undefined: at once. */
	room: Promise<void> | undefined;
	readonly updates: ReadableStream<LiveUpdate>;
	#controller!: ReadableStreamDefaultController<LiveUpdate>;
	readonly #clock: FakeClock;

	constructor(clock: FakeClock) {
		this.#clock = clock;
		this.updates = new ReadableStream({
			start: controller => {
				this.#controller = controller;
			},
		});
	}

	async write(samples: Float32Array): Promise<void> {
		this.written.push({atMs: this.#clock.nowMs(), samples: samples.length});
		await this.room;
	}

	end(): void {
		this.isEnded = true;
	}

	destroy(): void {
		this.isDestroyed = true;
		this.#controller.error(new Error('destroyed'));
	}

	say(
		text: string,
		{retractedCharacters = 0, tail}: {retractedCharacters?: number; tail?: string} = {},
	): void {
		this.#controller.enqueue({
			retractedCharacters,
			finals: text === '' ? [] : [{text, endMs: undefined, audioMs: undefined}],
			tail,
		});
	}

	finish(): void {
		this.#controller.close();
	}
}

/** Lets all that is due happen, step by step. */
async function advance(clock: FakeClock, toMs: number): Promise<void> {
	await setImmediate();
	while (clock.nowMs() < toMs) {
		clock.advance(50);
		await setImmediate();
	}
}

function start(audioMs: number, options: {pace?: 'paced' | 'unpaced'; drainMs?: number} = {}) {
	const clock = new FakeClock();
	const stream = new ScriptedStream(clock);
	const record = runClient({
		stream,
		samples: new Float32Array(audioMs * SAMPLES_PER_MS),
		language: 'en',
		pace: 'paced',
		clock,
		...options,
	});
	return {clock, stream, record};
}

describe('a paced client', () => {
	it('writes each block when its last sample has been spoken', async () => {
		const {clock, stream, record} = start(250);
		await advance(clock, 300);
		expect(stream.written).toEqual([
			{atMs: 100, samples: 1600},
			{atMs: 200, samples: 1600},
			{atMs: 300, samples: 800},
		]);
		expect(stream.isEnded).toBe(true);
		stream.finish();
		expect((await record).worstDelayMs).toBe(0);
	});

	it('keeps to the clock after it was held up, and says how late it was', async () => {
		const {clock, stream, record} = start(500);
		let makeRoom!: () => void;
		stream.room = new Promise(resolve => (makeRoom = resolve));
		await advance(clock, 350);
		stream.room = undefined;
		makeRoom();
		await advance(clock, 500);
		expect(stream.written.map(({atMs}) => atMs)).toEqual([100, 350, 350, 400, 500]);
		stream.finish();
		expect((await record).worstDelayMs).toBe(150);
	});

	it('notes when each final text came, counted from the first sample', async () => {
		const {clock, stream, record} = start(200);
		await advance(clock, 150);
		stream.say(' Ask', {tail: ' knot'});
		await advance(clock, 400);
		stream.say(' not', {tail: ''});
		await setImmediate();
		stream.finish();
		const {finals, flicker} = await record;
		expect(finals.map(({text, atMs}) => ({text, atMs}))).toEqual([
			{text: ' Ask', atMs: 150},
			{text: ' not', atMs: 400},
		]);
		expect([flicker.erasedUnits, flicker.finalUnits]).toEqual([1, 2]);
	});

	it('takes back what a program takes back, and counts it', async () => {
		const {clock, stream, record} = start(100);
		await advance(clock, 100);
		stream.say(' Ask knot');
		await setImmediate();
		stream.say(' not what', {retractedCharacters: 5});
		await setImmediate();
		stream.finish();
		const result = await record;
		expect(transcriptOf(result)).toBe(' Ask not what');
		expect(result.retractedCharacters).toBe(5);
	});

	it('gives up a program that does not come to an end', async () => {
		const {clock, stream, record} = start(100, {drainMs: 1000});
		stream.say(' Ask');
		await advance(clock, 1050);
		expect(stream.isDestroyed).toBe(false);
		await advance(clock, 1150);
		expect(stream.isDestroyed).toBe(true);
		expect(await record).toMatchObject({isComplete: false, finals: [{text: ' Ask'}]});
	});

	it('fails with a program that fails', async () => {
		const {clock, stream, record} = start(100);
		const failed = expect(record).rejects.toThrow('destroyed');
		await advance(clock, 50);
		stream.destroy();
		await failed;
	});
});

describe('an unpaced client', () => {
	it('writes as soon as there is room', async () => {
		const {clock, stream, record} = start(300, {pace: 'unpaced'});
		await setImmediate();
		expect(stream.written.map(({atMs}) => atMs)).toEqual([0, 0, 0]);
		stream.finish();
		await record;
		expect(clock.nowMs()).toBe(0);
	});
});
