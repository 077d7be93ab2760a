import type {WebSocket} from '@fastify/websocket';

import {InfinisstError} from '../../core/errors.js';
import {STREAM_CLOSE_CODES, type ServerMessage} from '../../core/session/stream-protocol.js';
import type {Clock} from '../../core/util/clock.js';
import {createDeferred, type Deferred} from '../../core/util/deferred.js';
import {closeCodeOf, describeFailure} from './describe-failure.js';
import type {LiveStream, StreamConnection, StreamInput} from './live-stream.js';
import {parseClientMessage} from './parse-client-message.js';
import type {SessionFeeds} from './session-feeds.js';
import type {StreamRegistry} from './stream-registry.js';
import {watchSocket} from './watch-socket.js';

/** Handed to the socket ahead of what the client has taken: more waits in the log, where it can still be overtaken. */
const SENT_AHEAD_BYTES = 64 * 1024;
/** Events that wait for the client, above which its audio waits as well. */
const MAX_UNREAD_EVENTS = 256;

export interface StreamSocketParts {
	readonly socket: WebSocket;
	readonly registry: StreamRegistry;
	readonly feeds: SessionFeeds;
	/** Undefined: the first message says which. */
	readonly begin: StreamBegin | undefined;
	readonly owner: string | undefined;
	readonly clock: Clock;
	readonly idleMs: number;
	/** Fires when the server goes away. */
	readonly signal: AbortSignal;
	readonly onRefused: (code: string) => void;
	readonly onResumed: () => void;
	/** A socket is closed because nothing was sent over it. */
	readonly onIdle: () => void;
	readonly onFault: (error: unknown) => void;
}

/** The stream that a socket is for. */
export interface StreamBegin {
	readonly stream: LiveStream;
	/** Number of the last event that the client has; undefined for a new stream. */
	readonly lastSeq: number | undefined;
}

/** Serves a client from its handshake until the socket is gone. */
export function serveStreamSocket(parts: StreamSocketParts): void {
	new StreamSocket(parts).start();
}

class StreamSocket implements StreamConnection {
	readonly #parts: StreamSocketParts;
	readonly #socket: WebSocket;
	readonly #inbox: StreamInput[] = [];
	/** Fires when the client is gone. */
	readonly #lost = new AbortController();
	#stream: LiveStream | undefined;
	/** Number of the event that is sent next. */
	#cursor = 0;
	#isWorking = false;
	/** The stream it shall go on with is being looked for. */
	#isResuming = false;
	#isOver = false;
	/** Resolves when fewer events wait. */
	#room: Deferred<void> | undefined;
	#stopWatching: () => void = () => undefined;

	constructor(parts: StreamSocketParts) {
		this.#parts = parts;
		this.#socket = parts.socket;
	}

	start(): void {
		const {begin, clock, idleMs, signal} = this.#parts;
		const socket = this.#socket;
		socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
		socket.on('close', code => this.#left(code));
		socket.on('error', error => this.#broke(error));
		const goAway = (): void => this.#goAway();
		signal.addEventListener('abort', goAway, {once: true});
		const stopWatching = watchSocket(socket, {
			clock,
			idleMs,
			onAlive: () => this.#stream?.session.touch(),
			isExcused: () => this.#stream?.isWaiting === true,
			onIdle: () => this.#endIdle(),
		});
		this.#stopWatching = () => {
			stopWatching();
			signal.removeEventListener('abort', goAway);
		};
		if (begin !== undefined) this.#attach(begin);
		if (signal.aborted) goAway();
	}

	wake(): void {
		const stream = this.#stream;
		if (stream === undefined || this.#isOver) return;
		const {log} = stream;
		const socket = this.#socket;
		while (socket.readyState === socket.OPEN && socket.bufferedAmount < SENT_AHEAD_BYTES) {
			if (this.#cursor < log.firstSeq) this.#sendSnapshot(stream);
			const message = log.read(this.#cursor);
			if (message === undefined) break;
			this.#cursor++;
			// Called when the system has taken it, or when the socket is gone.
			socket.send(message, {binary: false}, () => this.wake());
		}
		if (log.unread < MAX_UNREAD_EVENTS) {
			this.#room?.resolve();
			this.#room = undefined;
		}
		if (stream.closeCode !== undefined && log.unread === 0 && this.#cursor === log.endSeq) {
			this.#close(stream.closeCode);
		}
	}

	replace(): void {
		this.#close(STREAM_CLOSE_CODES.replaced, 'Replaced');
	}

	#attach({stream, lastSeq}: StreamBegin): void {
		this.#stream = stream;
		this.#cursor = lastSeq === undefined ? stream.log.firstSeq : lastSeq + 1;
		stream.connect(this);
		if (lastSeq !== undefined) {
			this.#send({
				type: 'session.resumed',
				seq: lastSeq,
				at_ms: Math.round(stream.elapsedMs),
				session: stream.id,
				...stream.position,
				...stream.saved,
			});
		}
		this.wake();
	}

	/** What the client lacks is no longer kept. */
	#sendSnapshot(stream: LiveStream): void {
		stream.log.number();
		this.#cursor = stream.log.endSeq;
		this.#send({
			type: 'session.snapshot',
			seq: this.#cursor - 1,
			at_ms: Math.round(stream.elapsedMs),
			session: stream.id,
			source_language: stream.session.options.sourceLanguage,
			texts: this.#parts.feeds.find(stream.id)?.texts ?? [],
		});
	}

	#receive(data: Buffer, isBinary: boolean): void {
		if (this.#isOver) return;
		if (isBinary) {
			this.#queue({type: 'audio', bytes: data});
			return;
		}

		try {
			const message = parseClientMessage(data.toString());
			switch (message.type) {
				case 'ack':
					this.#acknowledge(message.seq);
					break;
				case 'resume':
					void this.#resume(message.token, message.last_seq);
					break;
				case 'session.update':
				case 'flush':
				case 'end':
					this.#queue(message);
			}
		} catch (error) {
			this.#queue({type: 'refused', reason: error as InfinisstError});
		}
	}

	/** What comes meanwhile is for the stream that is looked for. */
	async #resume(token: string, lastSeq: number): Promise<void> {
		if (this.#stream !== undefined || this.#isResuming) {
			this.#queue({
				type: 'refused',
				reason: new InfinisstError('OPTION_INVALID', 'This socket has a session already', {
					hint: 'Resume first on a socket opened without "target".',
				}),
			});
			return;
		}

		this.#isResuming = true;
		try {
			const {registry, owner, onResumed} = this.#parts;
			const stream = await registry.resume(token, lastSeq, owner);
			if (this.#isOver) {
				registry.left(stream);
				return;
			}
			this.#attach({stream, lastSeq});
			onResumed();
			if (this.#inbox.length > 0 && !this.#isWorking) void this.#work(stream);
		} catch (error) {
			this.#fail(error);
		} finally {
			this.#isResuming = false;
		}
	}

	#acknowledge(seq: number): void {
		const stream = this.#stream;
		if (stream === undefined) return;
		stream.log.acknowledge(seq);
		if (stream.closeCode !== undefined && seq === stream.log.endSeq - 1) this.#parts.registry.finish(stream);
	}

	#queue(input: StreamInput): void {
		if (this.#isResuming) {
			this.#inbox.push(input);
			// The rest stays in the client until the stream is there.
			this.#socket.pause();
			return;
		}

		if (this.#stream === undefined) {
			this.#fail(
				new InfinisstError(
					'OPTION_INVALID',
					'The first message on a socket without "target" must be "resume"',
					{
						hint: 'Open /v1/stream?target=en for a new session.',
					},
				),
			);
			return;
		}

		this.#inbox.push(input);
		if (!this.#isWorking) void this.#work(this.#stream);
	}

	/** One message after the other. Meanwhile the socket is not read, so that the client's sending slows down. */
	async #work(stream: LiveStream): Promise<void> {
		this.#isWorking = true;
		this.#socket.pause();
		for (let input = this.#inbox.shift(); input !== undefined; input = this.#inbox.shift()) {
			await this.#waitForRoom(stream);
			if (this.#isOver) break;
			await stream.take(this, input, this.#lost.signal);
		}
		this.#isWorking = false;
		if (this.#socket.readyState === this.#socket.OPEN) this.#socket.resume();
	}

	/** A client that does not read is not heard. */
	async #waitForRoom({log}: LiveStream): Promise<void> {
		while (log.unread >= MAX_UNREAD_EVENTS && !this.#isOver) {
			this.#room ??= createDeferred();
			await this.#room.promise;
		}
	}

	/** Tells what is wrong, and ends the socket; a session goes on without it. */
	#fail(error: unknown): void {
		const {code, message} = describeFailure(error);
		if (code === null) this.#parts.onFault(error);
		else this.#parts.onRefused(code);
		this.#send({type: 'error', seq: 0, at_ms: 0, code, message, fatal: true});
		this.#close(closeCodeOf(error));
	}

	#endIdle(): void {
		this.#parts.onIdle();
		const error = new InfinisstError('LIMIT_EXCEEDED', 'Nothing was sent on this socket for too long', {
			hint: 'Send audio, or open it again.',
		});
		if (this.#stream === undefined) {
			this.#fail(error);
			return;
		}
		this.#parts.onRefused(error.code);
		this.#stream.tellError(error);
		this.#close(STREAM_CLOSE_CODES.idle, 'Idle');
	}

	#goAway(): void {
		// What is told last goes first: a session that has ended closes its socket itself.
		this.wake();
		this.#close(1001, 'The server is shutting down');
	}

	#close(code: number, reason = ''): void {
		if (this.#isOver) return;
		this.#isOver = true;
		this.#inbox.length = 0;
		this.#room?.resolve();
		// Else the answer of the client would never be read.
		this.#socket.resume();
		this.#socket.close(code, reason);
	}

	/** `ws` has closed the socket already, with 1009 or 1007. The session goes on, and the client is told when it comes back. */
	#broke(error: Error): void {
		const code = (error as {code?: unknown}).code;
		if (code !== 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && code !== 'WS_ERR_INVALID_UTF8') return;
		const isLong = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
		this.#parts.onRefused('LIMIT_EXCEEDED');
		this.#stream?.tellError(
			new InfinisstError(
				'LIMIT_EXCEEDED',
				isLong ? 'A message was longer than this server takes' : 'A text message was no UTF-8',
				{hint: isLong ? 'Send at most max_message_bytes of session.created at once.' : 'Send JSON in UTF-8.'},
			),
		);
	}

	#left(code: number): void {
		const isFarewell = (code === 1000 || code === 1005) && !this.#isOver;
		this.#isOver = true;
		this.#lost.abort();
		this.#room?.resolve();
		this.#stopWatching();
		const {registry} = this.#parts;
		const stream = this.#stream;
		if (stream === undefined) return;
		stream.disconnect(this);
		if (stream.closeCode !== undefined) {
			// The client answered the close: it has read all that came before.
			if (code === stream.closeCode) registry.finish(stream);
		} else if (isFarewell && !stream.isConnected) registry.abandon(stream);
		else registry.left(stream);
	}

	#send(message: ServerMessage): void {
		if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
	}
}
