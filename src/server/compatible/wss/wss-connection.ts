import type {WebSocket} from '@fastify/websocket';

import {InfinisstError} from '../../../core/errors.js';
import type {Clock} from '../../../core/util/clock.js';
import type {HostedEvent, SessionProgress} from '../../sessions/session-host.js';
import type {CompatibleSession, CompletedStretch, SessionClient} from '../compatible-session.js';
import {describeFailure} from '../failures.js';
import {Outbox} from './outbox.js';
import {parseAudioFrame} from './parse-audio-frame.js';
import {parseCommand} from './parse-command.js';

/** Close codes of this socket, with the reasons that existing clients know. */
export const CLOSE_INVALID_SESSION = [4000, 'Invalid session ID'] as const;
const CLOSE_REPLACED = [4001, 'Replaced'] as const;
const CLOSE_GOING_AWAY = [1001, 'The server is shutting down'] as const;
const CLOSE_DELETED = [1000, 'The session was deleted'] as const;
const CLOSE_IDLE = [1008, 'Nothing was sent'] as const;
const CLOSE_FAILED = [1011, 'The session has failed'] as const;

/** Messages that may wait to be done before no more are read: the kernel keeps the rest, and then the sender waits. */
const MAX_WAITING = 8;
/** The same for their size: half a minute of what the existing page sends. */
const MAX_WAITING_BYTES = 2 * 1024 * 1024;

/** What a client that reads nothing has to take the last frames. */
const CLOSE_WAIT_MS = 10_000;

/** Frames that are no text begin so; a text that does gets a space before it. */
const STATUS_FRAME = /^(INITIALIZING|READY|ERROR|PROCESSING_COMPLETE|LATENCY_UPDATED):/;

export interface WssConnectionParts {
	readonly session: CompatibleSession;
	readonly socket: WebSocket;
	readonly clock: Clock;
	/** A socket that sent nothing by then is closed. */
	readonly idleMs: number;
	/** Told of each frame that was not taken, and of sockets that send nothing. */
	readonly onRefused: (reason: 'frame' | 'audio' | 'idle_socket') => void;
}

/**
 * A socket that a speaker uses a session over: audio and commands in, the whole text of each target out after each update.
 */
export class WssConnection implements SessionClient {
	readonly #session: CompatibleSession;
	readonly #socket: WebSocket;
	readonly #clock: Clock;
	readonly #onRefused: WssConnectionParts['onRefused'];
	readonly #outbox: Outbox;
	/** Fires when the socket is gone. */
	readonly #lost = new AbortController();
	/** Told over this socket, or about to be. */
	readonly #told = new Set<CompletedStretch>();
	readonly #unsubscribe: () => void;
	#waiting = 0;
	#waitingBytes = 0;
	#isReady = false;
	/** Targets whose text has not been sent as it is. */
	readonly #newTexts = new Set<string>();
	#lastStatus = '';
	/** Ends what keeps the session while it waits for its place. */
	#release: (() => void) | undefined;
	#cancelIdle: () => void = () => undefined;

	constructor({session, socket, clock, idleMs, onRefused}: WssConnectionParts) {
		this.#session = session;
		this.#socket = socket;
		this.#clock = clock;
		this.#onRefused = onRefused;
		this.#outbox = new Outbox(socket);
		socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
		socket.once('message', () => this.#cancelIdle());
		socket.once('close', () => this.#closed());
		// Told by 'close', too.
		socket.on('error', () => undefined);
		this.#watchSilence(idleMs);
		session.connect(this);
		session.hosted.touch();
		this.#unsubscribe = session.hosted.subscribe(event => this.#tell(event));
		this.#showProgress(session.hosted.progress);
	}

	replaced(): void {
		this.#unsubscribe();
		this.#stopKeeping();
		this.#outbox.close();
		this.#close(CLOSE_REPLACED);
	}

	#receive(data: Buffer, isBinary: boolean): void {
		const {resets} = this.#session;
		this.#waiting++;
		this.#waitingBytes += data.byteLength;
		if (this.#waiting >= MAX_WAITING || this.#waitingBytes > MAX_WAITING_BYTES) this.#socket.pause();
		this.#session.line.push(async () => {
			// What came before a reset is forgotten with the rest.
			if (this.#session.resets === resets) await this.#obey(data, isBinary);
			this.#waitingBytes -= data.byteLength;
			if (--this.#waiting === 0 && this.#socket.isPaused) this.#socket.resume();
		});
	}

	/** Never rejects. */
	async #obey(data: Buffer, isBinary: boolean): Promise<void> {
		try {
			if (isBinary) await this.#take(data);
			else await this.#command(data.toString());
		} catch (error) {
			// What ends the session is told by its last event.
			if (this.#session.hosted.progress.status !== 'ended') this.#sayError(describeFailure(error));
		}
		// Whoever makes us answer must also read.
		await this.#outbox.whenRoom();
	}

	async #take(frame: Buffer): Promise<void> {
		const samples = parseAudioFrame(frame);
		if (typeof samples === 'string') this.#refuse('audio', samples);
		else await this.#session.write(samples, this.#lost.signal);
	}

	async #command(text: string): Promise<void> {
		const {hosted} = this.#session;
		const command = parseCommand(text);
		if (typeof command === 'string') {
			this.#refuse('frame', command);
			return;
		}
		hosted.touch();
		switch (command.type) {
			case 'end-of-file':
				await this.#session.completeStretch();
				return;
			case 'latency':
				hosted.change({latencyMultiplier: command.multiplier});
				this.#outbox.push('message', `LATENCY_UPDATED: Set to ${command.multiplier}`);
		}
	}

	#tell(event: HostedEvent): void {
		switch (event.type) {
			case 'progress':
				this.#showProgress(event);
				return;
			case 'text-final':
				this.#textChanged(event.target);
				return;
			case 'stretch-ended':
				this.#sayCompleted();
				return;
			case 'session-reset':
				this.#newTexts.clear();
				this.#outbox.dropTexts();
				return;
			case 'session-closed':
				this.#sayTexts();
				this.#end(event.cause);
				return;
			case 'text-partial':
			case 'segment-ended':
			case 'language-detected':
			case 'lag-measured':
			case 'warning-raised':
			case 'session-ended':
		}
	}

	#showProgress(progress: SessionProgress): void {
		if (progress.status !== 'active') {
			this.#isReady = false;
			// Pages send nothing before they are told that it is ready.
			this.#release ??= this.#session.hosted.keep();
			const status = describeWaiting(progress);
			if (status !== this.#lastStatus) this.#outbox.push('status', `INITIALIZING: ${status}`);
			this.#lastStatus = status;
			return;
		}
		this.#stopKeeping();
		if (this.#isReady) return;
		this.#isReady = true;
		this.#lastStatus = '';
		this.#outbox.push('message', 'READY: The model is ready');
		this.#sayCompleted();
		if (this.#told.size === 0 || !this.#session.isStretchOver) {
			for (const target of this.#session.targets) this.#newTexts.add(target);
			this.#sayTexts();
		}
	}

	/** One frame of each target for all that an update brings. */
	#textChanged(target: string): void {
		if (this.#newTexts.size === 0) queueMicrotask(() => this.#sayTexts());
		this.#newTexts.add(target);
	}

	#sayTexts(): void {
		for (const target of this.#session.targets) {
			if (this.#newTexts.has(target)) this.#pushText(target, this.#session.text(target));
		}
		this.#newTexts.clear();
	}

	#pushText(target: string, text: string): void {
		if (text !== '') this.#outbox.push(`text/${target}`, STATUS_FRAME.test(text) ? ` ${text}` : text);
	}

	/** Each stretch ends with its whole text, then the sign that it is complete. */
	#sayCompleted(): void {
		this.#newTexts.clear();
		const {completed, targets} = this.#session;
		for (const stretch of completed.filter(each => !this.#told.has(each))) {
			this.#told.add(stretch);
			for (const [index, text] of stretch.texts.entries()) this.#pushText(targets[index]!, text);
			this.#outbox.push('message', 'PROCESSING_COMPLETE: All audio has been translated', () => {
				const place = completed.indexOf(stretch);
				if (place !== -1) completed.splice(place, 1);
				this.#told.delete(stretch);
			});
		}
	}

	#refuse(reason: 'frame' | 'audio', text: string): void {
		this.#onRefused(reason);
		this.#sayError(text);
	}

	#sayError(text: string): void {
		this.#outbox.push('message', `ERROR: ${text}`);
	}

	/** The session is over. */
	#end(cause: unknown): void {
		this.#unsubscribe();
		if (cause === undefined) {
			this.#closeLater(CLOSE_GOING_AWAY);
		} else if (InfinisstError.is(cause, 'SESSION_UNKNOWN')) {
			this.#closeLater(CLOSE_DELETED);
		} else {
			this.#sayError(describeFailure(cause));
			this.#closeLater(InfinisstError.is(cause, 'RESOURCE_CLOSED') ? CLOSE_INVALID_SESSION : CLOSE_FAILED);
		}
	}

	/** When everything was said. */
	#closeLater(why: readonly [number, string]): void {
		const cancel = this.#clock.after(CLOSE_WAIT_MS, () => this.#socket.terminate());
		this.#socket.once('close', cancel);
		void this.#outbox.whenEmpty().then(() => this.#close(why));
	}

	#close([code, reason]: readonly [number, string]): void {
		// A socket that does not read would not see that the other end agrees.
		if (this.#socket.isPaused) this.#socket.resume();
		this.#socket.close(code, reason);
	}

	/** A client that waits to be let in need not say anything. */
	#watchSilence(idleMs: number): void {
		this.#cancelIdle = this.#clock.after(idleMs, () => {
			if (!this.#isReady) {
				this.#watchSilence(idleMs);
				return;
			}
			this.#onRefused('idle_socket');
			this.#close(CLOSE_IDLE);
		});
	}

	#stopKeeping(): void {
		this.#release?.();
		this.#release = undefined;
	}

	#closed(): void {
		this.#lost.abort();
		this.#cancelIdle();
		this.#stopKeeping();
		this.#unsubscribe();
		this.#outbox.close();
		this.#session.disconnect(this);
	}
}

function describeWaiting({status, queuePosition, activity}: SessionProgress): string {
	if (status === 'queued') return `Waiting for a place, position ${queuePosition}`;
	return activity ?? 'The model is being loaded';
}
