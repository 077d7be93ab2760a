import {InfinisstError} from '../../errors.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import type {EngineSession, SessionChange, SessionUpdate} from '../engine.js';
import {UpdateQueue} from '../update-queue.js';
import type {Channel} from './channel.js';
import {AUDIO_WINDOW_SAMPLES, type EngineRequest} from './engine-messages.js';

/** Writes shorter than this are sent together: a message costs more than a tenth of a second of audio. */
const GATHERED_SAMPLES = 1600;
/** Longer ones are cut, so that a message is small whatever is written at once. */
const MESSAGE_SAMPLES = 16_000;

/** Audio that waits to be sent, or what was asked for after it. */
type Waiting =
	| {readonly type: 'audio'; readonly samples: Float32Array; sent: number; readonly done: Deferred<void>}
	| {readonly type: 'command'; readonly request: EngineRequest};

/** A session that runs at the other end of a channel. */
export class RemoteSession implements EngineSession {
	readonly #session: number;
	readonly #channel: Channel;
	readonly #onOver: () => void;
	readonly #queue: UpdateQueue;
	readonly #outbox: Waiting[] = [];
	readonly #gathered = new Float32Array(GATHERED_SAMPLES);
	#gatheredCount = 0;
	#gatheredTimer: NodeJS.Immediate | undefined;
	/** Audio that was sent and not yet answered. */
	#unansweredSamples = 0;
	#isEnding = false;
	#end: {readonly reason: unknown} | undefined;

	/** @param onOver - called once, when nothing more is sent or awaited. */
	constructor(session: number, channel: Channel, onOver: () => void) {
		this.#session = session;
		this.#channel = channel;
		this.#onOver = onOver;
		this.#queue = new UpdateQueue(() => {
			if (this.#end === undefined) this.#post({type: 'read', session, updates: 1});
		});
	}

	get updates(): EngineSession['updates'] {
		return this.#queue.updates;
	}

	async write(samples: Float32Array): Promise<void> {
		if (this.#end !== undefined) throw this.#end.reason;
		if (this.#isEnding) throw new InfinisstError('RESOURCE_CLOSED', 'The session takes no more audio');
		if (samples.length === 0) return;
		const isFree = this.#outbox.length === 0 && this.#unansweredSamples < AUDIO_WINDOW_SAMPLES;
		if (isFree && this.#gatheredCount + samples.length < GATHERED_SAMPLES) {
			this.#gathered.set(samples, this.#gatheredCount);
			this.#gatheredCount += samples.length;
			this.#gatheredTimer ??= setImmediate(() => this.#sendGathered());
			return;
		}

		this.#sendGathered();
		const done = createDeferred();
		this.#outbox.push({type: 'audio', samples, sent: 0, done});
		this.#send();
		await done.promise;
	}

	change(change: SessionChange): void {
		this.#command({type: 'change', session: this.#session, change});
	}

	flush(): void {
		this.#command({type: 'flush', session: this.#session});
	}

	end(): void {
		this.#command({type: 'end', session: this.#session});
		this.#isEnding = true;
	}

	destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed')): void {
		if (this.#end === undefined) this.#post({type: 'destroy', session: this.#session});
		this.#finish(reason);
		this.#queue.abort(this.#end!.reason);
	}

	/** So much audio was taken at the other end. */
	answer(samples: number): void {
		this.#unansweredSamples -= samples;
		this.#send();
	}

	push(update: SessionUpdate): void {
		this.#queue.push(update);
	}

	/** All updates have come. */
	finish(): void {
		this.#finish(new InfinisstError('RESOURCE_CLOSED', 'The session has ended'));
		this.#queue.end();
	}

	fail(reason: unknown): void {
		this.#finish(reason);
		this.#queue.fail(this.#end!.reason);
	}

	#finish(reason: unknown): void {
		if (this.#end !== undefined) return;
		this.#end = {reason};
		clearImmediate(this.#gatheredTimer);
		for (const waiting of this.#outbox) if (waiting.type === 'audio') waiting.done.reject(reason);
		this.#outbox.length = 0;
		this.#onOver();
	}

	#command(request: EngineRequest): void {
		if (this.#isEnding || this.#end !== undefined) return;
		this.#sendGathered();
		this.#outbox.push({type: 'command', request});
		this.#send();
	}

	#sendGathered(): void {
		clearImmediate(this.#gatheredTimer);
		this.#gatheredTimer = undefined;
		if (this.#gatheredCount === 0) return;
		this.#sendSamples(this.#gathered.subarray(0, this.#gatheredCount));
		this.#gatheredCount = 0;
	}

	/** Sends what there is room for. */
	#send(): void {
		for (let next = this.#outbox[0]; next !== undefined; next = this.#outbox[0]) {
			if (next.type === 'command') {
				this.#post(next.request);
				this.#outbox.shift();
				continue;
			}

			if (this.#unansweredSamples >= AUDIO_WINDOW_SAMPLES) return;
			const {samples, sent} = next;
			next.sent = Math.min(samples.length, sent + MESSAGE_SAMPLES);
			this.#sendSamples(samples.subarray(sent, next.sent));
			if (next.sent < samples.length) continue;
			this.#outbox.shift();
			next.done.resolve();
		}
	}

	#sendSamples(samples: Float32Array): void {
		this.#unansweredSamples += samples.length;
		const request = {type: 'audio', session: this.#session} as const;
		if (!this.#channel.movesBuffers) {
			this.#post({...request, samples});
			return;
		}
		// Whoever wrote them keeps them. Threads would be given all that is around a view, too.
		const own = samples.slice();
		this.#channel.post({...request, samples: own} satisfies EngineRequest, [own.buffer]);
	}

	#post(request: EngineRequest): void {
		this.#channel.post(request);
	}
}
