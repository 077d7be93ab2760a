import {serialize} from 'node:v8';
import {describe, expect, it} from 'vitest';

import type {BatchSettings, Engine, SessionOptions} from '../../src/core/engine/engine.js';
import {findBrokenRules} from '../../src/core/engine/testing/event-rules.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';
import {catchRejection} from '../helpers/catch-rejection.js';
import {runSession, timelessEvents, type ScriptedCommand} from './run-session.js';

/** An engine as the contract is tested with it. */
export interface EngineSubject {
	readonly name: string;
	/** Opens a new one; the contract closes it. */
	readonly open: () => Promise<Engine>;
	/** Five seconds or more, with speech in each of them: mono float32 at 16 kHz. */
	readonly audio: Float32Array;
	/** Without a multiplier, which the contract chooses. */
	readonly options: SessionOptions;
	/** Audio that a writer who waits may be ahead of what its reader has been told of. */
	readonly maxWaitingMs: number;
	/** Audio that a session takes when nobody reads its updates. @default 180_000 */
	readonly maxUnreadMs?: number;
	/** Whether opening a session takes so long that it can be given up. @default false */
	readonly opensSlowly?: boolean;
}

/** One thing that every engine must do. */
export interface EngineRule {
	readonly title: string;
	/** Throws if it is broken. */
	readonly check: (subject: EngineSubject) => Promise<void>;
}

/** Holds an engine to the contract of `Engine` (core/engine/engine.ts). */
export function testEngine(subject: EngineSubject): void {
	describe(`${subject.name}, as an engine`, () => {
		for (const {title, check} of ENGINE_RULES) it(title, () => check(subject));
	});
}

const SAMPLES_PER_SECOND = 16_000;

export const ENGINE_RULES: readonly EngineRule[] = [
	rule('tells what it is', async (engine, {options}) => {
		expect(engine.contractVersion).toBe(1);
		expect(engine.id).not.toBe('');
		const {capabilities} = engine;
		expect(capabilities.model).not.toBe('');
		expect(capabilities.targets).toEqual(expect.arrayContaining([...options.targets]));
		expect(capabilities.policies.length).toBeGreaterThan(0);
		return Promise.resolve();
	}),

	rule('reports events by their rules, none before its audio', async (engine, {audio, options}) => {
		const updates = await runSession(engine, {audio, options: fast(options), chunkSamples: 1600});
		const events = updates.flatMap(update => update.events);
		expect(findBrokenRules(events, options)).toEqual([]);
		expect(events.filter(({type}) => type === 'text-final').length).toBeGreaterThan(1);
		expect(events.filter(({type}) => type === 'text-partial').length).toBeGreaterThan(0);
		expect(events.at(-1)).toEqual({type: 'session-ended', audioMs: audio.length / 16});
		expect(updates.at(-1)!.checkpoint.commands).toBe(0);
	}),

	rule('gives the same events however the audio is cut', async (engine, {audio, options}) => {
		const whole = timelessEvents(await runSession(engine, {audio, options: fast(options)}));
		for (const chunkSamples of [160, 7777, 30 * SAMPLES_PER_SECOND]) {
			const updates = await runSession(engine, {audio, options: fast(options), chunkSamples});
			expect(timelessEvents(updates), `chunks of ${chunkSamples}`).toEqual(whole);
		}
	}),

	rule('gives the same events for audio that comes sample by sample', async (engine, {audio, options}) => {
		const run = {audio: audio.subarray(0, 2.5 * SAMPLES_PER_SECOND), options: fast(options)};
		const whole = timelessEvents(await runSession(engine, run));
		const single = timelessEvents(await runSession(engine, {...run, chunkSamples: 1}));
		expect(single).toEqual(whole);
	}),

	rule('gives a session among others what it gives it alone', async (engine, {audio, options}) => {
		const clips = [0, 1, 2, 3].map(index => audio.slice(index * 0.7 * SAMPLES_PER_SECOND));
		const run = (clip: Float32Array, index: number) =>
			runSession(engine, {audio: clip, options: fast(options), chunkSamples: 1000 + 777 * index});
		const together = await Promise.all(clips.map(run));
		for (const [index, clip] of clips.entries()) {
			const alone = await run(clip, index);
			expect(timelessEvents(together[index]!), `session ${index}`).toEqual(timelessEvents(alone));
		}
	}),

	rule('tells no partials where none are wanted, and times words where they are', async (engine, subject) => {
		const options: SessionOptions = {...fast(subject.options), partials: false, words: true};
		const updates = await runSession(engine, {audio: subject.audio, options});
		const events = updates.flatMap(update => update.events);
		expect(findBrokenRules(events, options)).toEqual([]);
		expect(events.some(({type}) => type === 'text-partial')).toBe(false);
		const texts = events.filter(event => event.type === 'text-final' || event.type === 'segment-ended');
		expect(texts.length).toBeGreaterThan(0);
		expect(texts.every(({words}) => words !== undefined && words.length > 0)).toBe(true);
	}),

	rule('lets a writer who waits get no further ahead than it says', async (engine, subject) => {
		const seconds = (3 * subject.maxWaitingMs) / 1000;
		let aheadMs = 0;
		await runSession(engine, {
			audio: repeat(subject.audio, seconds),
			options: fast(subject.options),
			chunkSamples: 3200,
			onWritten: (written, listenedMs) => (aheadMs = Math.max(aheadMs, written / 16 - listenedMs)),
		});
		expect(aheadMs).toBeLessThanOrEqual(subject.maxWaitingMs);
	}),

	rule('holds up the writer when nobody reads, and goes on when somebody does', async (engine, subject) => {
		const {maxUnreadMs = 180_000} = subject;
		const session = await engine.openSession(fast(subject.options));
		// While nobody speaks there are updates too, and they cost little.
		const audio = new Float32Array(10 * SAMPLES_PER_SECOND);
		let writtenMs = 0;
		const write = async (): Promise<void> => {
			while (writtenMs <= maxUnreadMs) {
				writtenMs += audio.length / 16;
				await session.write(audio.slice());
			}
		};
		const writing = write();
		// Too short a wait could only hide that nothing holds it up.
		await untilQuiet(() => writtenMs);
		expect(writtenMs).toBeLessThan(maxUnreadMs);
		const heldUpAtMs = writtenMs;
		for await (const {events} of session.updates) {
			if (writtenMs > heldUpAtMs) break;
			expect(events.length).toBeGreaterThan(0);
		}
		session.destroy();
		await writing.catch(() => undefined);
	}),

	rule('changes the pace from where it was told to', async (engine, {audio, options}) => {
		const atSample = placeIn(audio, 0.3);
		const commands: ScriptedCommand[] = [{atSample, change: {latencyMultiplier: 4}}];
		const plain = timelessEvents(await runSession(engine, {audio, options: fast(options)}));
		const run = {audio, options: fast(options), commands};
		const changed = timelessEvents(await runSession(engine, run));
		expect(findBrokenRules(changed)).toEqual([]);
		expect(eventsUntil(changed, atSample / 16)).toEqual(eventsUntil(plain, atSample / 16));
		expect(countLooks(changed)).toBeLessThan(countLooks(plain));
		expect(timelessEvents(await runSession(engine, {...run, chunkSamples: 999}))).toEqual(changed);
	}),

	rule('makes everything final at each flush, and goes on', async (engine, {audio, options}) => {
		const places = [0, 0.38, 0.38, 0.6].map(share => placeIn(audio, share));
		const commands: ScriptedCommand[] = places.map(atSample => ({atSample, flush: true}));
		const updates = await runSession(engine, {audio, options: fast(options), commands, chunkSamples: 1600});
		const events = updates.flatMap(update => update.events);
		expect(findBrokenRules(events)).toEqual([]);
		const stretches = events.filter(event => event.type === 'stretch-ended');
		expect(stretches.map(({audioMs}) => audioMs)).toEqual(places.map(place => place / 16));
		expect(updates.at(-1)!.checkpoint.commands).toBe(places.length);
		const lastStretch = events.lastIndexOf(stretches.at(-1)!);
		expect(events.slice(0, lastStretch).some(({type}) => type === 'text-final')).toBe(true);
		expect(events.slice(lastStretch).some(({type}) => type === 'text-final')).toBe(true);
		expect(events.slice(0, lastStretch).findLast(event => event.type === 'lag-measured')).toMatchObject({
			finalMs: places.at(-1)! / 16,
		});
	}),

	rule('ends a session that heard nothing without a word', async (engine, {options}) => {
		const updates = await runSession(engine, {audio: new Float32Array(), options});
		const events = updates.flatMap(update => update.events);
		expect(events.at(-1)).toEqual({type: 'session-ended', audioMs: 0});
		expect(events.some(({type}) => type === 'text-final')).toBe(false);
	}),

	rule('takes nothing after end()', async (engine, {audio, options}) => {
		const session = await engine.openSession(fast(options));
		await session.write(audio.slice(0, SAMPLES_PER_SECOND));
		session.end();
		session.end();
		session.flush();
		session.change({latencyMultiplier: 4});
		expect((await catchRejection(session.write(audio.slice(0, 160)))).code).toBe('RESOURCE_CLOSED');
		const events: SessionEvent[] = [];
		for await (const update of session.updates) events.push(...update.events);
		expect(findBrokenRules(events)).toEqual([]);
		expect(events.some(({type}) => type === 'stretch-ended')).toBe(false);
		expect((await catchRejection(session.write(audio.slice(0, 160)))).code).toBe('RESOURCE_CLOSED');
		session.destroy(new Error('too late'));
	}),

	rule('ends a session at once when it is destroyed, for the first reason', async (engine, subject) => {
		const session = await engine.openSession(fast(subject.options));
		const reason = {kind: 'no error at all'};
		const audio = repeat(subject.audio, 10);
		const write = async (): Promise<never> => {
			for (;;) await session.write(audio.slice());
		};
		const writing = write().catch((error: unknown) => error);
		const iterator = session.updates[Symbol.asyncIterator]();
		await iterator.next();
		session.destroy(reason);
		session.destroy(new Error('another'));
		expect(await iterator.next().catch((error: unknown) => error)).toBe(reason);
		expect(await writing).toBe(reason);
		expect(await session.write(audio.slice()).catch((error: unknown) => error)).toBe(reason);
		session.flush();
		session.end();
		// A session that was left behind would keep it waiting.
		await engine.close();
	}),

	rule('gives up opening when its signal fires, and only then', async (engine, subject) => {
		const {options, audio} = subject;
		const reason = {kind: 'no error at all'};
		const aborted = engine.openSession(options, {signal: AbortSignal.abort(reason)});
		expect(await aborted.catch((error: unknown) => error)).toBe(reason);

		const opening = new AbortController();
		const early = engine.openSession(options, {signal: opening.signal});
		opening.abort(reason);
		const outcome = await early.catch((error: unknown) => error);
		if (subject.opensSlowly === true || outcome === reason) expect(outcome).toBe(reason);
		else (await early).destroy();

		const late = new AbortController();
		const clip = audio.subarray(0, 2 * SAMPLES_PER_SECOND);
		const session = await engine.openSession(options, {signal: late.signal});
		late.abort(reason);
		await session.write(clip.slice());
		session.end();
		const events: SessionEvent[] = [];
		for await (const update of session.updates) events.push(...update.events);
		expect(events.at(-1)?.type).toBe('session-ended');
		// A session that was opened for nobody would keep it waiting.
		await engine.close();
	}),

	rule('goes on from every checkpoint as if nothing had happened', async (first, {open, audio, options}) => {
		const second = await open();
		try {
			const commands: ScriptedCommand[] = [
				{atSample: placeIn(audio, 0.3), change: {latencyMultiplier: 2}},
				{atSample: placeIn(audio, 0.45), flush: true},
				{atSample: placeIn(audio, 0.6), change: {latencyMultiplier: 1}},
			];
			const run = {audio, options: fast(options), chunkSamples: 2000};
			const updates = await runSession(first, {...run, commands});
			// After the last there is nothing to go on with.
			for (const [index, {checkpoint}] of updates.slice(0, -1).entries()) {
				expect(serialize(checkpoint).length).toBeLessThan(2 ** 18);
				const rest = await runSession(second, {
					...run,
					chunkSamples: 3001,
					commands: commands.slice(checkpoint.commands),
					open: {checkpoint: structuredClone(checkpoint)},
				});
				const expected = timelessEvents(updates.slice(index + 1));
				expect(timelessEvents(rest), `from checkpoint ${index}`).toEqual(expected);
			}
		} finally {
			await second.close();
		}
	}),

	rule('tells of its sessions and settings', async (engine, {audio, options}) => {
		const settings = await engine.configure({});
		const session = await engine.openSession(fast(options), {id: 'this one'});
		await session.write(audio.slice(0, 3 * SAMPLES_PER_SECOND));
		await session.updates[Symbol.asyncIterator]().next();
		const during = await engine.statistics();
		expect(during.length).toBeGreaterThan(0);
		expect(during.flatMap(({sessions}) => sessions).map(({id}) => id)).toEqual(['this one']);
		for (const replica of during) {
			expect(replica.settings).toEqual(settings);
			expect(replica.model).toBe(engine.capabilities.model);
			expect(replica.upMs).toBeGreaterThanOrEqual(0);
			expect(replica.residentBytes).toBeGreaterThan(0);
		}
		expect(new Set(during.map(({id}) => id)).size).toBe(during.length);
		session.destroy();
		await untilTrue(async () => (await engine.statistics()).every(({sessions}) => sessions.length === 0));
	}),

	rule('changes its settings while it runs, within their ranges', async (engine, {audio, options}) => {
		const session = await engine.openSession(options);
		const before = await engine.configure({});
		const changed = {maxBatchSize: 3, minBatchSize: 2, batchTimeoutMs: 20, dynamicBatching: false};
		expect(await engine.configure(changed)).toEqual(changed);
		expect(await engine.configure({minBatchSize: 1})).toEqual({...changed, minBatchSize: 1});
		const wrong: Partial<BatchSettings>[] = [
			{maxBatchSize: 0},
			{maxBatchSize: 257},
			{maxBatchSize: 2.5},
			{minBatchSize: 0},
			{minBatchSize: 4},
			{batchTimeoutMs: -1},
			{batchTimeoutMs: 10_001},
			{batchTimeoutMs: Number.NaN},
		];
		for (const settings of wrong) {
			const error = await catchRejection(engine.configure(settings));
			expect(error.code, JSON.stringify(settings)).toBe('OPTION_INVALID');
		}
		expect(await engine.configure(before)).toEqual(before);
		await session.write(audio.slice(0, SAMPLES_PER_SECOND));
		session.end();
		for await (const {events} of session.updates) expect(events).not.toEqual([]);
	}),

	rule('refuses what it cannot do', async (engine, {options}) => {
		const wrong: [Partial<SessionOptions>, string][] = [
			[{targets: []}, 'OPTION_INVALID'],
			[{targets: [options.targets[0]!, options.targets[0]!]}, 'OPTION_INVALID'],
			[{latencyMultiplier: 9 as 4}, 'OPTION_INVALID'],
			[{policy: 'guess' as 'wait-k'}, 'OPTION_INVALID'],
			[{targets: ['tlh']}, 'LANGUAGE_PAIR_UNSUPPORTED'],
			[{sourceLanguage: 'tlh'}, 'LANGUAGE_PAIR_UNSUPPORTED'],
		];
		for (const [change, code] of wrong) {
			const error = await catchRejection(engine.openSession({...options, ...change}));
			expect(error.code, JSON.stringify(change)).toBe(code);
		}
		// Nothing is left of them.
		await engine.close();
	}),

	rule('waits for its sessions at close(), and takes no new ones', async (engine, {audio, options}) => {
		const session = await engine.openSession(fast(options));
		await session.write(audio.slice(0, 2 * SAMPLES_PER_SECOND));
		let isClosed = false;
		const closing = Promise.all([engine.close(), engine.close()]).then(() => (isClosed = true));
		expect((await catchRejection(engine.openSession(options))).code).toBe('RESOURCE_CLOSED');
		await session.write(audio.slice(2 * SAMPLES_PER_SECOND, 5 * SAMPLES_PER_SECOND));
		const events: SessionEvent[] = [];
		const iterator = session.updates[Symbol.asyncIterator]();
		events.push(...((await iterator.next()).value as {events: SessionEvent[]}).events);
		expect(isClosed).toBe(false);
		session.end();
		for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
			events.push(...step.value.events);
		}
		await closing;
		expect(findBrokenRules(events)).toEqual([]);
		expect((await catchRejection(engine.openSession(options))).code).toBe('RESOURCE_CLOSED');
		expect((await catchRejection(engine.statistics())).code).toBe('RESOURCE_CLOSED');
		expect((await catchRejection(engine.configure({}))).code).toBe('RESOURCE_CLOSED');
		await engine.close();
		await engine.destroy();
	}),

	rule('ends now at destroy(), and its sessions with the reason', async (engine, {audio, options}) => {
		const session = await engine.openSession(fast(options));
		await session.write(audio.slice(0, SAMPLES_PER_SECOND / 2));
		const reading = session.updates[Symbol.asyncIterator]()
			.next()
			.catch((error: unknown) => error);
		const closing = engine.close();
		const reason = {kind: 'no error at all'};
		await Promise.all([engine.destroy(reason), engine.destroy(new Error('another'))]);
		expect(await reading).toBe(reason);
		expect(await session.write(audio.slice(0, 160)).catch((error: unknown) => error)).toBe(reason);
		await closing;
		expect((await catchRejection(engine.openSession(options))).code).toBe('RESOURCE_CLOSED');
	}),
];

/** With an engine of its own, which is closed afterwards. */
function rule(title: string, check: (engine: Engine, subject: EngineSubject) => Promise<void>): EngineRule {
	return {
		title,
		check: async subject => {
			const engine = await subject.open();
			try {
				await check(engine, subject);
			} finally {
				await engine.destroy();
			}
		},
	};
}

function fast(options: SessionOptions): SessionOptions {
	return {...options, latencyMultiplier: 1};
}

function repeat(audio: Float32Array, seconds: number): Float32Array {
	const length = Math.round(seconds * SAMPLES_PER_SECOND);
	return Float32Array.from({length}, (_, index) => audio[index % audio.length]!);
}

function eventsUntil(events: readonly SessionEvent[], audioMs: number): SessionEvent[] {
	const end = events.findIndex(event => 'audioMs' in event && event.audioMs > audioMs);
	return events.slice(0, end === -1 ? undefined : end);
}

/** Looks that brought text: an engine may also tell how far it is between them. */
function countLooks(events: readonly SessionEvent[]): number {
	return new Set(
		events.flatMap(event =>
			event.type === 'text-final' || event.type === 'text-partial' ? [event.audioMs] : [],
		),
	).size;
}

/** A sample at about such a share of the audio, at no border that an engine may prefer. */
function placeIn(audio: Float32Array, share: number): number {
	return share === 0 ? 0 : Math.round(audio.length * share) - 3;
}

/** Waits until a number has not changed for a while. */
async function untilQuiet(read: () => number): Promise<void> {
	for (let last = -1, quiet = 0; quiet < 20;) {
		await new Promise(resolve => setTimeout(resolve, 20));
		quiet = read() === last ? quiet + 1 : 0;
		last = read();
	}
}

async function untilTrue(ask: () => Promise<boolean>): Promise<void> {
	while (!(await ask())) await new Promise(resolve => setTimeout(resolve, 5));
}
