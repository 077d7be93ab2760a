import type {FastifyBaseLogger} from 'fastify';
import {z, ZodError} from 'zod';

import {InfinisstError, type ErrorCode} from '../../../core/errors.js';
import {countRefusal} from '../../limits/count-refusal.js';
import {parseJsonMessage} from '../../parse-json-message.js';
import type {ServerParts} from '../../server-parts.js';
import {describeOpenAiError, type OpenAiError} from '../error-body.js';
import {CLOSE_CODES, closeCodeOf, newId, type EventSocket, type ServerEvent} from './event-socket.js';
import type {Speaker} from './speaker.js';

/** What a realtime session is made of. */
export interface RealtimeParts extends Pick<
	ServerParts,
	'settings' | 'models' | 'sessions' | 'signal' | 'metrics'
> {
	/** The id of the key that opened the socket. */
	readonly owner: string | undefined;
	readonly log: FastifyBaseLogger;
	/** Names the request in logs. */
	readonly requestId: string;
}

const envelopeSchema = z.looseObject({type: z.string(), event_id: z.string().max(512).optional()});

const appendSchema = z.object({audio: z.string()});

export type ClientEvent = z.infer<typeof envelopeSchema>;

const HINT = 'Send events as text frames with a JSON object each; audio goes into them as base64.';

/** The client can do better with its next event. */
const RECOVERABLE: ReadonlySet<ErrorCode> = new Set([
	'OPTION_INVALID',
	'MODEL_UNKNOWN',
	'LANGUAGE_PAIR_UNSUPPORTED',
]);

/**
 * One socket of `/v1/realtime...`: reads the client's events one after another, and tells what fails. A hosted session
 * is opened with the first audio and ended whenever its settings change.
 */
export abstract class RealtimeSession {
	readonly id = newId('sess');
	protected readonly parts: RealtimeParts;
	protected speaker: Speaker | undefined;
	readonly #socket: EventSocket;
	/** Ended on purpose: what closes the hosted session then is no news. */
	#isEnding = false;
	#speakers = 0;

	constructor(socket: (handle: (text: string) => Promise<void>) => EventSocket, parts: RealtimeParts) {
		this.parts = parts;
		this.#socket = socket(text => this.#take(text));
		parts.signal.addEventListener('abort', this.#onShutdown, {once: true});
	}

	/** Tells the client how the session is set. */
	abstract greet(): void;

	/** Somebody is there. */
	touch(): void {
		this.speaker?.touch();
	}

	/** The socket is gone: nobody is there to be told anything. */
	leave(): void {
		this.parts.signal.removeEventListener('abort', this.#onShutdown);
		this.speaker?.destroy(new InfinisstError('RESOURCE_CLOSED', 'The client closed its socket'));
		this.speaker = undefined;
	}

	/** Tells what failed, and closes the socket. */
	fail(error: unknown, eventId?: string): void {
		this.#tellError(error, eventId);
		this.#socket.close(closeCodeOf(error), 'see the error event');
	}

	protected readonly send = (event: ServerEvent): void => this.#socket.send(event);

	/** @throws {InfinisstError | ZodError} what the client is told; the session goes on. */
	protected abstract handle(event: ClientEvent): Promise<void>;

	/** Opens a hosted session. @throws {InfinisstError} as `SessionHost.open()`. */
	protected abstract openSpeaker(id: string): Speaker;

	/** @throws {ZodError} when the event holds no audio. */
	protected async append(event: ClientEvent): Promise<void> {
		const {audio} = appendSchema.parse(event);
		const speaker = this.speaker ?? this.#open(event.event_id);
		await speaker?.append(audio);
	}

	/**
	 * @param kind - of session, for people.
	 * @param known - types of events.
	 */
	protected refuseUnknown({type}: ClientEvent, kind: string, known: readonly string[]): never {
		const last = known.length - 1;
		throw new InfinisstError(
			'OPTION_INVALID',
			`There is no event "${type.slice(0, 100)}" in a ${kind} session`,
			{
				hint: `Send ${known.slice(0, last).join(', ')} or ${known[last]}.`,
			},
		);
	}

	/** Ends the hosted session, all of its text told; the next audio opens another. */
	protected async endSpeaker(): Promise<void> {
		const {speaker} = this;
		if (speaker === undefined) return;
		this.#isEnding = true;
		try {
			await speaker.end();
		} finally {
			this.#isEnding = false;
			this.speaker = undefined;
		}
	}

	/** The client asked for it: everything is told, then the socket is closed. */
	protected async finish(): Promise<void> {
		await this.endSpeaker();
		this.send({type: 'session.closed'});
		this.#socket.close(CLOSE_CODES.normal, 'closed as asked for');
	}

	/** @returns undefined if there is no room for one: the client was told, and its socket is being closed. */
	#open(eventId: string | undefined): Speaker | undefined {
		const count = ++this.#speakers;
		let speaker: Speaker;
		try {
			speaker = this.openSpeaker(count === 1 ? this.id : `${this.id}_${count}`);
		} catch (error) {
			this.fail(error, eventId);
			return undefined;
		}

		this.speaker = speaker;
		void speaker.closed.then(cause => {
			if (this.#isEnding || this.speaker !== speaker) return;
			this.speaker = undefined;
			if (cause === undefined) this.#socket.close(CLOSE_CODES.goingAway, 'the session has ended');
			else this.fail(cause);
		});
		return speaker;
	}

	async #take(text: string): Promise<void> {
		this.touch();
		const {speaker} = this;
		let eventId: string | undefined;
		try {
			const event = envelopeSchema.parse(parseJsonMessage(text, HINT));
			eventId = event.event_id;
			await this.handle(event);
		} catch (error) {
			if (error instanceof ZodError || (InfinisstError.is(error) && RECOVERABLE.has(error.code))) {
				countRefusal(this.parts.metrics, 'frame');
				this.#tellError(error, eventId);
				return;
			}

			// What ended a session is told by its end. One that is being ended takes no more, and tells what it has.
			const isTold =
				(this.speaker ?? speaker)?.isOver === true || InfinisstError.is(error, 'RESOURCE_CLOSED');
			if (!isTold) this.fail(error, eventId);
		}
	}

	protected tell(error: OpenAiError, eventId: string | undefined): void {
		this.#socket.sendError(error, eventId);
	}

	#tellError(error: unknown, eventId: string | undefined): void {
		const {error: described, isUnforeseen} = describeOpenAiError(error, this.parts.requestId);
		if (isUnforeseen) this.parts.log.error({err: error, sessionId: this.id}, 'a realtime session failed');
		this.#socket.sendError(described, eventId);
	}

	readonly #onShutdown = (): void => {
		this.#socket.close(CLOSE_CODES.goingAway, 'the server is shutting down');
	};
}
