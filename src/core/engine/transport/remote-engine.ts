import {InfinisstError} from '../../errors.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import {fromFault} from '../../util/fault.js';
import type {
	BatchSettings,
	Engine,
	EngineCapabilities,
	EngineSession,
	OpenSessionOptions,
	ReplicaStatistics,
	SessionOptions,
} from '../engine.js';
import type {Channel} from './channel.js';
import type {EngineRequest, EngineResponse} from './engine-messages.js';
import {RemoteSession} from './remote-session.js';

/** An engine that may be lost while it is used. */
export interface RemoteEngine extends Engine {
	/** Resolves with an error when the channel broke or the other end closed it. */
	readonly gone: Promise<InfinisstError>;
}

export interface RemoteEngineOptions {
	/** How to call it. @default as it calls itself */
	readonly id?: string;
	/** Gives up waiting for the engine, and closes the channel. */
	readonly signal?: AbortSignal;
}

/**
 * The engine at the other end of a channel, which `serveEngine()` answers. The channel is closed with the engine:
 * what is there beyond goes on running.
 *
 * @throws {InfinisstError} what kept the engine from opening; `REPLICA_LOST` if the channel is closed before.
 */
export async function openRemoteEngine(
	channel: Channel,
	{id, signal}: RemoteEngineOptions = {},
): Promise<RemoteEngine> {
	const link = new EngineLink(channel);
	const abort = (): void => {
		link.ready.reject(signal!.reason);
	};
	if (signal?.aborted === true) abort();
	signal?.addEventListener('abort', abort, {once: true});
	try {
		const ready = await link.ready.promise;
		return new ConnectedEngine(link, id ?? ready.id, ready.capabilities);
	} catch (error) {
		channel.close();
		throw error;
	} finally {
		signal?.removeEventListener('abort', abort);
	}
}

interface OpenedSession {
	readonly session: RemoteSession;
	readonly opened: Deferred<void>;
}

/** One end of the protocol: numbers sessions and calls, and finds whom a response is for. */
class EngineLink {
	readonly ready = createDeferred<Extract<EngineResponse, {type: 'ready'}>>();
	readonly gone = createDeferred<InfinisstError>();
	readonly #channel: Channel;
	readonly #sessions = new Map<number, OpenedSession>();
	readonly #calls = new Map<number, Deferred<unknown>>();
	#count = 0;
	#idle: Deferred<void> | undefined;
	/** Why nothing can be asked any more. */
	#end: {readonly reason: unknown} | undefined;

	constructor(channel: Channel) {
		this.#channel = channel;
		channel.listen({
			onMessage: message => this.#receive(message as EngineResponse),
			onClose: cause => this.#lose(cause),
		});
	}

	async openSession(
		options: SessionOptions,
		{id, checkpoint, signal}: OpenSessionOptions,
	): Promise<EngineSession> {
		signal?.throwIfAborted();
		if (this.#end !== undefined) throw this.#end.reason;
		const number = this.#count++;
		const opened = createDeferred();
		const session = new RemoteSession(number, this.#channel, () => {
			this.#sessions.delete(number);
			if (this.#sessions.size === 0) this.#idle?.resolve();
		});
		this.#sessions.set(number, {session, opened});
		const abort = (): void => {
			opened.reject(signal!.reason);
		};
		signal?.addEventListener('abort', abort, {once: true});
		try {
			this.#post({type: 'open', session: number, id, options, checkpoint});
			await opened.promise;
			return session;
		} catch (error) {
			session.destroy(error);
			throw error;
		} finally {
			signal?.removeEventListener('abort', abort);
		}
	}

	async call(
		request: {type: 'statistics'} | {type: 'configure'; settings: Partial<BatchSettings>},
	): Promise<unknown> {
		if (this.#end !== undefined) throw this.#end.reason;
		const call = this.#count++;
		const result = createDeferred<unknown>();
		this.#calls.set(call, result);
		this.#post({...request, call});
		return result.promise;
	}

	/** Resolves when no session runs. */
	async waitForSessions(): Promise<void> {
		if (this.#sessions.size === 0) return;
		this.#idle ??= createDeferred();
		await this.#idle.promise;
	}

	/** What runs throws `reason`; what is asked later throws `later`. */
	end(reason: unknown, later: InfinisstError): void {
		this.#end = {reason: later};
		for (const {session, opened} of [...this.#sessions.values()]) {
			session.destroy(reason);
			opened.reject(reason);
		}
		for (const call of this.#calls.values()) call.reject(later);
		this.#calls.clear();
		this.#channel.close();
	}

	#post(request: EngineRequest): void {
		this.#channel.post(request);
	}

	#receive(response: EngineResponse): void {
		switch (response.type) {
			case 'ready':
				this.ready.resolve(response);
				break;
			case 'unavailable':
				this.ready.reject(fromFault(response.fault));
				break;
			case 'result':
				this.#takeCall(response.call)?.resolve(response.value);
				break;
			case 'fault':
				this.#takeCall(response.call)?.reject(fromFault(response.fault));
				break;
			case 'opened':
			case 'room':
			case 'update':
			case 'finished':
			case 'failed': {
				// One that was destroyed here may not have been destroyed there.
				const opened = this.#sessions.get(response.session);
				if (opened !== undefined) this.#receiveOf(opened, response);
			}
		}
	}

	#receiveOf(
		{session, opened}: OpenedSession,
		response: Exclude<EngineResponse, {readonly call: number} | {type: 'ready' | 'unavailable'}>,
	): void {
		switch (response.type) {
			case 'opened':
				opened.resolve();
				break;
			case 'room':
				session.answer(response.samples);
				break;
			case 'update':
				session.push(response.update);
				break;
			case 'finished':
				session.finish();
				break;
			case 'failed': {
				const error = fromFault(response.fault);
				session.fail(error);
				opened.reject(error);
			}
		}
	}

	#takeCall(call: number): Deferred<unknown> | undefined {
		const result = this.#calls.get(call);
		this.#calls.delete(call);
		return result;
	}

	#lose(cause: unknown): void {
		// Closed by its user.
		if (this.#end !== undefined) return;
		const why = cause instanceof Error ? `: ${cause.message}` : '';
		const error = new InfinisstError('REPLICA_LOST', `The connection to a replica has ended${why}`, {
			hint: 'Go on with another replica.',
			cause,
		});
		this.#end = {reason: error};
		this.ready.reject(error);
		for (const {session, opened} of [...this.#sessions.values()]) {
			session.fail(error);
			opened.reject(error);
		}
		for (const call of this.#calls.values()) call.reject(error);
		this.#calls.clear();
		this.gone.resolve(error);
	}
}

class ConnectedEngine implements RemoteEngine {
	readonly contractVersion = 1;
	readonly id: string;
	readonly capabilities: EngineCapabilities;
	readonly gone: Promise<InfinisstError>;
	readonly #link: EngineLink;
	#closing: Promise<void> | undefined;

	constructor(link: EngineLink, id: string, capabilities: EngineCapabilities) {
		this.#link = link;
		this.id = id;
		this.capabilities = capabilities;
		this.gone = link.gone.promise;
	}

	async openSession(options: SessionOptions, open: OpenSessionOptions = {}): Promise<EngineSession> {
		if (this.#closing !== undefined) throw this.#closedError();
		return this.#link.openSession(options, open);
	}

	async statistics(): Promise<readonly ReplicaStatistics[]> {
		return (await this.#link.call({type: 'statistics'})) as readonly ReplicaStatistics[];
	}

	async configure(settings: Partial<BatchSettings>): Promise<BatchSettings> {
		return (await this.#link.call({type: 'configure', settings})) as BatchSettings;
	}

	close(): Promise<void> {
		return (this.#closing ??= this.#link.waitForSessions().then(() => {
			const error = this.#closedError();
			this.#link.end(error, error);
		}));
	}

	async destroy(reason: unknown = this.#closedError()): Promise<void> {
		const closing = this.close();
		this.#link.end(reason, this.#closedError());
		await closing;
	}

	#closedError(): InfinisstError {
		return new InfinisstError('RESOURCE_CLOSED', `The engine ${this.id} was closed`);
	}
}
