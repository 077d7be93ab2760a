import type {Clock} from '../../util/clock.js';

/** A session that takes its replica down with it so often, without getting on in between, is given up. */
export const MAX_STRIKES = 3;

/** How long one session is watched alone, at first. */
const FIRST_WATCH_MS = 1000;

interface Record {
	/** Replicas lost with this session since its last checkpoint. */
	strikes: number;
	watchMs: number;
}

interface Watched<Session> {
	readonly session: Session;
	stop: () => void;
}

/**
 * Finds the session that takes replicas down, among those that were merely there.
 *
 * A lost replica is a strike for each of its sessions; a session that gets on is cleared. One with two strikes goes
 * on only under watch, one session at a time: if a replica is lost then, it was the watched one. The watch ends when
 * the session gets on, or after a second, because one that was told nothing has nothing to get on with; each
 * such watch doubles the next, so that one that takes long to do harm is found too.
 */
export class Probation<Session extends object> {
	readonly #clock: Clock;
	readonly #records = new WeakMap<Session, Record>();
	readonly #gate: (() => void)[] = [];
	#watched: Watched<Session> | undefined;

	constructor(clock: Clock) {
		this.#clock = clock;
	}

	/** Whether a replica was lost with it since its last checkpoint. */
	isSuspect(session: Session): boolean {
		return this.#records.has(session);
	}

	/** Waits until the session may be opened again. @throws `signal.reason`. */
	async enter(session: Session, signal: AbortSignal): Promise<void> {
		while ((this.#records.get(session)?.strikes ?? 0) >= MAX_STRIKES - 1) {
			signal.throwIfAborted();
			if (this.#watched === undefined) {
				this.#watched = {session, stop: () => undefined};
				return;
			}
			if (this.#watched.session === session) return;
			await new Promise<void>(resolve => {
				const pass = (): void => {
					signal.removeEventListener('abort', pass);
					const index = this.#gate.indexOf(pass);
					if (index !== -1) this.#gate.splice(index, 1);
					resolve();
				};
				signal.addEventListener('abort', pass, {once: true});
				this.#gate.push(pass);
			});
		}
	}

	/** The session was opened: a watch begins to run. */
	opened(session: Session): void {
		if (this.#watched?.session !== session) return;
		const record = this.#records.get(session)!;
		this.#watched.stop = this.#clock.after(record.watchMs, () => {
			record.watchMs *= 2;
			this.#release(session);
		});
	}

	/** The session got on, or ended. */
	clear(session: Session): void {
		this.#records.delete(session);
		this.#release(session);
	}

	/** A replica was lost with these sessions. @returns those that must be given up. */
	blame(sessions: Iterable<Session>): Session[] {
		const present = [...sessions];
		const watched = present.find(session => session === this.#watched?.session);
		const blamed = watched === undefined ? present : [watched];
		const isSure = blamed.length === 1;
		const guilty: Session[] = [];
		for (const session of blamed) {
			const record = this.#records.get(session) ?? {strikes: 0, watchMs: FIRST_WATCH_MS};
			this.#records.set(session, record);
			record.strikes = Math.min(record.strikes + 1, isSure ? MAX_STRIKES : MAX_STRIKES - 1);
			if (record.strikes === MAX_STRIKES) guilty.push(session);
		}
		if (watched !== undefined) this.#release(watched);
		return guilty;
	}

	#release(session: Session): void {
		if (this.#watched?.session !== session) return;
		this.#watched.stop();
		this.#watched = undefined;
		// Those that come first go first; one that gives up in between does not keep the others waiting.
		for (const pass of this.#gate.splice(0)) pass();
	}
}
