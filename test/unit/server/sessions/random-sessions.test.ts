import {expect, it} from 'vitest';
import {LATENCY_MULTIPLIERS} from '../../../../src/core/engine/engine.js';
import {findBrokenRules} from '../../../../src/core/engine/testing/event-rules.js';
import {createScriptedEngine} from '../../../../src/core/engine/testing/scripted-engine.js';
import type {SessionEvent} from '../../../../src/core/session/session-event.js';
import {createRandom} from '../../../../src/core/util/random.js';
import type {HostedEvent} from '../../../../src/server/sessions/session-host.js';
import {
	isOfEngine,
	openHosted,
	openHostFixture,
	settle,
	textOf,
	type HostFixture,
	type OpenedSession,
} from '../../../helpers/hosted.js';
import {scriptedAudio} from '../../../helpers/scripted-audio.js';

const RUNS = 60;
const STEPS = 120;
const MAX_SESSIONS = 2;

type Command = Float32Array | 'flush';

/** What a session was told since it began or was reset, and what should therefore have come of it. */
interface Expectation extends OpenedSession {
	commands: Command[];
	isWriting: boolean;
	isEnded: boolean;
	isDestroyed: boolean;
	resets: number;
	/** As seen last; places are only won. */
	position: number;
}

/** What one engine session says of the commands. */
async function textAlone(commands: readonly Command[]): Promise<string> {
	const session = await createScriptedEngine().openSession({sourceLanguage: 'en', targets: ['same']});
	void (async () => {
		for (const command of commands) {
			if (command === 'flush') session.flush();
			else await session.write(command);
		}
		session.end();
	})();
	let text = '';
	for await (const {events} of session.updates) text += textOf(events);
	return text;
}

function lastLife(events: readonly HostedEvent[]): HostedEvent[] {
	return events.slice(events.findLastIndex(({type}) => type === 'session-reset') + 1);
}

function ofEngine(events: readonly HostedEvent[]): SessionEvent[] {
	return events.filter(isOfEngine);
}

/** After anything that may happen: who may run runs, the others stand in line in the order of their coming. */
function checkLine(all: readonly Expectation[]): void {
	const open = all.filter(({session}) => session.progress.status !== 'ended');
	const statuses = open.map(({session}) => session.progress.status);
	const active = statuses.filter(status => status === 'active').length;
	expect(statuses).toEqual([
		...Array.from({length: active}, () => 'active'),
		...Array.from({length: statuses.length - active}, () => 'queued'),
	]);
	expect(active).toBe(Math.min(MAX_SESSIONS, open.length));
	open.slice(active).forEach((expectation, index) => {
		const {queuePosition} = expectation.session.progress;
		expect(queuePosition).toBe(index + 1);
		expect(queuePosition).toBeLessThanOrEqual(expectation.position);
		expectation.position = queuePosition;
	});
}

async function checkReplicas({models}: HostFixture, all: readonly Expectation[]): Promise<void> {
	const [replica] = await models.routers().get('scripted')!.statistics();
	const expected = all
		.filter(({session}) => session.progress.status === 'active')
		.map(({session}) => session.id);
	expect(replica!.sessions.map(({id}) => id.replace(/ #\d+$/, '')).sort()).toEqual(expected.sort());
}

async function checkTexts({events, session, commands, ...expectation}: Expectation): Promise<void> {
	const closed = events.findIndex(({type}) => type === 'session-closed');
	expect(closed).toBe(events.length - 1);
	expect(events.filter(({type}) => type === 'session-reset')).toHaveLength(expectation.resets);
	const life = ofEngine(lastLife(events));
	const isCut = life.at(-1)?.type !== 'session-ended';
	expect(findBrokenRules(life, {isCut})).toEqual([]);
	const text = await textAlone(commands);
	if (isCut) {
		expect(expectation.isDestroyed).toBe(true);
		const said = textOf(life);
		expect(text.slice(0, said.length)).toBe(said);
		return;
	}
	expect(textOf(life)).toBe(text);
	expect(life.filter(({type}) => type === 'stretch-ended')).toHaveLength(
		commands.filter(command => command === 'flush').length,
	);
	const stretches = life.findLastIndex(({type}) => type === 'stretch-ended');
	const last = textOf(life.slice(stretches + 1));
	if (last !== '') expect(session.text('same')).toEqual({final: last, partial: ''});
}

it.each(Array.from({length: RUNS}, (_, seed) => [seed + 1]))(
	'keeps order, places and memory whatever is done to sessions (seed %i)',
	async seed => {
		const random = createRandom(seed);
		const pick = (count: number): number => Math.floor(random() * count);
		const fixture = await openHostFixture({
			limits: {maxSessions: MAX_SESSIONS, maxQueued: 4, orphanMs: 1e9},
			engine: {stepCostMs: seed % 3 === 0 ? 0 : 20, openCostMs: seed % 2 === 0 ? 0 : 15},
		});
		const all: Expectation[] = [];
		for (let step = 0; step < STEPS; step++) {
			const open = all.filter(({session}) => session.progress.status !== 'ended');
			const one = open[pick(open.length)];
			const action = pick(20);
			if (one === undefined || action < 3) {
				if (open.length >= MAX_SESSIONS + 4) continue;
				all.push({
					...openHosted(fixture.host),
					commands: [],
					isWriting: false,
					isEnded: false,
					isDestroyed: false,
					resets: 0,
					position: Infinity,
				});
			} else if (action < 10) {
				if (one.isWriting || one.isEnded) continue;
				const audio = scriptedAudio(1 + pick(4), 1 + pick(1000)).slice(0, 1 + pick(64_000));
				one.commands.push(audio.slice());
				one.isWriting = true;
				void one.session.write(audio).then(
					() => (one.isWriting = false),
					() => undefined,
				);
			} else if (action < 12) {
				one.session.flush();
				if (!one.isEnded) one.commands.push('flush');
			} else if (action === 12) {
				one.session.reset();
				if (one.isEnded) continue;
				one.resets++;
				one.commands = [];
			} else if (action === 13) {
				one.session.end();
				one.isEnded = true;
			} else if (action === 14) {
				one.session.destroy();
				one.isDestroyed = true;
			} else if (action === 15) {
				one.session.change({latencyMultiplier: LATENCY_MULTIPLIERS[pick(4)]!});
			} else if (action < 18) {
				fixture.clock.advance(pick(60));
			} else {
				await settle();
			}
			checkLine(all);
		}
		for (const {session} of all) session.end();
		const closing = fixture.host.close(new AbortController().signal);
		// Longer than all the work there may be.
		for (let round = 0; fixture.host.list().length > 0 && round < 2000; round++) {
			fixture.clock.advance(20);
			await new Promise(resolve => setImmediate(resolve));
			checkLine(all);
			if (round % 50 === 0) {
				await settle();
				checkLine(all);
			}
		}
		await closing;
		for (const expectation of all) await checkTexts(expectation);
		expect(fixture.faults).toEqual([]);
	},
);

it.each(Array.from({length: 20}, (_, seed) => [seed + 1]))(
	'leaves nothing at the replica of what was reset or taken away (seed %i)',
	async seed => {
		const random = createRandom(seed);
		const fixture = await openHostFixture({limits: {maxSessions: 3, maxQueued: 2}});
		const all: Expectation[] = [];
		for (let step = 0; step < 40; step++) {
			const open = all.filter(({session}) => session.progress.status !== 'ended');
			const one = open[Math.floor(random() * open.length)];
			if (one === undefined || (open.length < 5 && random() < 0.4)) {
				all.push({
					...openHosted(fixture.host),
					commands: [],
					isWriting: false,
					isEnded: false,
					isDestroyed: false,
					resets: 0,
					position: Infinity,
				});
			} else if (random() < 0.3) {
				one.session.destroy();
			} else if (random() < 0.5) {
				one.session.reset();
			} else {
				await one.session.write(scriptedAudio(1));
			}
			await settle();
			await checkReplicas(fixture, all);
		}
	},
);
