import {InfinisstError} from '../../errors.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import {ChangingOptions} from '../changing-options.js';
import type {
	EngineSession,
	LatencyMultiplier,
	SessionChange,
	SessionCheckpoint,
	SessionOptions,
	SessionUpdate,
} from '../engine.js';
import {UpdateQueue} from '../update-queue.js';
import {Journal, type JournalEntry} from './journal.js';

/** What a session asks of its router. */
export interface SessionHost {
	/**
	 * Opens the session again, on whichever replica.
	 *
	 * @param isMoved - the replica was not lost: the session was told to leave it.
	 * @throws what ends the session.
	 */
	reopen(session: RoutedSession, isMoved: boolean, cause: unknown): Promise<EngineSession>;
	/** It is no longer possible to lose what it heard before. */
	progressed(session: RoutedSession): void;
	/** Its replica was told again all that the one before was. */
	caughtUp(session: RoutedSession): void;
	/** Called once; nothing of it runs any more. */
	ended(session: RoutedSession): void;
}

export interface RoutedSessionParts {
	readonly id: string;
	readonly options: SessionOptions;
	readonly checkpoint: SessionCheckpoint | undefined;
	readonly host: SessionHost;
}

interface WaitingWrite extends Deferred<void> {
	readonly endSample: number;
}

/** A session on one replica, until that is lost or left. */
interface Stay {
	readonly inner: EngineSession;
	isLeaving: boolean;
	/** Resolves when the session leaves while it waits for its reader. */
	leaving: Deferred<void> | undefined;
	/** How far the replica was told. */
	told: Journal['start'];
	/** It is being told, or takes nothing any more. */
	isTelling: boolean;
	/** So far there is nothing that the one before was not told. */
	readonly goalSample: number;
	isCaughtUp: boolean;
}

/**
 * A session that outlives its replicas. All that it is told goes into a journal, and from there to the replica; each
 * update moves the checkpoint and trims the journal. When the replica is lost, another goes on from the
 * checkpoint and is told the rest of the journal again: an update has either come with its checkpoint or not at
 * all, so that nothing is missing from the events and nothing comes twice.
 */
export class RoutedSession implements EngineSession {
	readonly id: string;
	/** Fires with what ended the session. */
	readonly ended = new AbortController();
	readonly #host: SessionHost;
	readonly #journal: Journal;
	readonly #options: ChangingOptions;
	readonly #queue = new UpdateQueue();
	readonly #writes: WaitingWrite[] = [];
	#checkpoint: SessionCheckpoint | undefined;
	#latencyMultiplier: LatencyMultiplier;
	#stay: Stay | undefined;

	constructor({id, options, checkpoint, host}: RoutedSessionParts) {
		this.id = id;
		this.#options = new ChangingOptions(options, checkpoint?.commands);
		this.#host = host;
		this.#checkpoint = checkpoint;
		this.#journal = new Journal(checkpoint ?? {firstSample: 0, commands: 0});
		this.#latencyMultiplier = options.latencyMultiplier ?? 2;
	}

	get updates(): AsyncIterable<SessionUpdate> {
		return this.#queue.updates;
	}

	/** As of the checkpoint. */
	get options(): SessionOptions {
		return this.#options.reached;
	}

	/** Where another replica would go on. */
	get checkpoint(): SessionCheckpoint | undefined {
		return this.#checkpoint;
	}

	/** As asked for last. */
	get latencyMultiplier(): LatencyMultiplier {
		return this.#latencyMultiplier;
	}

	/** Memory held by audio that is not yet final. */
	get journalBytes(): number {
		return this.#journal.bytes;
	}

	async write(samples: Float32Array): Promise<void> {
		if (this.#journal.hasEnded) {
			throw new InfinisstError('RESOURCE_CLOSED', 'The session takes no more audio');
		}
		this.ended.signal.throwIfAborted();
		if (samples.length === 0) return;
		this.#journal.write(samples);
		const write = {...createDeferred(), endSample: this.#journal.endSample};
		this.#writes.push(write);
		this.#tell();
		await write.promise;
	}

	change(change: SessionChange): void {
		if (this.#isOver) return;
		this.#latencyMultiplier = change.latencyMultiplier ?? this.#latencyMultiplier;
		this.#journal.change(change);
		this.#options.note(change);
		this.#tell();
	}

	flush(): void {
		if (this.#isOver) return;
		this.#journal.flush();
		this.#options.note();
		this.#tell();
	}

	end(): void {
		if (this.#isOver) return;
		this.#journal.end();
		this.#tell();
	}

	destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed')): void {
		this.#stop(reason);
		this.#queue.abort(this.ended.signal.reason);
	}

	/** Ends the session with a fault, after the updates that are there. */
	fail(reason: unknown): void {
		this.#stop(reason);
		this.#queue.fail(this.ended.signal.reason);
	}

	/** Leaves its replica, and goes on elsewhere. */
	leave(reason: unknown): void {
		const stay = this.#stay;
		if (stay === undefined || stay.isLeaving) return;
		stay.isLeaving = true;
		stay.leaving?.resolve();
		stay.inner.destroy(reason);
	}

	/** Runs the session to its end. Never rejects. */
	async run(first: EngineSession): Promise<void> {
		let inner = first;
		try {
			for (;;) {
				const outcome = await this.#serve(inner);
				if (outcome === 'ended') break;
				inner = await this.#host.reopen(this, outcome.isMoved, outcome.cause);
			}
			this.#stop(new InfinisstError('RESOURCE_CLOSED', 'The session has ended'));
			this.#queue.end();
		} catch (error) {
			this.fail(error);
		}
		this.#host.ended(this);
	}

	get #isOver(): boolean {
		return this.#journal.hasEnded || this.ended.signal.aborted;
	}

	#stop(reason: unknown): void {
		if (this.ended.signal.aborted) return;
		this.ended.abort(reason);
		for (const write of this.#writes.splice(0)) write.reject(reason);
		this.#stay?.leaving?.resolve();
		this.#stay?.inner.destroy(reason);
	}

	/** Passes on what the replica says until it ends, is lost or left. */
	async #serve(
		inner: EngineSession,
	): Promise<'ended' | {readonly isMoved: boolean; readonly cause: unknown}> {
		const stay: Stay = {
			inner,
			isLeaving: false,
			leaving: undefined,
			told: this.#journal.start,
			isTelling: false,
			goalSample: this.#journal.endSample,
			isCaughtUp: false,
		};
		this.#stay = stay;
		try {
			// It may have ended while it was being opened.
			this.ended.signal.throwIfAborted();
			this.#tell();
			for await (const update of inner.updates) {
				this.ended.signal.throwIfAborted();
				this.#take(update, stay);
				if (update.events.some(({type}) => type === 'session-ended')) return 'ended';
				if (this.#queue.isFull) await this.#waitForReader(stay);
			}
			throw new InfinisstError('INTERNAL_FAULT', `The session ${this.id} ended before it was told to`);
		} catch (error) {
			this.ended.signal.throwIfAborted();
			if (stay.isLeaving) return {isMoved: !InfinisstError.is(error, 'REPLICA_LOST'), cause: error};
			if (InfinisstError.is(error, 'REPLICA_LOST')) return {isMoved: false, cause: error};
			throw error;
		} finally {
			this.#stay = undefined;
			inner.destroy();
		}
	}

	#take(update: SessionUpdate, stay: Stay): void {
		const {checkpoint} = update;
		const before = this.#checkpoint;
		this.#journal.trim(checkpoint, stay.told);
		this.#checkpoint = checkpoint;
		this.#options.reach(checkpoint.commands);
		this.#queue.push(update);
		const hasMoved =
			update.events.length > 0 ||
			checkpoint.firstSample !== (before?.firstSample ?? 0) ||
			checkpoint.commands !== (before?.commands ?? 0);
		if (hasMoved) this.#host.progressed(this);
	}

	/** Until the updates were read, or the session leaves its replica. */
	async #waitForReader(stay: Stay): Promise<void> {
		if (stay.isLeaving) return;
		// Of its own each time: whatever waits for a promise stays with it for as long as that lives.
		stay.leaving = createDeferred();
		await Promise.race([this.#queue.waitForRoom(), stay.leaving.promise]);
		stay.leaving = undefined;
	}

	/**
	 * Tells the replica what it was not told of the journal. Called for all that comes: something that waited for it would
	 * have to be moved by the collector of garbage, in each session (see `UpdateQueue`).
	 */
	#tell(): void {
		const stay = this.#stay;
		while (stay !== undefined && this.#stay === stay && !stay.isTelling) {
			if (!stay.isCaughtUp && stay.told.sample >= stay.goalSample) {
				stay.isCaughtUp = true;
				this.#host.caughtUp(this);
			}
			const step = this.#journal.read(stay.told);
			if (step === undefined) return;
			stay.told = step.next;
			const {entry} = step;
			try {
				if (entry.type === 'samples') void this.#tellSamples(stay, entry.samples);
				else tellCommand(stay.inner, entry);
			} catch (error) {
				this.#failToTell(stay, error);
			}
		}
	}

	/** Never rejects. */
	async #tellSamples(stay: Stay, samples: Float32Array): Promise<void> {
		stay.isTelling = true;
		const endSample = stay.told.sample;
		try {
			await stay.inner.write(samples);
		} catch (error) {
			this.#failToTell(stay, error);
			return;
		}
		if (this.#stay !== stay) return;
		stay.isTelling = false;
		this.#admitWrites(endSample);
		this.#tell();
	}

	/** What ended the session is told by its updates as well; a lost replica may have nobody left to say so. */
	#failToTell(stay: Stay, error: unknown): void {
		stay.isTelling = true;
		if (this.#stay === stay && InfinisstError.is(error, 'REPLICA_LOST')) this.leave(error);
	}

	#admitWrites(endSample: number): void {
		while (this.#writes[0] !== undefined && this.#writes[0].endSample <= endSample)
			this.#writes.shift()!.resolve();
	}
}

function tellCommand(inner: EngineSession, entry: Exclude<JournalEntry, {type: 'samples'}>): void {
	switch (entry.type) {
		case 'change':
			inner.change(entry.change);
			break;
		case 'flush':
			inner.flush();
			break;
		case 'end':
			inner.end();
	}
}
