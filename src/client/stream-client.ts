import {InfinisstError} from '../core/errors.js';
import {
	STREAM_PROTOCOL,
	type ClientMessage,
	type SavedPosition,
	type ServerMessage,
	type StreamFormat,
} from '../core/session/stream-protocol.js';
import {StreamOutbox, type StreamCommand} from './stream-outbox.js';
import type {WebSocketConstructor, WebSocketLike} from './web-socket.js';

/** More than any session looks back. */
const DEFAULT_KEPT_SECONDS = 60;
/** Samples of one message: 64 KiB of float32, a second at 16 kHz. */
const MESSAGE_SAMPLES = 16_384;
/** So often the server learns what need not be kept. */
const ACKNOWLEDGED_EVENTS = 32;
/** After these nothing is better when it is tried again: refused, too long, replaced, unknown. */
const FINAL_CLOSE_CODES = new Set([1008, 1009, 4001, 4004]);

export interface StreamClientOptions {
	/** Of `/v1/stream`, without a query: `ws://127.0.0.1:8000/v1/stream`. */
	readonly url: string;
	/** A browser's own, or that of the package `ws`. */
	readonly WebSocket: WebSocketConstructor;
	/** As in docs/server-stream.md: `target` at least. */
	readonly query: Readonly<Record<string, string>>;
	/** Further subprotocols, such as `infinisst.key.<key>`. @default none */
	readonly protocols?: readonly string[];
	/** Each event once, in order. */
	readonly onEvent: (event: ServerMessage) => void;
	/** Audio kept for a server that is restarted, above which a write waits. @default 60 */
	readonly keptSeconds?: number;
	/** Connections that fail in a row before it gives up. @default 10 */
	readonly maxAttempts?: number;
	/** Wait before a connection. @param attempt - counts from 1. @default 250 ms, twice as long each time, up to 5 s */
	readonly retryDelayMs?: (attempt: number) => number;
}

/**
 * A session at a server, over as many sockets as it takes: after a cut it goes on where the server is, with nothing lost and
 * nothing twice, also when the server was killed and started again meanwhile.
 */
export class StreamClient {
	/** Resolves when all that was sent before `end()` was translated. Rejects with what ended the session before. */
	readonly done: Promise<void>;
	readonly #options: StreamClientOptions;
	readonly #format: StreamFormat;
	readonly #keptSamples: number;
	readonly #outbox = new StreamOutbox();
	#settle!: {readonly resolve: () => void; readonly reject: (reason: unknown) => void};
	#socket: WebSocketLike | undefined;
	#token: string | undefined;
	#lastSeq = -1;
	#acknowledged = -1;
	/** Whether the server has said where it is. */
	#isReady = false;
	#attempts = 0;
	#end: {readonly reason: unknown} | undefined;
	#waiting: (() => void)[] = [];

	constructor(options: StreamClientOptions) {
		this.#options = options;
		this.#format = options.query['format'] === 's16le' ? 's16le' : 'f32le';
		this.#keptSamples =
			(options.keptSeconds ?? DEFAULT_KEPT_SECONDS) * Number(options.query['sample_rate'] ?? 16_000);
		this.done = new Promise((resolve, reject) => {
			this.#settle = {resolve, reject};
		});
		// Whoever needs it awaits it.
		this.done.catch(() => undefined);
		this.#connect();
	}

	/**
	 * Sends audio, any amount. Resolves when there is room for more.
	 *
	 * @param samples - mono float32 in -1..1 at the rate of the query; belongs to the client from now on.
	 * @throws {InfinisstError} `AUDIO_UNDECODABLE` for samples that are no finite number; what ended the session.
	 */
	async write(samples: Float32Array): Promise<void> {
		this.#assertOpen();
		if (!samples.every(Number.isFinite)) {
			throw new InfinisstError('AUDIO_UNDECODABLE', 'The audio has samples that are no finite number');
		}
		if (samples.length > 0) this.#outbox.write(samples);
		this.#send();
		while (this.#outbox.keptSamples > this.#keptSamples && this.#end === undefined) {
			await new Promise<void>(resolve => this.#waiting.push(resolve));
		}
		if (this.#end !== undefined) throw this.#end.reason;
	}

	changeLatency(multiplier: 1 | 2 | 3 | 4): void {
		this.#command({type: 'session.update', latency_multiplier: multiplier});
	}

	/** Replaces the glossary, for what is said from now on. */
	changeGlossary(glossary: readonly {readonly source: string; readonly target: string}[]): void {
		this.#command({type: 'session.update', glossary});
	}

	/** Makes final what was sent; the session goes on. */
	flush(): void {
		this.#command({type: 'flush'});
	}

	/** No more audio comes: wait for `done`. */
	end(): void {
		this.#command({type: 'end'});
	}

	/** Gives up the session. Idempotent. */
	close(): void {
		this.#finish(new InfinisstError('RESOURCE_CLOSED', 'The stream was closed'));
	}

	#assertOpen(): void {
		if (this.#end !== undefined) throw this.#end.reason;
	}

	#command(command: StreamCommand): void {
		this.#assertOpen();
		this.#outbox.command(command);
		this.#send();
	}

	#connect(): void {
		const {url, query, protocols = [], WebSocket} = this.#options;
		const address = new URL(url);
		// A token in an address would end up in logs: it goes into the first message.
		if (this.#token === undefined) address.search = new URLSearchParams(query).toString();
		const socket = new WebSocket(address.href, [STREAM_PROTOCOL, ...protocols]);
		this.#socket = socket;
		this.#isReady = false;
		socket.binaryType = 'arraybuffer';
		socket.onopen = () => {
			if (this.#token !== undefined) {
				this.#tell(socket, {type: 'resume', token: this.#token, last_seq: this.#lastSeq});
			}
		};
		socket.onmessage = ({data}: {readonly data: unknown}) => {
			if (this.#socket === socket) this.#receive(JSON.parse(String(data)) as ServerMessage);
		};
		// What it means is told by the close that follows.
		socket.onerror = () => undefined;
		socket.onclose = ({code}: {readonly code: number}) => {
			if (this.#socket === socket) this.#lost(code);
		};
	}

	#lost(code: number): void {
		this.#socket = undefined;
		this.#isReady = false;
		if (this.#end !== undefined) return;
		const {maxAttempts = 10, retryDelayMs = defaultDelayMs} = this.#options;
		if (FINAL_CLOSE_CODES.has(code) || ++this.#attempts >= maxAttempts) {
			this.#finish(
				new InfinisstError('PEER_UNREACHABLE', `The connection to ${this.#options.url} was lost (${code})`),
			);
			return;
		}
		setTimeout(() => {
			if (this.#end === undefined) this.#connect();
		}, retryDelayMs(this.#attempts));
	}

	#receive(message: ServerMessage): void {
		if (message.type === 'session.resumed') {
			this.#goOn(message);
			return;
		}
		if (message.type === 'session.snapshot') {
			this.#lastSeq = message.seq;
			this.#options.onEvent(message);
			return;
		}
		// Of the socket, which has not come to its session.
		if (message.type === 'error' && message.fatal && !this.#isReady && this.#token !== undefined) {
			this.#fail(message);
			return;
		}

		if (message.seq !== this.#lastSeq + 1) {
			this.#finish(
				new InfinisstError('INTERNAL_FAULT', `Event ${message.seq} came after event ${this.#lastSeq}`),
			);
			return;
		}
		this.#lastSeq = message.seq;
		this.#attempts = 0;
		this.#options.onEvent(message);
		this.#follow(message);
		if (this.#lastSeq - this.#acknowledged >= ACKNOWLEDGED_EVENTS) this.#acknowledge();
	}

	#follow(message: ServerMessage): void {
		if (message.type === 'session.created') {
			this.#token = String(message['resume_token']);
			this.#isReady = true;
			this.#send();
		} else if (message.type === 'lag') {
			this.#forget(message as typeof message & SavedPosition);
		} else if (message.type === 'error' && message.fatal) {
			this.#fail(message);
		} else if (message.type === 'done') {
			this.#acknowledge();
			this.#finish(undefined);
		}
	}

	#goOn(message: Extract<ServerMessage, {type: 'session.resumed'}>): void {
		if (!this.#outbox.rewind(message)) {
			this.#finish(
				new InfinisstError(
					'INTERNAL_FAULT',
					`The server asks for audio from sample ${message.received_samples}`,
				),
			);
			return;
		}
		this.#attempts = 0;
		this.#isReady = true;
		// A server that was killed may have saved more than it could tell, and have nothing to say until more is sent.
		this.#forget(message);
		this.#send();
	}

	#forget({saved_samples: samples, saved_commands: commands}: SavedPosition): void {
		this.#outbox.forget({samples, commands});
		for (const resolve of this.#waiting.splice(0)) resolve();
	}

	#fail({code, message}: Extract<ServerMessage, {type: 'error'}>): void {
		this.#finish(new InfinisstError(code ?? 'INTERNAL_FAULT', message));
	}

	#finish(reason: unknown): void {
		if (this.#end !== undefined) return;
		this.#end = {reason: reason ?? new InfinisstError('RESOURCE_CLOSED', 'The stream has ended')};
		for (const resolve of this.#waiting.splice(0)) resolve();
		if (reason === undefined) this.#settle.resolve();
		else this.#settle.reject(reason);
		this.#socket?.close(1000);
	}

	#acknowledge(): void {
		if (this.#socket === undefined) return;
		this.#acknowledged = this.#lastSeq;
		this.#tell(this.#socket, {type: 'ack', seq: this.#lastSeq});
	}

	#send(): void {
		const socket = this.#socket;
		if (socket === undefined || !this.#isReady) return;
		for (let item = this.#outbox.take(); item !== undefined; item = this.#outbox.take()) {
			if (item.type === 'command') this.#tell(socket, item.command);
			else {
				for (let start = 0; start < item.samples.length; start += MESSAGE_SAMPLES) {
					transmit(socket, encode(item.samples.subarray(start, start + MESSAGE_SAMPLES), this.#format));
				}
			}
		}
	}

	#tell(socket: WebSocketLike, message: ClientMessage): void {
		transmit(socket, JSON.stringify(message));
	}
}

/** What is sent on a socket that is closing is lost, and sent again on the next. */
function transmit(socket: WebSocketLike, data: string | Uint8Array): void {
	const isOpen = socket.readyState === 1;
	if (isOpen) socket.send(data);
}

function encode(samples: Float32Array, format: StreamFormat): Uint8Array {
	// As all machines that run JavaScript do, it writes the low byte first.
	if (format === 'f32le') return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
	const integers = Int16Array.from(samples, sample =>
		Math.max(-0x8000, Math.min(0x7fff, Math.round(sample * 0x8000))),
	);
	return new Uint8Array(integers.buffer);
}

function defaultDelayMs(attempt: number): number {
	return Math.min(250 * 2 ** (attempt - 1), 5000);
}
