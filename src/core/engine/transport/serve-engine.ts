import {InfinisstError} from '../../errors.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import {toFault} from '../../util/fault.js';
import type {Engine, EngineSession} from '../engine.js';
import type {Channel} from './channel.js';
import {
	AUDIO_WINDOW_SAMPLES,
	UPDATE_WINDOW,
	type EngineRequest,
	type EngineResponse,
} from './engine-messages.js';
import {parseEngineRequest} from './parse-engine-request.js';

type OpenRequest = Extract<EngineRequest, {type: 'open'}>;
/** What must be obeyed in its order. */
type WrittenRequest = Extract<EngineRequest, {type: 'audio' | 'change' | 'flush' | 'end'}>;

/**
 * Answers a channel with an engine, until the channel is closed: then its sessions are destroyed. The engine itself
 * stays open.
 *
 * @param opening - where it fails, the other end is told why.
 * @returns resolves when nothing of the channel runs any more; with what was wrong, if something was. Never rejects.
 */
export async function serveEngine(channel: Channel, opening: Engine | Promise<Engine>): Promise<unknown> {
	const closed = createDeferred<unknown>();
	const sessions = new Map<number, ServedSession>();
	const running = new Set<Promise<void>>();
	let engine: Engine | undefined;
	let fault: unknown;

	const post = (response: EngineResponse): void => channel.post(response);
	const answer = async (call: number, work: () => Promise<unknown>): Promise<void> => {
		try {
			post({type: 'result', call, value: await work()});
		} catch (error) {
			post({type: 'fault', call, fault: toFault(ofThisReplica(error))});
		}
	};
	const open = (request: OpenRequest): void => {
		if (sessions.has(request.session)) {
			throw new InfinisstError('PEER_REFUSED', `A peer opened session ${request.session} twice`);
		}
		const session = new ServedSession(engine!, request, post);
		sessions.set(request.session, session);
		const over = session.over.then(() => {
			sessions.delete(request.session);
			running.delete(over);
		});
		running.add(over);
	};
	const obey = (request: EngineRequest): void => {
		if (engine === undefined) throw new InfinisstError('PEER_REFUSED', 'A peer asked before it was answered');
		switch (request.type) {
			case 'open':
				open(request);
				break;
			case 'statistics':
				void answer(request.call, () => engine!.statistics());
				break;
			case 'configure':
				void answer(request.call, () => engine!.configure(request.settings));
				break;
			case 'audio':
			case 'change':
			case 'flush':
			case 'end':
			case 'read':
			case 'destroy':
				// One that has just ended here may not have ended there.
				sessions.get(request.session)?.obey(request);
		}
	};

	channel.listen({
		onMessage: message => {
			try {
				obey(parseEngineRequest(message));
			} catch (error) {
				fault ??= error;
				channel.close();
			}
		},
		onClose: cause => closed.resolve(cause),
	});
	try {
		engine = await opening;
		post({type: 'ready', id: engine.id, capabilities: engine.capabilities});
	} catch (error) {
		post({type: 'unavailable', fault: toFault(error)});
		channel.close();
	}

	const cause = await closed.promise;
	for (const session of sessions.values()) session.destroy();
	await Promise.all(running);
	return fault ?? cause;
}

/** An engine that is being closed where it runs was not closed by its user, who may go elsewhere. */
function ofThisReplica(error: unknown): unknown {
	if (!InfinisstError.is(error, 'RESOURCE_CLOSED')) return error;
	return new InfinisstError('REPLICA_LOST', 'The replica is being ended', {
		hint: 'Open the session with another replica.',
		cause: error,
	});
}

/** A session of an engine, as one end of a channel has it. */
class ServedSession {
	/** Resolves when nothing of it runs any more. */
	readonly over: Promise<void>;
	readonly #session: number;
	readonly #post: (response: EngineResponse) => void;
	readonly #given = new AbortController();
	/** In the order in which they came; the audio among them is written one after another. */
	readonly #requests: WrittenRequest[] = [];
	#unwrittenSamples = 0;
	#opened: EngineSession | undefined;
	#isWriting = false;
	#unread = 0;
	#read: Deferred<void> | undefined;

	constructor(engine: Engine, request: OpenRequest, post: (response: EngineResponse) => void) {
		this.#session = request.session;
		this.#post = post;
		this.over = this.#run(engine, request);
	}

	/** @throws {InfinisstError} `PEER_REFUSED` for a flood. */
	obey(request: WrittenRequest | Extract<EngineRequest, {type: 'read' | 'destroy'}>): void {
		switch (request.type) {
			case 'destroy':
				this.destroy();
				break;
			case 'read':
				this.#unread -= request.updates;
				this.#read?.resolve();
				break;
			case 'audio':
				this.#unwrittenSamples += request.samples.length;
				if (this.#unwrittenSamples > 2 * AUDIO_WINDOW_SAMPLES) {
					throw new InfinisstError('PEER_REFUSED', 'A peer sent more audio than there is room for');
				}
				this.#queue(request);
				break;
			case 'change':
			case 'flush':
			case 'end':
				this.#queue(request);
		}
	}

	destroy(): void {
		const reason = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed by its user');
		this.#given.abort(reason);
		this.#opened?.destroy(reason);
		this.#read?.resolve();
	}

	async #run(engine: Engine, {session, options, id, checkpoint}: OpenRequest): Promise<void> {
		try {
			const opened = await engine
				.openSession(options, {
					signal: this.#given.signal,
					...(id !== undefined && {id}),
					...(checkpoint !== undefined && {checkpoint}),
				})
				.catch((error: unknown) => {
					throw ofThisReplica(error);
				});
			this.#opened = opened;
			// Given up while it was being opened.
			if (this.#given.signal.aborted) opened.destroy(this.#given.signal.reason);
			this.#post({type: 'opened', session});
			void this.#work();
			for await (const update of opened.updates) {
				this.#post({type: 'update', session, update});
				this.#unread++;
				await this.#waitUntilRead();
			}
			this.#post({type: 'finished', session});
		} catch (error) {
			this.#opened?.destroy(error);
			this.#post({type: 'failed', session, fault: toFault(error)});
		}
	}

	async #waitUntilRead(): Promise<void> {
		while (this.#unread >= UPDATE_WINDOW && !this.#given.signal.aborted) {
			this.#read = createDeferred();
			await this.#read.promise;
		}
	}

	#queue(request: WrittenRequest): void {
		this.#requests.push(request);
		void this.#work();
	}

	async #work(): Promise<void> {
		const opened = this.#opened;
		if (opened === undefined || this.#isWriting) return;
		this.#isWriting = true;
		for (let request = this.#requests.shift(); request !== undefined; request = this.#requests.shift()) {
			switch (request.type) {
				case 'audio': {
					const {length} = request.samples;
					// What ends the session is told by its updates.
					await opened.write(request.samples).catch(() => undefined);
					this.#unwrittenSamples -= length;
					this.#post({type: 'room', session: this.#session, samples: length});
					break;
				}
				case 'change':
					opened.change(request.change);
					break;
				case 'flush':
					opened.flush();
					break;
				case 'end':
					opened.end();
			}
		}
		this.#isWriting = false;
	}
}
