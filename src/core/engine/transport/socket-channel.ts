import type {Socket} from 'node:net';
import {Packr} from 'msgpackr';
import {InfinisstError} from '../../errors.js';
import type {Clock} from '../../util/clock.js';
import {createDeferred} from '../../util/deferred.js';
import type {Channel, ChannelListener} from './channel.js';
import {frameHeader, FrameReader} from './frame-reader.js';
import {Handshake, notOurProtocol} from './handshake.js';

/** Of a message. A second of audio is 64 KB; a checkpoint, kilobytes. */
export const MAX_FRAME_BYTES = 16 * 2 ** 20;
/** Of what is said before the other end is known. */
const MAX_GREETING_BYTES = 1024;
const HANDSHAKE_TIMEOUT_MS = 5000;
/** How often a sign of life is sent, and looked for. */
const BEAT_MS = 1000;
/**
 * Looks in a row that saw nothing, after which the other end is given up: 3 to 4 s after its last sign. Looks are
 * counted, not time: this program may itself have been held up, with what came meanwhile still unread.
 */
const MAX_SILENT_BEATS = 3;

export interface SocketChannelOptions {
	/** Which end opened the connection. */
	readonly role: 'caller' | 'listener';
	/** Both ends must have the same. */
	readonly token: string;
	readonly clock: Clock;
	/** Gives up the handshake, and the socket. */
	readonly signal?: AbortSignal | undefined;
	readonly maxFrameBytes?: number;
}

/**
 * Makes a channel of a connected socket: frames of MessagePack, each with its length before it; an empty frame is a
 * sign of life. The socket is the channel's from now on, also when this fails.
 *
 * @throws {InfinisstError} `PEER_REFUSED` for a wrong token, another version, or what is no greeting of ours;
 * `PEER_UNREACHABLE` if the other end leaves or says nothing.
 */
export async function openSocketChannel(socket: Socket, options: SocketChannelOptions): Promise<Channel> {
	const channel = new SocketChannel(socket, options);
	await channel.shakeHands();
	return channel;
}

class SocketChannel implements Channel {
	readonly movesBuffers = false;
	readonly #socket: Socket;
	readonly #options: SocketChannelOptions;
	readonly #handshake: Handshake;
	readonly #accepted = createDeferred();
	readonly #frames = new FrameReader(MAX_GREETING_BYTES);
	// Without shared structures each message can be read alone.
	readonly #packr = new Packr({useRecords: false, moreTypes: true});
	readonly #maxFrameBytes: number;
	#isAccepted = false;
	#listener: ChannelListener | undefined;
	#silentBeats = 0;
	#cancelBeat: () => void = () => undefined;
	/** Why it ended, once it has. */
	#end: {readonly cause?: unknown} | undefined;
	#isToldEnd = false;

	constructor(socket: Socket, options: SocketChannelOptions) {
		this.#socket = socket;
		this.#options = options;
		this.#maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES;
		this.#handshake = new Handshake(options.role, options.token);
		// Frames are small and shall not wait for more.
		socket.setNoDelay(true);
		socket.on('data', part => {
			this.#receive(part);
		});
		socket.on('error', cause => {
			this.#finish({cause});
		});
		socket.on('close', () => {
			this.#finish({});
		});
	}

	async shakeHands(): Promise<void> {
		const {clock, signal} = this.#options;
		const abort = (): void => {
			this.#accepted.reject(signal!.reason);
		};
		const cancelTimeout = clock.after(HANDSHAKE_TIMEOUT_MS, () => {
			this.#accepted.reject(
				new InfinisstError('PEER_UNREACHABLE', 'The other end of a connection said nothing', {
					hint: 'Check the address: it must be that of an infinisst worker or of what uses it.',
				}),
			);
		});
		if (signal?.aborted === true) abort();
		signal?.addEventListener('abort', abort, {once: true});
		this.#sendFrame(this.#handshake.greet());
		try {
			await this.#accepted.promise;
		} catch (error) {
			this.#finish({cause: error});
			throw error;
		} finally {
			cancelTimeout();
			signal?.removeEventListener('abort', abort);
		}
	}

	post(message: unknown): void {
		if (this.#end !== undefined) return;
		const frame = this.#packr.pack(message);
		if (frame.length > this.#maxFrameBytes) {
			throw new InfinisstError(
				'INTERNAL_FAULT',
				`A message of ${frame.length} bytes cannot be sent: ${this.#maxFrameBytes} are the most`,
			);
		}

		this.#sendFrame(frame);
	}

	listen(listener: ChannelListener): void {
		this.#listener = listener;
		if (this.#end !== undefined) {
			this.#tellEnd();
			return;
		}
		this.#beat();
		this.#socket.resume();
		this.#deliver();
	}

	close(): void {
		if (this.#end !== undefined) return;
		this.#end = {};
		this.#cancelBeat();
		// What was posted is sent first; the other end answers by ending too.
		this.#socket.end();
		this.#socket.resume();
		const cancel = this.#options.clock.after(BEAT_MS * MAX_SILENT_BEATS, () => this.#socket.destroy());
		this.#socket.once('close', cancel);
		this.#tellEnd();
	}

	#sendFrame(frame: Uint8Array): void {
		if (this.#socket.destroyed) return;
		// One write for both, so that they share a packet.
		this.#socket.cork();
		this.#socket.write(frameHeader(frame.length));
		if (frame.length > 0) this.#socket.write(frame);
		this.#socket.uncork();
	}

	#receive(part: Buffer): void {
		if (this.#end !== undefined) return;
		this.#silentBeats = 0;
		this.#frames.append(part);
		if (!this.#isAccepted) this.#guard(() => this.#greet());
		this.#deliver();
	}

	#greet(): void {
		for (let frame = this.#nextGreeting(); frame !== undefined; frame = this.#nextGreeting()) {
			const {answer, isAccepted} = this.#handshake.take(frame);
			if (answer !== undefined) this.#sendFrame(answer);
			if (!isAccepted) continue;
			this.#isAccepted = true;
			this.#frames.maxFrameBytes = this.#maxFrameBytes;
			this.#accepted.resolve();
			// Nothing more is taken until somebody listens; what has come already waits.
			if (this.#listener === undefined) this.#socket.pause();
			return;
		}
	}

	#nextGreeting(): Buffer | undefined {
		try {
			return this.#frames.next();
		} catch (cause) {
			throw notOurProtocol(cause);
		}
	}

	#deliver(): void {
		if (!this.#isAccepted || this.#listener === undefined) return;
		this.#guard(() => {
			for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
				if (frame.length > 0) this.#listener!.onMessage(this.#unpack(frame));
				if (this.#end !== undefined) return;
			}
		});
	}

	#unpack(frame: Buffer): unknown {
		try {
			return this.#packr.unpack(frame);
		} catch (cause) {
			throw new InfinisstError('PEER_REFUSED', 'A peer sent a frame that is no message', {cause});
		}
	}

	/** What is wrong with what came ends this connection, and nothing else. */
	#guard(work: () => void): void {
		try {
			work();
		} catch (cause) {
			this.#finish({cause});
		}
	}

	#beat(): void {
		this.#cancelBeat = this.#options.clock.after(BEAT_MS, () => {
			if (++this.#silentBeats > MAX_SILENT_BEATS) {
				this.#finish({
					cause: new InfinisstError(
						'PEER_UNREACHABLE',
						'The other end of a connection does not answer any more',
					),
				});
				return;
			}

			this.#sendFrame(Buffer.alloc(0));
			this.#beat();
		});
	}

	/** It broke, or the other end closed it. */
	#finish(end: {readonly cause?: unknown}): void {
		if (this.#end !== undefined) return;
		this.#end = end;
		this.#cancelBeat();
		// The other end shall read what was said before, and find out by itself what is wrong.
		if (this.#isAccepted) this.#socket.destroy();
		else this.#socket.destroySoon();
		this.#accepted.reject(
			end.cause ?? new InfinisstError('PEER_UNREACHABLE', 'The other end has closed the connection'),
		);
		this.#tellEnd();
	}

	#tellEnd(): void {
		if (this.#isToldEnd || this.#listener === undefined) return;
		this.#isToldEnd = true;
		this.#listener.onClose(this.#end!.cause);
	}
}
