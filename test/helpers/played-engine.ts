import type {Engine, EngineSession, SessionUpdate} from '../../src/core/engine/engine.js';
import {createScriptedEngine} from '../../src/core/engine/testing/scripted-engine.js';
import {UpdateQueue} from '../../src/core/engine/update-queue.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';

/** What somebody outside makes a played engine do. */
export interface PlayedOrder {
	/** Reported at once. */
	readonly events?: readonly SessionEvent[];
	/** Reported when the session is ended. */
	readonly lastEvents?: readonly SessionEvent[];
	/** The session does not end when it is told to. */
	readonly hangs?: boolean;
}

/** An engine whose sessions report what they are told to, whatever they hear. */
export function createPlayedEngine(orders: AsyncIterable<PlayedOrder>): Engine {
	const openSession = (): Promise<EngineSession> => {
		const queue = new UpdateQueue();
		let lastEvents: readonly SessionEvent[] = [];
		let hangs = false;
		const push = (events: readonly SessionEvent[]): void => {
			const update: SessionUpdate = {events, checkpoint: {firstSample: 0, commands: 0, state: undefined}};
			queue.push(update);
		};
		void (async () => {
			for await (const order of orders) {
				lastEvents = order.lastEvents ?? lastEvents;
				hangs ||= order.hangs ?? false;
				push(order.events ?? []);
			}
		})();
		return Promise.resolve({
			updates: queue.updates,
			write: () => Promise.resolve(),
			change: () => undefined,
			flush: () => undefined,
			end() {
				if (hangs) return;
				push([...lastEvents, {type: 'session-ended', audioMs: 0}]);
				queue.end();
			},
			destroy: reason => queue.abort(reason),
		});
	};
	return Object.assign(createScriptedEngine(), {openSession});
}
