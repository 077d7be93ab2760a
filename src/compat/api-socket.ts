import {once} from 'node:events';
import {WebSocket, type RawData} from 'ws';

import {SAMPLE_RATE_HZ} from '../core/audio/audio-source.js';
import {createDeferred, type Deferred} from '../core/util/deferred.js';
import {Mismatch} from './mismatch.js';
import {wait} from './wait.js';

export interface SocketClose {
	readonly code: number;
	readonly reason: string;
}

/** What a frame that is no translation begins with. */
const COMMAND = /^(?:INITIALIZING|READY|ERROR|PROCESSING_COMPLETE|LATENCY_UPDATED):/;

/** Samples in a frame of the existing page at its shortest latency: 0.96 s. */
export const PAGE_CHUNK_SAMPLES = 15_360;

/** Frames shown when one that was awaited did not come. */
const SHOWN_FRAMES = 6;

export interface SendAudioOptions {
	/** Samples in a frame. @default {@link PAGE_CHUNK_SAMPLES} */
	readonly chunkSamples?: number;
	/** Times as fast as it was spoken. @default as fast as it is taken */
	readonly speed?: number;
}

/** A socket of a session, which keeps every text frame it received. */
export class ApiSocket {
	readonly #socket: WebSocket;
	readonly #signal: AbortSignal;
	readonly #frames: string[] = [];
	#closed: SocketClose | undefined;
	#news: Deferred<void> = createDeferred();
	#cursor = 0;

	private constructor(socket: WebSocket, signal: AbortSignal) {
		this.#socket = socket;
		this.#signal = signal;
		socket.on('message', (data: RawData, isBinary: boolean) => {
			this.#frames.push(isBinary ? '(a binary frame)' : (data as Buffer).toString());
			this.#tell();
		});
		socket.on('close', (code, reason) => {
			this.#closed = {code, reason: reason.toString()};
			this.#tell();
		});
		// Told by `close`, which follows.
		socket.on('error', () => undefined);
	}

	/**
	 * @param signal - gives up what is awaited, here and later.
	 * @throws {Mismatch} if the socket is refused.
	 */
	static async open(
		url: string,
		headers: Readonly<Record<string, string>>,
		signal: AbortSignal,
	): Promise<ApiSocket> {
		const socket = new WebSocket(url, {headers, maxPayload: 2 ** 20});
		const opened = new ApiSocket(socket, signal);
		try {
			await once(socket, 'open', {signal});
		} catch (error) {
			socket.terminate();
			if (signal.aborted) throw opened.#giveUp('the socket to open');
			throw new Mismatch('the socket to open', error instanceof Error ? error.message : String(error));
		}

		return opened;
	}

	/** Of all frames so far. */
	get frameCount(): number {
		return this.#frames.length;
	}

	/** Of the frames that were awaited or passed by. */
	get cursor(): number {
		return this.#cursor;
	}

	/** Translations among the frames from one on. */
	texts(fromFrame: number, toFrame = this.#frames.length): string[] {
		return this.#frames.slice(fromFrame, toFrame).filter(frame => !COMMAND.test(frame));
	}

	errors(): string[] {
		return this.#frames.filter(frame => frame.startsWith('ERROR:'));
	}

	sendText(text: string): void {
		this.#socket.send(text);
	}

	sendBytes(bytes: Uint8Array): void {
		this.#socket.send(bytes);
	}

	/** Resolves when all of it is on its way. @throws {Mismatch} if the socket closes meanwhile. */
	async sendAudio(
		samples: Float32Array,
		{chunkSamples = PAGE_CHUNK_SAMPLES, speed}: SendAudioOptions = {},
	): Promise<void> {
		for (let start = 0; start < samples.length; start += chunkSamples) {
			const chunk = samples.subarray(start, start + chunkSamples);
			await this.#send(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
			if (speed !== undefined) {
				await wait((chunk.length / SAMPLE_RATE_HZ / speed) * 1000, this.#signal);
				if (this.#signal.aborted) throw this.#giveUp('the audio to be taken');
			}
		}
	}

	/**
	 * The next frame that matches, from the one after the last that was awaited; those before it are passed by.
	 *
	 * @param expected - what is awaited, for people.
	 * @throws {Mismatch} if it has not come when the check's time is over or the socket closes.
	 */
	async next(expected: string, matches: (frame: string) => boolean): Promise<string> {
		for (;;) {
			const frame = this.#frames[this.#cursor];
			if (frame !== undefined) {
				this.#cursor++;
				if (matches(frame)) return frame;
			} else if (this.#closed === undefined) {
				await this.#wait(expected);
			} else {
				throw new Mismatch(expected, this.#describe());
			}
		}
	}

	/** The next frame that begins so. @throws {Mismatch} as {@link next}. */
	nextCommand(prefix: string): Promise<string> {
		return this.next(`a frame that begins with ${prefix}`, frame => frame.startsWith(prefix));
	}

	/** The next translation with a letter in it. @throws {Mismatch} as {@link next}. */
	nextTranslation(expected: string): Promise<string> {
		return this.next(expected, frame => !COMMAND.test(frame) && frame.trim() !== '');
	}

	/** @throws {Mismatch} if it stays open until the check's time is over. */
	async untilClosed(expected: string): Promise<SocketClose> {
		while (this.#closed === undefined) await this.#wait(expected);
		return this.#closed;
	}

	/** As if the network had gone. */
	terminate(): void {
		this.#socket.terminate();
	}

	/** @throws {Mismatch} if the socket has closed; `signal.reason`. */
	async #send(bytes: Uint8Array): Promise<void> {
		const sent = createDeferred<Error | null | undefined>();
		this.#socket.send(bytes, sent.resolve);
		const giveUp = (): void => sent.resolve(undefined);
		this.#signal.addEventListener('abort', giveUp, {once: true});
		const error = await sent.promise;
		this.#signal.removeEventListener('abort', giveUp);
		if (this.#signal.aborted) throw this.#giveUp('the audio to be taken');
		if (error) throw new Mismatch('the audio to be taken', this.#describe());
	}

	async #wait(expected: string): Promise<void> {
		if (this.#signal.aborted) throw this.#giveUp(expected);
		const stop = (): void => this.#tell();
		this.#signal.addEventListener('abort', stop, {once: true});
		await this.#news.promise;
		this.#signal.removeEventListener('abort', stop);
	}

	#tell(): void {
		this.#news.resolve();
		this.#news = createDeferred();
	}

	#giveUp(expected: string): unknown {
		return new Mismatch(expected, `${this.#describe()}, until the time was over`);
	}

	#describe(): string {
		const shown = this.#frames.slice(-SHOWN_FRAMES).map(frame => JSON.stringify(frame.slice(0, 80)));
		const frames =
			shown.length === 0 ? 'no frame' : `${this.#frames.length} frames, last ${shown.join(', ')}`;
		if (this.#closed === undefined) return frames;
		const {code, reason} = this.#closed;
		return `${frames}, then the socket closed with ${code}${reason === '' ? '' : ` ${JSON.stringify(reason)}`}`;
	}
}
