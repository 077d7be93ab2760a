import type {LatencyMultiplier} from '../../src/core/engine/engine.js';
import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';
import {StreamEvents} from '../../src/core/session/stream-event.js';
import {createRandom} from '../../src/core/util/random.js';

/** What a speaker does, one after the other. */
export type StreamAct =
	| {readonly type: 'speak'; readonly samples: Float32Array}
	| {readonly type: 'flush'}
	| {readonly type: 'change'; readonly multiplier: LatencyMultiplier};

/** 16-bit noise in pieces of any length, with flushes and changes between. */
export function planActs(seed: number, seconds: number): readonly StreamAct[] {
	const random = createRandom(seed);
	const acts: StreamAct[] = [];
	for (let samples = 0; samples < seconds * 16_000;) {
		const length = 1 + Math.floor(random() * 6000);
		// Not -0, which 16 bits cannot say.
		const noise = Float32Array.from({length}, () => (Math.round((random() - 0.5) * 0x8000) + 0) / 0x8000);
		acts.push({type: 'speak', samples: noise});
		samples += length;
		if (random() < 0.02) acts.push({type: 'flush'});
		if (random() < 0.02) acts.push({type: 'change', multiplier: (1 + Math.floor(random() * 3)) as 1 | 2 | 3});
	}
	return acts;
}

/** What stays of what a session says that nobody disturbs: see {@link keepLasting}. */
export async function expectedEvents(
	acts: readonly StreamAct[],
	targets: readonly string[],
): Promise<readonly object[]> {
	const session = await createScriptedEngine().openSession({
		sourceLanguage: 'en',
		targets,
		latencyMultiplier: 1,
	});
	const heard: SessionEvent[] = [];
	const reading = (async () => {
		for await (const {events} of session.updates) heard.push(...events);
	})();
	for (const act of acts) {
		if (act.type === 'flush') session.flush();
		else if (act.type === 'change') session.change({latencyMultiplier: act.multiplier});
		else await session.write(act.samples.slice());
	}
	session.end();
	await reading;
	const stream = new StreamEvents({elapsedMs: () => 0});
	return keepLasting(heard.flatMap(event => stream.of(event)));
}

const LASTING = ['final', 'usage', 'done'];

/** Without guesses, which may be overtaken while a client is away, and without what depends on the clock. */
export function keepLasting(
	events: readonly {readonly type: string}[],
	types: readonly string[] = LASTING,
): readonly object[] {
	return events
		.filter(({type}) => types.includes(type))
		.map(event => {
			const entries = Object.entries(event).filter(([name]) => name !== 'seq' && name !== 'at_ms');
			return Object.fromEntries(entries);
		});
}
