import {describe, expect, it} from 'vitest';

import type {Engine, EngineSession, SessionChange, SessionUpdate} from '../../src/core/engine/engine.js';
import {InfinisstError} from '../../src/core/errors.js';
import {scriptedAudio} from '../helpers/scripted-audio.js';
import {breakEngine, breakEvents, breakSessions, breakUpdates, replaceMembers} from './broken-engines.js';
import {ENGINE_RULES} from './engine.js';

/** What is wrong, an engine that is wrong in this way, and the rule that must notice. */
const BROKEN: [string, () => Promise<Engine>, string][] = [
	['has no id', breakEngine(() => ({id: ''})), 'tells what it is'],
	[
		'takes back a final',
		breakEvents(events =>
			events.map(event => (event.type === 'segment-ended' ? {...event, text: `${event.text} more`} : event)),
		),
		'reports events by their rules, none before its audio',
	],
	[
		'tells of audio that was not written yet',
		breakEvents(events =>
			events.map(event => ('audioMs' in event ? {...event, audioMs: event.audioMs + 5000} : event)),
		),
		'reports events by their rules, none before its audio',
	],
	[
		'never says that it ended',
		breakEvents(events => events.filter(({type}) => type !== 'session-ended')),
		'reports events by their rules, none before its audio',
	],
	[
		'loses a sample at the border of two writes',
		breakSessions(session => {
			let count = 0;
			return {
				write: samples => session.write(count++ > 0 && samples.length > 160 ? samples.subarray(1) : samples),
			};
		}),
		'gives the same events however the audio is cut',
	],
	[
		'rounds writes up to a frame',
		breakSessions(session => ({
			write: samples => {
				const padded = new Float32Array(Math.ceil(samples.length / 2) * 2);
				padded.set(samples);
				return session.write(padded);
			},
		})),
		'gives the same events for audio that comes sample by sample',
	],
	[
		'mixes sessions up',
		breakSessions(
			(() => {
				let last = new Float32Array();
				return session => ({
					write: samples => {
						const mixed = samples.map((sample, index) => sample + 0.001 * (last[index] ?? 0));
						last = Float32Array.from(samples);
						return session.write(mixed);
					},
				});
			})(),
		),
		'gives a session among others what it gives it alone',
	],
	[
		'times no words',
		breakEvents(events =>
			events.map(event => {
				if (event.type !== 'text-final' && event.type !== 'segment-ended') return event;
				return {...event, words: []};
			}),
		),
		'tells no partials where none are wanted, and times words where they are',
	],
	[
		'takes all audio at once',
		breakSessions(session => {
			let writing = Promise.resolve();
			return {
				write: samples => {
					writing = writing.then(() => session.write(samples)).catch(() => undefined);
					return Promise.resolve();
				},
				end: () => void writing.then(() => session.end()),
			};
		}),
		'lets a writer who waits get no further ahead than it says',
	],
	[
		'keeps updates that nobody reads without bound',
		breakSessions(session => {
			const updates = readAll(session);
			updates.catch(() => undefined);
			return {
				updates: (async function* () {
					yield* await updates;
				})(),
			};
		}),
		'holds up the writer when nobody reads, and goes on when somebody does',
	],
	[
		'ignores changes',
		breakSessions(() => ({change: () => undefined})),
		'changes the pace from where it was told to',
	],
	[
		'applies a change to audio that was written before',
		breakSessions(session => {
			const writes: Float32Array[] = [];
			const changes: SessionChange[] = [];
			return {
				write: samples => Promise.resolve(void writes.push(samples)),
				change: change => void changes.push(change),
				end: () => {
					for (const change of changes) session.change(change);
					void (async () => {
						for (const samples of writes) await session.write(samples);
						session.end();
					})();
				},
			};
		}),
		'changes the pace from where it was told to',
	],
	[
		'ignores flushes',
		breakSessions(() => ({flush: () => undefined})),
		'makes everything final at each flush, and goes on',
	],
	[
		'ends at a flush',
		breakSessions(session => ({flush: () => session.end()})),
		'makes everything final at each flush, and goes on',
	],
	[
		'does not count its commands',
		breakUpdates(update => ({...update, checkpoint: {...update.checkpoint, commands: 0}})),
		'makes everything final at each flush, and goes on',
	],
	[
		'hears something in nothing',
		breakEvents(events => [
			...events.slice(0, -1),
			{
				type: 'text-final',
				target: 'same',
				language: 'en',
				segment: 0,
				startMs: 0,
				endMs: 0,
				audioMs: 0,
				text: ' Thank you.',
			},
			...events.slice(-1),
		]),
		'ends a session that heard nothing without a word',
	],
	[
		'takes audio after end()',
		breakSessions(session => ({write: samples => session.write(samples).catch(() => undefined)})),
		'takes nothing after end()',
	],
	[
		'throws an error of its own after destroy(reason)',
		breakSessions(session => ({
			destroy: () => session.destroy(new InfinisstError('RESOURCE_CLOSED', 'gone')),
		})),
		'ends a session at once when it is destroyed, for the first reason',
	],
	[
		'lets the second reason win',
		breakSessions(session => {
			let reason: unknown;
			return {
				destroy: given => {
					reason = given;
					session.destroy(given);
				},
				write: samples =>
					session.write(samples).catch(() => {
						throw reason;
					}),
			};
		}),
		'ends a session at once when it is destroyed, for the first reason',
	],
	[
		'does not listen to the signal while it opens a session',
		breakEngine(engine => ({
			openSession: async (options, open) => {
				open?.signal?.throwIfAborted();
				return engine.openSession(options);
			},
		})),
		'gives up opening when its signal fires, and only then',
	],
	[
		'ends a session when the signal fires that it was opened with',
		breakEngine(engine => ({
			openSession: async (options, open) => {
				const session = await engine.openSession(options, open);
				open?.signal?.addEventListener('abort', () => session.destroy());
				return session;
			},
		})),
		'gives up opening when its signal fires, and only then',
	],
	[
		'forgets where it was',
		breakEngine(engine => ({openSession: options => engine.openSession(options)})),
		'goes on from every checkpoint as if nothing had happened',
	],
	[
		'loses a word when it goes on',
		breakUpdates((update, open) => {
			const lost =
				open?.checkpoint !== undefined && update.events.findIndex(({type}) => type === 'text-final');
			return {...update, events: update.events.filter((_event, index) => index !== lost)};
		}),
		'goes on from every checkpoint as if nothing had happened',
	],
	[
		'keeps its state where another engine cannot find it',
		breakUpdates(update => ({...update, checkpoint: {...update.checkpoint, state: () => undefined}})),
		'goes on from every checkpoint as if nothing had happened',
	],
	[
		'tells of no sessions',
		breakEngine(engine => ({
			statistics: async () => (await engine.statistics()).map(replica => ({...replica, sessions: []})),
		})),
		'tells of its sessions and settings',
	],
	[
		'takes any setting',
		breakEngine(engine => ({
			configure: settings => engine.configure(settings).catch(() => engine.configure({})),
		})),
		'changes its settings while it runs, within their ranges',
	],
	[
		'takes a target twice',
		breakEngine(engine => ({
			openSession: (options, open) =>
				engine.openSession({...options, targets: [...new Set(options.targets)]}, open),
		})),
		'refuses what it cannot do',
	],
	[
		'ends its sessions at close()',
		breakEngine(engine => ({close: () => engine.destroy()})),
		'waits for its sessions at close(), and takes no new ones',
	],
	[
		'is closed before its sessions are',
		breakEngine(engine => ({
			close: () => {
				void engine.close();
				return Promise.resolve();
			},
		})),
		'waits for its sessions at close(), and takes no new ones',
	],
	[
		'takes sessions after close()',
		breakEngine(engine => ({
			openSession: (options, open) =>
				engine.openSession(options, open).catch(() => spare.openSession(options)),
		})),
		'waits for its sessions at close(), and takes no new ones',
	],
	[
		'forgets the reason of its destruction',
		breakEngine(engine => ({destroy: () => engine.destroy()})),
		'ends now at destroy(), and its sessions with the reason',
	],
];
async function readAll(session: EngineSession): Promise<SessionUpdate[]> {
	const updates: SessionUpdate[] = [];
	for await (const update of session.updates) updates.push(update);
	return updates;
}

const spare = await breakSessions(session => replaceMembers(session, {}))();

const subject = {
	name: 'broken',
	audio: scriptedAudio(12),
	options: {sourceLanguage: 'en', targets: ['same']},
	maxWaitingMs: 12_000,
	opensSlowly: true,
};

describe('the contract of engines', () => {
	it.each(BROKEN)('notices an engine that %s', async (_title, open, title) => {
		const {check} = ENGINE_RULES.find(rule => rule.title === title)!;
		await expect(check({...subject, open})).rejects.toThrow();
	});

	it.each([
		['engine', breakEngine(() => ({}))],
		['sessions', breakSessions(() => ({}))],
		['updates', breakUpdates(update => update)],
	])('finds nothing wrong where %s pass through what breaks them', async (_title, open) => {
		for (const {check} of ENGINE_RULES) await check({...subject, open});
	});

	it('has an engine that breaks it for every rule', () => {
		const noticed = new Set(BROKEN.map(([, , title]) => title));
		expect(ENGINE_RULES.filter(({title}) => !noticed.has(title))).toEqual([]);
	});
});
