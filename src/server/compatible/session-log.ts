import type {SessionDoor} from '../sessions/session-host.js';

/** A session that was opened here, also when it has ended. */
export interface SessionLogEntry {
	readonly sessionId: string;
	/** The id of the key it was opened with. */
	readonly owner: string | undefined;
	readonly door: SessionDoor;
	readonly agentType: string | undefined;
	readonly languagePair: string | undefined;
	readonly clientId: string | undefined;
	/** Wall time, ms since 1970. */
	readonly createdAtMs: number;
	/** Undefined while it runs. */
	readonly endedAtMs: number | undefined;
	/** Audio it took, ms; 0 while it runs. */
	readonly audioMs: number;
	/** Why it ended, for people; undefined if it ended by itself. */
	readonly cause: string | undefined;
}

/** Every session that was created. */
export interface SessionLog {
	/** A session with the name of one before takes its place. Must not throw. */
	put(entry: SessionLogEntry): void;
	/** Those of an owner, newest first. */
	list(owner: string | undefined, limit: number): Promise<readonly SessionLogEntry[]>;
}

/** The newest sessions since the server began. */
export class MemorySessionLog implements SessionLog {
	readonly #entries = new Map<string, SessionLogEntry>();
	readonly #maxEntries: number;

	constructor(maxEntries = 1000) {
		this.#maxEntries = maxEntries;
	}

	put(entry: SessionLogEntry): void {
		this.#entries.set(entry.sessionId, entry);
		const [oldest] = this.#entries.keys();
		if (this.#entries.size > this.#maxEntries) this.#entries.delete(oldest!);
	}

	list(owner: string | undefined, limit: number): Promise<readonly SessionLogEntry[]> {
		const own = [...this.#entries.values()].filter(entry => entry.owner === owner);
		return Promise.resolve(own.reverse().slice(0, limit));
	}
}
