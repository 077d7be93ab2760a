import {StreamEvents} from '../../core/session/stream-event.js';
import type {ServerMessage, SnapshotText} from '../../core/session/stream-protocol.js';
import type {Clock} from '../../core/util/clock.js';
import type {HostedEvent, HostedSession} from '../sessions/session-host.js';
import {closeCodeOf, describeFailure} from './describe-failure.js';

/** Somebody who hears what a session says. */
export interface FeedListener {
	/** @param isNeeded - false for what the next event of its kind makes up for. The same bytes go to all. */
	send(message: Buffer, isNeeded: boolean): void;
	/** Nothing more comes. @param code - for the socket. */
	end(code: number): void;
}

/**
 * Says to any number of listeners what a session says, whichever door it came in by. Keeps the text, for those who come
 * late. Each event is written once, however many listen.
 */
export class SessionFeed {
	readonly session: HostedSession;
	readonly #clock: Clock;
	readonly #startedMs: number;
	readonly #events: StreamEvents;
	readonly #listeners = new Set<FeedListener>();
	readonly #texts = new Map<string, {final: string; partial: string}>();
	#seq = 0;

	/** @param onOver - called once, when the session has ended. */
	constructor(session: HostedSession, clock: Clock, onOver: () => void) {
		const {sourceLanguage, words = false} = session.options;
		this.session = session;
		this.#clock = clock;
		this.#startedMs = clock.nowMs();
		this.#events = new StreamEvents({elapsedMs: () => this.#elapsedMs, sourceLanguage, words});
		session.subscribe(event => {
			this.#take(event);
			if (event.type === 'session-closed') onOver();
		});
	}

	get listeners(): number {
		return this.#listeners.size;
	}

	/** Of each target, whatever was said since the session began or was reset. */
	get texts(): readonly SnapshotText[] {
		return this.session.options.targets.map(target => ({
			target,
			final: '',
			partial: '',
			...this.#texts.get(target),
		}));
	}

	/** Text from before the session was here. */
	precede(target: string, text: string): void {
		this.#text(target).final += text;
	}

	/** The listener hears the text so far first. @returns ends it. */
	listen(listener: FeedListener): () => void {
		listener.send(encode(this.#snapshot()), true);
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	get #elapsedMs(): number {
		return this.#clock.nowMs() - this.#startedMs;
	}

	#snapshot(): ServerMessage {
		return {
			type: 'session.snapshot',
			seq: this.#seq - 1,
			at_ms: Math.round(this.#elapsedMs),
			session: this.session.id,
			source_language: this.session.options.sourceLanguage,
			texts: this.texts,
		};
	}

	#take(event: HostedEvent): void {
		switch (event.type) {
			case 'progress':
				return;
			case 'session-reset':
				this.#texts.clear();
				this.#say({...this.#stamp(), type: 'session.reset'});
				return;
			case 'session-closed':
				this.#end(event.cause);
				return;
			case 'stretch-ended':
				this.#say({...this.#stamp(), type: 'flushed', audio_ms: Math.round(event.audioMs)});
				return;
			case 'text-final': {
				const text = this.#text(event.target);
				text.final += event.text;
				text.partial = '';
				break;
			}
			case 'text-partial':
				this.#text(event.target).partial = event.text;
				break;
			case 'segment-ended':
			case 'language-detected':
			case 'lag-measured':
			case 'warning-raised':
			case 'session-ended':
		}
		for (const told of this.#events.of(event)) this.#say(told);
	}

	#end(cause: unknown): void {
		if (cause !== undefined) {
			const {code, message} = describeFailure(cause);
			this.#say(this.#events.error(code, message, true));
		}
		for (const listener of [...this.#listeners])
			listener.end(cause === undefined ? 1000 : closeCodeOf(cause));
		this.#listeners.clear();
	}

	#say(event: ServerMessage): void {
		const seq = this.#seq++;
		if (this.#listeners.size === 0) return;
		const message = encode({...event, seq});
		const isNeeded = event.type !== 'partial' && event.type !== 'lag';
		for (const listener of [...this.#listeners]) listener.send(message, isNeeded);
	}

	#stamp(): {seq: number; at_ms: number} {
		return {seq: 0, at_ms: Math.round(this.#elapsedMs)};
	}

	#text(target: string): {final: string; partial: string} {
		const text = this.#texts.get(target) ?? {final: '', partial: ''};
		this.#texts.set(target, text);
		return text;
	}
}

function encode(message: ServerMessage): Buffer {
	return Buffer.from(JSON.stringify(message));
}
