import type {FastifyRequest} from 'fastify';
import type {WebSocket} from '@fastify/websocket';

import {countRefusal} from '../limits/count-refusal.js';
import type {ServerParts} from '../server-parts.js';
import {watchHeartbeat} from './watch-heartbeat.js';

/** Clients that others wrote may be slow to answer: two minutes. */
const MOST_MISSED = 3;

/** Registered at IANA: the server is going down, or a browser has left the page. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

/** The sockets that are open, and watch over each: those that are silent, and those that nobody is behind. */
export class OpenSockets {
	readonly #parts: ServerParts;
	readonly #sockets = new Set<WebSocket>();
	/** Upgrades that were let in and are no socket yet, and sockets. */
	#places = 0;

	constructor(parts: ServerParts) {
		this.#parts = parts;
	}

	get count(): number {
		return this.#sockets.size;
	}

	/** @returns whether there was a place; it is free again when the connection is closed. */
	takePlace(request: FastifyRequest): boolean {
		if (this.#places >= this.#parts.settings().limits.sockets) return false;
		this.#places++;
		request.raw.socket.once('close', () => this.#places--);
		return true;
	}

	/** Until it is closed. */
	watch(socket: WebSocket, request: FastifyRequest): void {
		const {clock} = this.#parts;
		const openedMs = clock.nowMs();
		this.#sockets.add(socket);
		const {watchesPeer, watchesSilence} = request.routeOptions.config;
		const stopHeartbeat =
			watchesPeer === true ? nothing : watchHeartbeat(socket, {clock, mostMissed: MOST_MISSED});
		const stopSilence = watchesSilence === true ? nothing : this.#watchSilence(socket);
		request.log.debug({path: request.routeOptions.url}, 'socket opened');
		socket.once('close', (code: number) => {
			this.#sockets.delete(socket);
			stopHeartbeat();
			stopSilence();
			request.log.info(
				{path: request.routeOptions.url, code, duration_ms: Math.round(clock.nowMs() - openedMs)},
				'socket closed',
			);
		});
	}

	/** Closes all with 1001 once they have sent what they were given. Resolves when they are closed; at `signal` at once. */
	async close(signal: AbortSignal): Promise<void> {
		const sockets = [...this.#sockets];
		const closed = sockets.map(
			socket => new Promise<void>(resolve => void socket.once('close', () => resolve())),
		);
		const terminate = (): void => this.terminate();
		signal.addEventListener('abort', terminate, {once: true});
		if (signal.aborted) terminate();
		for (const socket of sockets) socket.close(GOING_AWAY, 'Server shutting down');
		await Promise.all(closed);
		signal.removeEventListener('abort', terminate);
	}

	terminate(): void {
		for (const socket of [...this.#sockets]) socket.terminate();
	}

	#watchSilence(socket: WebSocket): () => void {
		const {clock, settings, metrics} = this.#parts;
		const cancel = clock.after(settings().limits.idleSocketMs, () => {
			countRefusal(metrics, 'idle_socket');
			socket.close(POLICY_VIOLATION, 'Nothing was sent');
		});
		socket.once('message', cancel);
		return cancel;
	}
}

const nothing = (): void => undefined;
