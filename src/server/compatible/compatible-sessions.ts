import type {FastifyRequest} from 'fastify';

import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import type {HostedSession, OpenHostedSession, SessionHost} from '../sessions/session-host.js';
import {CompatibleSession} from './compatible-session.js';
import {describeFailure} from './failures.js';
import {ownerOf} from './owner-of.js';
import type {SessionLog, SessionLogEntry} from './session-log.js';

/** Sessions that failed, of which it is still known why. */
const MAX_FAILURES = 100;

export interface CompatibleSessionsParts {
	readonly host: SessionHost;
	readonly log: SessionLog;
	readonly clock: Clock;
}

/** The sessions of a server as this API sees them. Whoever has another key does not see them. */
export class CompatibleSessions {
	readonly #host: SessionHost;
	readonly #log: SessionLog;
	readonly #clock: Clock;
	readonly #sessions = new Map<string, CompatibleSession>();
	readonly #failures = new Map<string, {readonly owner: string | undefined; readonly reason: string}>();

	constructor({host, log, clock}: CompatibleSessionsParts) {
		this.#host = host;
		this.#log = log;
		this.#clock = clock;
		host.watch(session => this.#opened(session));
	}

	/** Of all doors, oldest first. */
	list(request: FastifyRequest): readonly HostedSession[] {
		return this.#host.list().filter(({owner}) => owner === ownerOf(request));
	}

	/** @throws what `SessionHost.open()` throws. */
	open(request: Omit<OpenHostedSession, 'door'>): CompatibleSession {
		const {id} = this.#host.open({...request, door: 'compatible'});
		return this.#sessions.get(id)!;
	}

	/** One that was opened by this API. */
	find(id: string, request: FastifyRequest): CompatibleSession | undefined {
		const session = this.#sessions.get(id);
		return session?.hosted.owner === ownerOf(request) ? session : undefined;
	}

	/** The sessions of a client, newest first. */
	findByClient(
		clientId: string,
		languagePair: string | undefined,
		request: FastifyRequest,
	): readonly CompatibleSession[] {
		return [...this.#sessions.values()]
			.filter(
				({hosted}) =>
					hosted.owner === ownerOf(request) &&
					hosted.clientId === clientId &&
					(languagePair === undefined || hosted.languagePair === languagePair),
			)
			.reverse();
	}

	/** Why a session is no longer there; undefined if it was not taken away. */
	failureOf(id: string, request: FastifyRequest): string | undefined {
		const failure = this.#failures.get(id);
		return failure?.owner === ownerOf(request) ? failure?.reason : undefined;
	}

	#opened(hosted: HostedSession): void {
		const {id, door, owner, agentType, languagePair, clientId, createdAtMs} = hosted;
		const opened: SessionLogEntry = {
			sessionId: id,
			owner,
			door,
			agentType,
			languagePair,
			clientId,
			createdAtMs,
			endedAtMs: undefined,
			audioMs: 0,
			cause: undefined,
		};
		this.#log.put(opened);
		if (door === 'compatible') {
			this.#sessions.set(id, new CompatibleSession(hosted, () => this.#clock.nowMs()));
		}
		hosted.subscribe(event => {
			if (event.type !== 'session-closed') return;
			this.#sessions.delete(id);
			const cause = event.cause === undefined ? undefined : describeFailure(event.cause);
			this.#log.put({...opened, endedAtMs: Date.now(), audioMs: hosted.audioMs, cause});
			if (cause === undefined || InfinisstError.is(event.cause, 'SESSION_UNKNOWN')) return;
			this.#failures.set(id, {owner, reason: cause});
			const [oldest] = this.#failures.keys();
			if (this.#failures.size > MAX_FAILURES) this.#failures.delete(oldest!);
		});
	}
}
