import type {Clock} from '../../core/util/clock.js';
import type {HostedSession, SessionHost} from '../sessions/session-host.js';
import {SessionFeed} from './session-feed.js';

/** The feeds of a server: one for each session, from its beginning on. */
export class SessionFeeds {
	readonly #clock: Clock;
	readonly #feeds = new Map<string, SessionFeed>();

	constructor(sessions: SessionHost, clock: Clock) {
		this.#clock = clock;
		for (const session of sessions.list()) this.#add(session);
		sessions.watch(session => this.#add(session));
	}

	/** Sockets that listen to some session. */
	get listeners(): number {
		let sum = 0;
		for (const feed of this.#feeds.values()) sum += feed.listeners;
		return sum;
	}

	/** Undefined for a session that is not here, or has ended. */
	find(sessionId: string): SessionFeed | undefined {
		return this.#feeds.get(sessionId);
	}

	#add(session: HostedSession): void {
		const feed: SessionFeed = new SessionFeed(session, this.#clock, () => {
			// Its name may be in use again.
			if (this.#feeds.get(session.id) === feed) this.#feeds.delete(session.id);
		});
		this.#feeds.set(session.id, feed);
	}
}
