import {describe, expect, it} from 'vitest';
import type {SessionOptions, SessionUpdate} from '../../../../src/core/engine/engine.js';
import {LiveSession, MAX_WAITING_MS} from '../../../../src/core/engine/live-session.js';
import {findBrokenRules} from '../../../../src/core/engine/testing/event-rules.js';
import {MAX_UNREAD_UPDATES} from '../../../../src/core/engine/update-queue.js';
import type {SessionEvent} from '../../../../src/core/session/session-event.js';
import {LiveTranslation, TICK_SAMPLES} from '../../../../src/core/translation/live/live-translation.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {FakeClock} from '../../../helpers/fake-clock.js';
import {transcript} from '../../../helpers/run-live.js';
import {
	makeSpeech,
	positionAudio,
	scriptedDetector,
	ScriptedWhisper,
	speechOf,
} from '../../../helpers/scripted-whisper.js';

const TEXTS = Array.from({length: 100}, (_, index) => ` w${index}`);

interface Subject {
	readonly session: LiveSession;
	readonly model: ScriptedWhisper;
	readonly clock: FakeClock;
	/** Reasons that the model's work was given up for. */
	readonly aborts: unknown[];
	/** How often the session said that it was over. */
	overs: number;
	/** Whether others are said to wait. */
	isCrowded: boolean;
}

async function open(options: Partial<SessionOptions> = {}): Promise<Subject> {
	const words = makeSpeech(TEXTS, 1000, 400);
	const model = new ScriptedWhisper(words);
	const clock = new FakeClock();
	const controller = new AbortController();
	const aborts: unknown[] = [];
	const sessionOptions: SessionOptions = {
		sourceLanguage: 'en',
		targets: ['same'],
		latencyMultiplier: 1,
		...options,
	};
	const translation = await LiveTranslation.open(
		{
			sourceLanguage: 'en',
			targets: ['same'],
			latencyMultiplier: 1,
			policy: 'align-att',
			partials: true,
			words: false,
			prompt: undefined,
		},
		{
			model,
			detector: scriptedDetector(speechOf(words)),
			guard: () => undefined,
			signal: controller.signal,
		},
	);
	const subject: Subject = {
		model,
		clock,
		aborts,
		overs: 0,
		isCrowded: false,
		session: new LiveSession({
			replica: 'replica-1',
			options: sessionOptions,
			translation,
			commands: 0,
			clock,
			isCrowded: () => subject.isCrowded,
			abort: reason => {
				aborts.push(reason);
				controller.abort(reason);
			},
			onOver: () => {
				subject.overs++;
			},
		}),
	};
	return subject;
}

/** Everything that waits for nothing but promises has happened. */
function settle(): Promise<void> {
	return new Promise(resolve => setImmediate(() => setImmediate(() => setImmediate(resolve))));
}

async function readAll(session: LiveSession): Promise<SessionUpdate[]> {
	const updates: SessionUpdate[] = [];
	for await (const update of session.updates) updates.push(update);
	return updates;
}

function eventsOf(updates: readonly SessionUpdate[]): SessionEvent[] {
	return updates.flatMap(({events}) => [...events]);
}

describe('LiveSession', () => {
	it('tells all that was said, and ends', async () => {
		const subject = await open();
		const {session} = subject;
		const reading = readAll(session);
		await session.write(positionAudio(9000));
		session.end();
		const events = eventsOf(await reading);
		expect(findBrokenRules(events)).toEqual([]);
		expect(transcript(events)).toBe(TEXTS.slice(0, 20).join(''));
		expect(events.at(-1)).toEqual({type: 'session-ended', audioMs: 9000});
		expect([subject.overs, subject.aborts]).toEqual([1, []]);
		expect(subject.model.held).toBe(0);
	});

	it('tells with each update who did the work, and how long that took', async () => {
		const {session, model, clock} = await open();
		const reading = readAll(session);
		// Each search waits 30 ms for others, and takes 20 ms.
		model.onSearch = (_request, _result, _heard, options) => {
			clock.advance(50);
			options?.onTurn?.({waitMs: 30, batch: 4, batchSize: 2});
			return undefined;
		};
		await session.write(positionAudio(3000));
		session.end();
		const works = (await reading).map(({work}) => work!);
		const last = works.at(-1)!;
		expect(works.every(({replica}) => replica === 'replica-1')).toBe(true);
		expect(last).toMatchObject({batch: 4, batchSize: 2});
		// However many searches there were in the last look.
		expect([last.workMs % 50, last.queueWaitMs / last.workMs]).toEqual([0, 0.6]);
		expect(last.workMs).toBeGreaterThan(0);
	});

	it('measures lag from the arrival of the last sample looked at', async () => {
		const {session, clock} = await open();
		const updates = readAll(session);
		// Comes as it is spoken, in pieces of 0.1 s, and is looked at at once.
		for (let at = 0; at < 3000; at += 100) {
			clock.advance(100);
			await session.write(positionAudio(100, at));
			await settle();
		}
		expect(session.lagMs).toBe(0);
		// Then 2 s come at once, and nobody listens for a while.
		const delayed = session.write(positionAudio(2000, 3000));
		clock.advance(700);
		await delayed;
		session.end();
		const lags = eventsOf(await updates).filter(event => event.type === 'lag-measured');
		expect(lags.filter(({audioMs}) => audioMs <= 3000).map(({lagMs}) => lagMs)).toEqual(
			lags.filter(({audioMs}) => audioMs <= 3000).map(() => 0),
		);
		for (const {audioMs, lagMs} of lags) if (audioMs > 3100) expect(lagMs).toBe(700);
		expect(session.lagMs).toBe(700);
	});

	it('says how loud it was since it last said so', async () => {
		const {session} = await open();
		const reading = readAll(session);
		const audio = new Float32Array(3 * 16_000);
		audio.fill(0.1, 0, 2000);
		await session.write(audio);
		session.end();
		const levels = eventsOf(await reading).flatMap(event =>
			event.type === 'lag-measured' ? [event.levelDecibels] : [],
		);
		expect(levels[0]).toBeGreaterThan(-25);
		expect(levels[0]).toBeLessThan(-20);
		expect(levels.slice(1).every(level => level === -100)).toBe(true);
	});

	it('wants its text before the next piece of audio is there', async () => {
		const {session, model, clock} = await open();
		const deadlines: number[] = [];
		const hear = model.hear.bind(model);
		model.hear = (samples, silenceMs, options) => {
			deadlines.push(options!.deadlineMs!);
			return hear(samples, silenceMs, options);
		};
		const reading = readAll(session);
		for (let at = 0; at < 6000; at += 100) {
			clock.advance(100);
			await session.write(positionAudio(100, at));
			await settle();
		}
		session.end();
		await reading;
		expect(deadlines.length).toBeGreaterThan(2);
		const endsMs = model.hearings.map(({endMs}) => endMs);
		for (const [index, deadline] of deadlines.slice(0, -1).entries())
			expect(deadline - Math.ceil(endsMs[index]! / 100) * 100).toBe(TICK_SAMPLES / 16);
	});

	it('lets a writer get 10 s ahead, and no further', async () => {
		const {session} = await open();
		// Nobody reads, so it pauses in the end.
		let written = 0;
		let isWriting = true;
		const writing = (async () => {
			for (; written < 200; written++) await session.write(positionAudio(1000, written * 1000));
			isWriting = false;
		})();
		for (let turn = 0; turn < 200; turn++) await settle();
		expect(isWriting).toBe(true);
		expect(session.waitingMs).toBeGreaterThan(MAX_WAITING_MS);
		expect(session.waitingMs).toBeLessThanOrEqual(MAX_WAITING_MS + 1000);
		expect(written * 1000).toBeGreaterThan(MAX_WAITING_MS + MAX_UNREAD_UPDATES * 500);
		const before = written;
		const iterator = session.updates[Symbol.asyncIterator]();
		for (let count = 0; count < 10; count++) await iterator.next();
		for (let turn = 0; turn < 20; turn++) await settle();
		expect(written).toBeGreaterThan(before + 3);
		const reason = new Error('enough');
		session.destroy(reason);
		await expect(writing).rejects.toBe(reason);
	});

	it('looks less often the longer audio has waited to be heard, if it is asked to', async () => {
		const looks: Record<string, number> = {};
		for (const catchUp of [true, false]) {
			const {session, model, clock} = await open({catchUp});
			model.onHear = () => clock.advance(400);
			const reading = readAll(session);
			await session.write(positionAudio(30_000));
			session.end();
			expect(transcript(eventsOf(await reading))).toBe(TEXTS.slice(0, 72).join(''));
			looks[String(catchUp)] = model.hearings.length;
		}
		expect(looks['true']).toBeLessThan(looks['false']! / 1.5);
	});

	it('does not hurry where it keeps up', async () => {
		const run = async (catchUp: boolean): Promise<SessionEvent[]> => {
			const {session} = await open({catchUp});
			const reading = readAll(session);
			for (let at = 0; at < 12_000; at += 200) {
				await session.write(positionAudio(200, at));
				await settle();
			}
			session.end();
			return eventsOf(await reading);
		};
		expect(await run(true)).toEqual(await run(false));
	});

	it('spares what others wait for, if it is asked to', async () => {
		for (const catchUp of [true, false]) {
			const subject = await open({catchUp});
			subject.isCrowded = true;
			const reading = readAll(subject.session);
			for (let at = 0; at < 12_000; at += 200) {
				await subject.session.write(positionAudio(200, at));
				await settle();
			}
			subject.session.end();
			await reading;
			// The last look of a window has all the silence in any case.
			const silences = new Set(subject.model.hearings.map(({silenceMs}) => silenceMs));
			expect([...silences]).toEqual(catchUp ? [500, 1000] : [1000]);
		}
	});

	it('obeys commands in their order, each where it was given', async () => {
		const {session, model} = await open();
		const reading = readAll(session);
		session.flush();
		await session.write(positionAudio(5001));
		session.flush();
		session.change({latencyMultiplier: 4});
		session.flush();
		await session.write(positionAudio(4000, 5001));
		session.change({});
		session.end();
		session.flush();
		session.change({latencyMultiplier: 1});
		session.end();
		const updates = await reading;
		const events = eventsOf(updates);
		expect(findBrokenRules(events)).toEqual([]);
		expect(events.filter(({type}) => type === 'stretch-ended')).toEqual([
			{type: 'stretch-ended', audioMs: 0},
			{type: 'stretch-ended', audioMs: 5001},
			{type: 'stretch-ended', audioMs: 5001},
		]);
		// A flush is told with the commands before it; what came after end() is none.
		const stretches = updates.filter(({events: [...each]}) => each.at(-1)?.type === 'stretch-ended');
		expect(stretches.map(({checkpoint}) => checkpoint.commands)).toEqual([1, 2, 4]);
		expect(updates.at(-1)!.checkpoint.commands).toBe(5);
		expect(stretches[1]!.checkpoint.firstSample).toBe(5001 * 16);
		const after = model.hearings.filter(({startMs}) => startMs >= 5000).map(({endMs}) => endMs);
		const before = model.hearings.filter(({startMs}) => startMs < 5000).map(({endMs}) => endMs);
		// 4 s in each stretch: fewer looks at multiplier 4.
		expect(after.length).toBeLessThan(before.length);
	});

	it('gives checkpoints with the audio that is still needed', async () => {
		const {session} = await open();
		const reading = readAll(session);
		await session.write(positionAudio(9000));
		session.end();
		for (const {events, checkpoint} of await reading) {
			const lag = events.find(event => event.type === 'lag-measured')!;
			expect(checkpoint.firstSample).toBeLessThanOrEqual(lag.finalMs * 16);
			expect(checkpoint.commands).toBe(0);
			expect(structuredClone(checkpoint.state)).toEqual(checkpoint.state);
		}
	});

	it('counts what a second of audio costs the model', async () => {
		const {session} = await open();
		expect(session.costPerSecond).toEqual({frames: 0, tokens: 0});
		const reading = readAll(session);
		await session.write(positionAudio(20_000));
		session.end();
		await reading;
		const {frames, tokens} = session.costPerSecond;
		// Looks of 3 to 12 s, one a second.
		expect(frames).toBeGreaterThan(150);
		expect(frames).toBeLessThan(600);
		expect(tokens).toBeGreaterThan(5);
	});

	it('takes no more audio after end()', async () => {
		const {session} = await open();
		session.end();
		expect((await catchRejection(session.write(positionAudio(100)))).code).toBe('RESOURCE_CLOSED');
		await readAll(session);
		expect((await catchRejection(session.write(positionAudio(100)))).code).toBe('RESOURCE_CLOSED');
	});

	it('ends at once when it is destroyed, for the first reason, wherever it is', async () => {
		for (const wait of ['for audio', 'for the model', 'for room', 'for a reader'] as const) {
			const subject = await open();
			const {session, model, aborts} = subject;
			let writing: Promise<unknown> = Promise.resolve();
			if (wait === 'for the model') {
				const hear = model.hear.bind(model);
				model.hear = async (samples, silenceMs, options) => {
					await new Promise((_resolve, reject) =>
						options!.signal!.addEventListener('abort', () => reject(options!.signal!.reason as Error)),
					);
					return hear(samples, silenceMs, options);
				};
			}
			if (wait !== 'for audio') {
				const durationMs = wait === 'for the model' ? 5000 : 90_000;
				writing = session.write(positionAudio(durationMs)).catch((error: unknown) => error);
				for (let turn = 0; turn < 100; turn++) await settle();
			}
			const reason = {kind: 'no error at all'};
			session.destroy(reason);
			session.destroy(new Error('another'));
			if (wait !== 'for audio' && wait !== 'for the model') expect(await writing, wait).toBe(reason);
			expect(await readAll(session).catch((error: unknown) => error), wait).toBe(reason);
			expect(await session.write(positionAudio(10)).catch((error: unknown) => error), wait).toBe(reason);
			await settle();
			expect(aborts[0], wait).toBe(reason);
			expect(subject.overs, wait).toBe(1);
			expect(model.held, wait).toBe(0);
		}
	});

	it('tells what the model threw after what it had told, and refuses audio for it', async () => {
		const subject = await open();
		const {session, model} = subject;
		const reason = new Error('lost');
		model.onHear = ({endMs}) => {
			if (endMs > 5000) throw reason;
		};
		await session.write(positionAudio(9000));
		const events: SessionEvent[] = [];
		const reading = (async () => {
			for await (const update of session.updates) events.push(...update.events);
		})();
		expect(await reading.catch((error: unknown) => error)).toBe(reason);
		expect(transcript(events)).not.toBe('');
		expect(findBrokenRules(events, {isCut: true})).toEqual([]);
		expect(await session.write(positionAudio(10)).catch((error: unknown) => error)).toBe(reason);
		expect(subject.overs).toBe(1);
		expect(model.held).toBe(0);
	});
});
