import {SpokenSession, type Breaks, type SpokenSessionOptions} from './spoken-session.js';

/** How long the double takes to load a model. */
const LOADING_MS = 30;

/** The sessions of the double: some have a place, the others wait in line. */
export class SessionPlaces {
	readonly sessions = new Map<string, SpokenSession>();
	/** All there ever were, with those that were deleted. */
	readonly history: string[] = [];
	readonly #places: number;
	readonly #breaks: Breaks;
	#line: SpokenSession[] = [];
	#lastMs = 0;
	#opened = 0;

	constructor(places: number, breaks: Breaks) {
		this.#places = places;
		this.#breaks = breaks;
	}

	open(options: Omit<SpokenSessionOptions, 'id' | 'breaks'>, isLoaded: boolean): SpokenSession {
		const id = `${options.clientId || options.agentType}_${options.languagePair}_${this.#nextMs()}`;
		const session = new SpokenSession({...options, id, breaks: this.#breaks});
		if (this.#countPlaced() >= this.#places) {
			session.state = 'queued';
			this.#line.push(session);
			this.#number();
		} else if (!isLoaded) {
			session.state = 'initializing';
			session.hasLoaded = true;
			setTimeout(() => session.becomeReady(), LOADING_MS);
		}

		this.sessions.set(id, session);
		this.history.push(id);
		return session;
	}

	delete(id: string): void {
		const session = this.sessions.get(id);
		if (session === undefined) return;
		this.sessions.delete(id);
		if (session.state === 'queued') {
			this.#line = this.#line.filter(other => other !== session);
			if (!this.#breaks('queue.leaves')) this.#number();
		} else if (!this.#breaks('queue.moves-up')) {
			this.#line.shift()?.becomeReady();
			this.#number();
		}
	}

	#number(): void {
		for (const session of this.sessions.values()) session.position = 0;
		for (const [index, session] of this.#line.entries()) session.position = index + 1;
	}

	#countPlaced(): number {
		return [...this.sessions.values()].filter(({state}) => state !== 'queued').length;
	}

	#nextMs(): number {
		if (this.#breaks('init.session-id')) return this.#opened++;
		if (this.#breaks('init.unique')) return Math.floor(Date.now() / 100_000) * 100_000;
		this.#lastMs = Math.max(Date.now(), this.#lastMs + 1);
		return this.#lastMs;
	}
}
