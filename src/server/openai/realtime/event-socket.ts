import {randomUUID} from 'node:crypto';
import type {WebSocket} from '@fastify/websocket';

import {InfinisstError} from '../../../core/errors.js';
import type {OpenAiError} from '../error-body.js';

/** Messages that wait to be handled, above which nothing is read from the socket: half a second of a fast client. */
const MAX_WAITING_MESSAGES = 16;

/** What a client that does not read may leave lying here: hours of text. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

/** RFC 6455, section 7.4.1, and 1013 of its registry. */
export const CLOSE_CODES = {
	normal: 1000,
	goingAway: 1001,
	refused: 1008,
	fault: 1011,
	tryLater: 1013,
} as const;

/** An event of ours, without what all of them have. */
export interface ServerEvent {
	readonly type: string;
	readonly [field: string]: unknown;
}

/** Events over a socket: those of the client one after another, with backpressure; ours as they come. */
export class EventSocket {
	readonly #socket: WebSocket;
	readonly #waiting: string[] = [];
	readonly #handle: (text: string) => Promise<void>;
	#isHandling = false;

	/** @param handle - takes a message; must not reject. The next one waits for it. */
	constructor(socket: WebSocket, handle: (text: string) => Promise<void>) {
		this.#socket = socket;
		this.#handle = handle;
		socket.on('message', (data, isBinary) => {
			this.#waiting.push(isBinary ? '' : (data as Buffer).toString('utf8'));
			if (this.#waiting.length >= MAX_WAITING_MESSAGES) socket.pause();
			void this.#work();
		});
	}

	get isOpen(): boolean {
		return this.#socket.readyState === this.#socket.OPEN;
	}

	send(event: ServerEvent): void {
		if (!this.isOpen) return;
		if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) {
			this.#socket.terminate();
			return;
		}

		const {type, ...fields} = event;
		this.#socket.send(JSON.stringify({type, event_id: newId('event'), ...fields}));
	}

	/** @param eventId - of the client's event that caused it. */
	sendError(error: OpenAiError, eventId?: string): void {
		this.send({type: 'error', error: {...error, event_id: eventId ?? null}});
	}

	close(code: number, reason: string): void {
		this.#waiting.length = 0;
		// What is paused would not hear the other end's answer.
		this.#socket.resume();
		this.#socket.close(code, reason);
	}

	async #work(): Promise<void> {
		if (this.#isHandling) return;
		this.#isHandling = true;
		for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
			if (this.isOpen) await this.#handle(text);
			if (this.#waiting.length < MAX_WAITING_MESSAGES / 2) this.#socket.resume();
		}
		this.#isHandling = false;
	}
}

/** @returns a name such as `sess_1f3a...`, unique. */
export function newId(prefix: 'event' | 'item' | 'sess'): string {
	return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}

/** How a socket is closed after a failure that ended its session. */
export function closeCodeOf(error: unknown): number {
	if (InfinisstError.is(error, 'ENGINE_BUSY')) return CLOSE_CODES.tryLater;
	if (InfinisstError.is(error, 'RESOURCE_CLOSED')) return CLOSE_CODES.goingAway;
	return InfinisstError.is(error, 'INTERNAL_FAULT') || !InfinisstError.is(error)
		? CLOSE_CODES.fault
		: CLOSE_CODES.refused;
}
