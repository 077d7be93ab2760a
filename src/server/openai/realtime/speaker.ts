import {createDeferred} from '../../../core/util/deferred.js';
import type {HostedEvent, HostedSession} from '../../sessions/session-host.js';
import {PcmInput, type AudioFormat} from './pcm-input.js';

/** A hosted session with the way in for a realtime client's audio. */
export class Speaker {
	/** Resolves with what broke the session, or undefined, after its last event. */
	readonly closed: Promise<unknown>;
	readonly #session: HostedSession;
	readonly #input: PcmInput;
	#pendingMs = 0;

	/** @param take - is told all events of the session. */
	constructor(session: HostedSession, format: AudioFormat, take: (event: HostedEvent) => void) {
		const closed = createDeferred<unknown>();
		this.closed = closed.promise;
		this.#session = session;
		this.#input = new PcmInput(format);
		session.subscribe(event => {
			take(event);
			if (event.type === 'session-closed') closed.resolve(event.cause);
		});
	}

	/** True when it tells nothing any more. */
	get isOver(): boolean {
		return this.#session.progress.status === 'ended';
	}

	/** Audio that came since the last {@link flush} or {@link reset}. */
	get pendingMs(): number {
		return this.#pendingMs;
	}

	/**
	 * Resolves when there is room for more.
	 *
	 * @param audio - base64.
	 * @throws {InfinisstError} `OPTION_INVALID`, and what `HostedSession.write()` throws.
	 */
	async append(audio: string): Promise<void> {
		const {durationMs, samples} = this.#input.push(audio);
		this.#pendingMs += durationMs;
		if (samples.length > 0) await this.#session.write(samples);
	}

	/** Makes final what came. */
	async flush(): Promise<void> {
		await this.#writeRest();
		this.#session.flush();
	}

	/** Forgets what came and was not made final. */
	reset(): void {
		this.#input.flush();
		this.#pendingMs = 0;
		this.#session.reset();
	}

	/** Makes final what came, and resolves when all of it has been told. */
	async end(): Promise<void> {
		await this.#writeRest();
		this.#session.end();
		await this.closed;
	}

	touch(): void {
		this.#session.touch();
	}

	destroy(reason: unknown): void {
		this.#session.destroy(reason);
	}

	async #writeRest(): Promise<void> {
		this.#pendingMs = 0;
		const rest = this.#input.flush();
		if (rest.length > 0) await this.#session.write(rest);
	}
}
