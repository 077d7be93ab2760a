import type {
	Engine,
	EngineSession,
	OpenSessionOptions,
	SessionOptions,
	SessionUpdate,
} from '../../src/core/engine/engine.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';
import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';

type OpenSession = Engine['openSession'];

/** A scripted engine with something replaced. */
export function breakEngine(change: (engine: Engine) => Partial<Engine>): () => Promise<Engine> {
	return () => {
		const engine = createScriptedEngine({openCostMs: 1});
		const changes = change(engine);
		return Promise.resolve(
			new Proxy(engine, {
				get: (target, key) => {
					const value: unknown = Reflect.get(changes, key) ?? Reflect.get(target, key);
					return typeof value === 'function' ? (value.bind(target) as unknown) : value;
				},
			}),
		);
	};
}

/** A scripted engine whose sessions have something replaced. */
export function breakSessions(
	change: (
		session: EngineSession,
		options: SessionOptions,
		open?: OpenSessionOptions,
	) => Partial<EngineSession>,
): () => Promise<Engine> {
	return breakEngine(engine => {
		const openSession: OpenSession = async (options, open) => {
			const session = await engine.openSession(options, open);
			return replaceMembers(session, change(session, options, open));
		};
		return {openSession};
	});
}

/** A scripted engine that has its events changed on their way. */
export function breakEvents(change: (events: SessionEvent[]) => SessionEvent[]): () => Promise<Engine> {
	return breakUpdates(update => ({...update, events: change([...update.events])}));
}

export function breakUpdates(
	change: (update: SessionUpdate, open?: OpenSessionOptions) => SessionUpdate,
): () => Promise<Engine> {
	return breakSessions((session, _options, open) => ({
		updates: mapUpdates(session, update => change(update, open)),
	}));
}

export function replaceMembers(session: EngineSession, members: Partial<EngineSession>): EngineSession {
	return {
		get updates() {
			return members.updates ?? session.updates;
		},
		write: members.write ?? (samples => session.write(samples)),
		change: members.change ?? (change => session.change(change)),
		flush: members.flush ?? (() => session.flush()),
		end: members.end ?? (() => session.end()),
		destroy: members.destroy ?? (reason => session.destroy(reason)),
	};
}

async function* mapUpdates(
	session: EngineSession,
	change: (update: SessionUpdate) => SessionUpdate,
): AsyncGenerator<SessionUpdate> {
	for await (const update of session.updates) yield change(update);
}
