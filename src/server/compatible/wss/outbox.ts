import {createDeferred, type Deferred} from '../../../core/util/deferred.js';

/** The part of a socket that text goes out by. */
export interface TextSocket {
	/** Calls back once the text has left this process, or never will. */
	send(text: string, sent: (error?: Error | null) => void): void;
}

/**
 * A `message` is always sent. Others hold what is so now, and are named by what they are of, such as `text/de`: a newer one takes
 * the place of one that has not been sent, unless a message was sent in between.
 */
export type FrameKind = `text/${string}` | 'status' | 'message';

/** Messages that may wait to be sent before whoever causes them shall wait. */
const MAX_WAITING_MESSAGES = 64;

interface Frame {
	readonly kind: FrameKind;
	readonly text: string;
	readonly onSent: (() => void) | undefined;
}

/** What goes out over a socket, one frame at a time, so that a slow socket gets the newest text and not all of them. */
export class Outbox {
	readonly #socket: TextSocket;
	#frames: Frame[] = [];
	#isSending = false;
	#isClosed = false;
	#empty: Deferred<void> | undefined;
	#room: Deferred<void> | undefined;

	constructor(socket: TextSocket) {
		this.#socket = socket;
	}

	/** @param onSent - called unless the socket was lost before. */
	push(kind: FrameKind, text: string, onSent?: () => void): void {
		if (this.#isClosed) return;
		const place = kind === 'message' ? -1 : this.#findReplaced(kind);
		if (place !== -1) this.#frames.splice(place, 1);
		this.#frames.push({kind, text, onSent});
		this.#sendNext();
	}

	/** Takes back texts that have not been sent: they are no longer so. */
	dropTexts(): void {
		this.#frames = this.#frames.filter(({kind}) => !kind.startsWith('text/'));
	}

	/** Resolves when everything has left, or the socket is gone. */
	async whenEmpty(): Promise<void> {
		if (!this.#isSending || this.#isClosed) return;
		this.#empty ??= createDeferred();
		await this.#empty.promise;
	}

	/** Resolves when few messages wait. Texts may wait for long: whoever sends a whole file first reads nothing meanwhile. */
	async whenRoom(): Promise<void> {
		if (this.#hasRoom) return;
		this.#room ??= createDeferred();
		await this.#room.promise;
	}

	/** The socket is gone. */
	close(): void {
		this.#isClosed = true;
		this.#frames = [];
		this.#empty?.resolve();
		this.#room?.resolve();
	}

	#findReplaced(kind: FrameKind): number {
		const message = this.#frames.findLastIndex(frame => frame.kind === 'message');
		return this.#frames.findIndex((frame, index) => index > message && frame.kind === kind);
	}

	get #hasRoom(): boolean {
		return this.#frames.filter(({kind}) => kind === 'message').length < MAX_WAITING_MESSAGES;
	}

	#sendNext(): void {
		if (this.#isSending || this.#isClosed) return;
		const frame = this.#frames.shift();
		if (this.#hasRoom) {
			this.#room?.resolve();
			this.#room = undefined;
		}
		if (frame === undefined) {
			this.#empty?.resolve();
			this.#empty = undefined;
			return;
		}
		this.#isSending = true;
		this.#socket.send(frame.text, error => {
			this.#isSending = false;
			// What failed is told by the socket's end.
			if (error === undefined || error === null) frame.onSent?.();
			this.#sendNext();
		});
	}
}
