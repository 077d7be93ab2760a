import {EventEmitter} from 'node:events';
import type {WebSocket} from '@fastify/websocket';

import type {ServerMessage} from '../../src/core/session/stream-protocol.js';

/** A socket whose other end reads when a test says so. */
export class FakeSocket extends EventEmitter {
	readonly OPEN = 1;
	readyState = 1;
	isPaused = false;
	/** What the system has not taken yet. */
	bufferedAmount = 0;
	/** Whether the other end takes what it is sent. */
	isReading = true;
	readonly messages: ServerMessage[] = [];
	closedWith: number | undefined;
	isTerminated = false;
	readonly #waiting: (() => void)[] = [];

	get asWebSocket(): WebSocket {
		return this as unknown as WebSocket;
	}

	send(data: Buffer | string, _options?: unknown, sent?: () => void): void {
		this.messages.push(JSON.parse(data.toString()) as ServerMessage);
		if (this.isReading) {
			if (sent !== undefined) setImmediate(sent);
			return;
		}
		this.bufferedAmount += data.length;
		if (sent !== undefined) this.#waiting.push(sent);
		this.emit('sent');
	}

	/** The other end reads again. */
	read(): void {
		this.isReading = true;
		this.bufferedAmount = 0;
		for (const sent of this.#waiting.splice(0)) sent();
	}

	pause(): void {
		this.isPaused = true;
	}

	resume(): void {
		this.isPaused = false;
	}

	ping(): void {
		this.emit('pinged');
	}

	close(code: number): void {
		this.closedWith ??= code;
		this.readyState = 2;
	}

	terminate(): void {
		this.isTerminated = true;
		this.readyState = 3;
		this.emit('close', 1006);
	}
}
