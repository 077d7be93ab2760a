import {SAMPLE_RATE_HZ} from '../audio/audio-source.js';
import {InfinisstError} from '../errors.js';
import type {SessionEvent} from '../session/session-event.js';
import {TICK_SAMPLES, type LiveTranslation, type TickResult} from '../translation/live/live-translation.js';
import type {LookCost} from '../translation/live/shared-hearing.js';
import type {Clock} from '../util/clock.js';
import {createDeferred, type Deferred} from '../util/deferred.js';
import {Arrivals} from './arrivals.js';
import type {EngineSession, SessionChange, SessionOptions} from './engine.js';
import {UpdateQueue} from './update-queue.js';

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;

/** Audio taken and not yet listened to, above which a write waits. */
export const MAX_WAITING_MS = 10_000;

/** With `catchUp`, a session looks twice as seldom when audio waits so long to be heard, thrice at twice that, ... */
const BEHIND_MS = 1000;

/** ... up to this. */
const MAX_STEP_FACTOR = 3;

/** Audio waits for so long while a look is under way, and where nobody is in a hurry that is nothing to catch up. */
const LEAST_BEHIND_MS = 200;

/** How much of what audio waits for now counts against what it waited for before: a single long wait is none. */
const BEHIND_WEIGHT = 0.3;

/** Text of a look is wanted before the next piece of audio is there. */
const WANTED_WITHIN_MS = TICK_SAMPLES / SAMPLES_PER_MS;

/** Of what was spent, so much is forgotten with each second of audio: a minute counts. */
const FORGOTTEN_PER_SECOND = 1 / 60;

export interface LiveSessionParts {
	/** Id of the engine. */
	readonly replica: string;
	readonly options: SessionOptions;
	readonly translation: LiveTranslation;
	/** Commands that the translation has seen. */
	readonly commands: number;
	readonly clock: Clock;
	/** Whether others wait for what this session does. */
	readonly isCrowded: () => boolean;
	/** Gives up what the translation waits for. */
	readonly abort: (reason: unknown) => void;
	/** Called once, when nothing of the session runs any more. */
	readonly onOver: () => void;
}

type Command = {readonly atSample: number} & (
	| {readonly type: 'change'; readonly change: SessionChange}
	| {readonly type: 'flush'}
	| {readonly type: 'end'}
);

/** Feeds a speaker's audio to a {@link LiveTranslation}, as it comes, and tells what became of it. */
export class LiveSession implements EngineSession {
	readonly #parts: LiveSessionParts;
	readonly #translation: LiveTranslation;
	readonly #queue = new UpdateQueue();
	readonly #arrivals: Arrivals;
	readonly #pending: Command[] = [];
	#commands: number;
	#events: SessionEvent[] = [];
	#levelDecibels = -100;
	#lagMs = 0;
	#behindMs = 0;
	#spent = {frames: 0, tokens: 0, seconds: 0};
	#isEnding = false;
	#news = createDeferred();
	#room: Deferred<void> | undefined;
	/** What ended the session, once something did. */
	#end: {readonly reason: unknown} | undefined;

	constructor(parts: LiveSessionParts) {
		this.#parts = parts;
		this.#translation = parts.translation;
		this.#commands = parts.commands;
		this.#arrivals = new Arrivals(parts.clock);
		void this.#run();
	}

	get updates(): EngineSession['updates'] {
		return this.#queue.updates;
	}

	get waitingMs(): number {
		return this.#waitingSamples / SAMPLES_PER_MS;
	}

	get lagMs(): number {
		return this.#lagMs;
	}

	/** What a second of audio costs the model, mean over the last minute. */
	get costPerSecond(): LookCost {
		const {frames, tokens, seconds} = this.#spent;
		return {frames: frames / Math.max(1, seconds), tokens: tokens / Math.max(1, seconds)};
	}

	async write(samples: Float32Array): Promise<void> {
		this.#assertNotOver();
		if (this.#isEnding) throw new InfinisstError('RESOURCE_CLOSED', 'The session takes no more audio');
		this.#translation.push(samples);
		this.#arrivals.note(this.#translation.endSample);
		this.#news.resolve();
		while (this.waitingMs > MAX_WAITING_MS) {
			this.#room ??= createDeferred();
			await this.#room.promise;
			this.#assertNotOver();
		}
	}

	change(change: SessionChange): void {
		this.#command({type: 'change', change, atSample: this.#translation.endSample});
	}

	flush(): void {
		this.#command({type: 'flush', atSample: this.#translation.endSample});
	}

	end(): void {
		this.#command({type: 'end', atSample: this.#translation.endSample});
		this.#isEnding = true;
	}

	destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed')): void {
		this.#finish(reason);
		this.#parts.abort(this.#end!.reason);
		this.#queue.abort(this.#end!.reason);
	}

	/** A session that goes on from a checkpoint is given again what was listened to and is not final. */
	get #waitingSamples(): number {
		return Math.max(0, this.#translation.endSample - this.#translation.heardSample);
	}

	#command(command: Command): void {
		if (this.#isEnding || this.#end !== undefined) return;
		this.#pending.push(command);
		this.#news.resolve();
	}

	#assertNotOver(): void {
		if (this.#end !== undefined) throw this.#end.reason;
	}

	async #run(): Promise<void> {
		try {
			while (await this.#step());
			this.#finish(new InfinisstError('RESOURCE_CLOSED', 'The session has ended'));
			this.#queue.end();
		} catch (error) {
			this.#finish(error);
			this.#queue.fail(this.#end!.reason);
		}
		this.#parts.onOver();
	}

	#finish(reason: unknown): void {
		this.#end ??= {reason};
		this.#news.resolve();
		this.#room?.resolve();
		this.#room = undefined;
	}

	/** Does what is due next. @returns whether there is more to come. */
	async #step(): Promise<boolean> {
		await this.#queue.waitForRoom();
		this.#assertNotOver();
		const {endSample, heardSample} = this.#translation;
		const command = this.#pending[0];
		const next = heardSample + TICK_SAMPLES;
		if (next <= endSample && (command === undefined || next <= command.atSample)) {
			await this.#tick(next);
			return true;
		}
		// After a failover, what the commands follow may not all be there yet.
		if (command !== undefined && command.atSample <= endSample) return this.#obey(this.#pending.shift()!);
		this.#news = createDeferred();
		await this.#news.promise;
		return true;
	}

	async #tick(sample: number): Promise<void> {
		const arrivedMs = this.#arrivals.timeOf(sample);
		const isCatchingUp = this.#parts.options.catchUp === true;
		const {clock, isCrowded} = this.#parts;
		this.#behindMs += (clock.nowMs() - arrivedMs - this.#behindMs) * BEHIND_WEIGHT;
		const isSparing = isCatchingUp && isCrowded();
		const behindMs = Math.max(0, this.#behindMs - (isSparing ? 0 : LEAST_BEHIND_MS));
		const stepFactor = isCatchingUp ? Math.min(1 + behindMs / BEHIND_MS, MAX_STEP_FACTOR) : 1;
		const deadlineMs = arrivedMs + WANTED_WITHIN_MS;
		const startMs = clock.nowMs();
		this.#tell(await this.#translation.tick({stepFactor, isSparing, deadlineMs}), startMs);
	}

	async #obey(command: Command): Promise<boolean> {
		const {atSample} = command;
		const audioMs = atSample / SAMPLES_PER_MS;
		if (command.type !== 'end') this.#commands++;
		if (command.type === 'change') {
			const {latencyMultiplier} = command.change;
			if (latencyMultiplier !== undefined) this.#translation.latencyMultiplier = latencyMultiplier;
			return true;
		}
		const isOver = command.type === 'end';
		const startMs = this.#parts.clock.nowMs();
		const deadlineMs = startMs + WANTED_WITHIN_MS;
		const result = await this.#translation.finish(atSample, isOver, {deadlineMs});
		this.#tell(result, startMs, {type: isOver ? 'session-ended' : 'stretch-ended', audioMs});
		return !isOver;
	}

	/**
	 * @param startMs - when the look began.
	 * @param last - what the events of this look end with.
	 */
	#tell(result: TickResult, startMs: number, last?: SessionEvent): void {
		this.#assertNotOver();
		const {heardSample} = result;
		this.#spend(result.cost);
		this.#events.push(...result.events);
		this.#levelDecibels = Math.max(this.#levelDecibels, result.levelDecibels);
		this.#room?.resolve();
		this.#room = undefined;
		if (!result.isWorthTelling) return;
		this.#lagMs = this.#arrivals.lagOf(heardSample);
		const events: SessionEvent[] = [
			...this.#events,
			{
				type: 'lag-measured',
				audioMs: heardSample / SAMPLES_PER_MS,
				finalMs: result.finalSample / SAMPLES_PER_MS,
				lagMs: this.#lagMs,
				levelDecibels: this.#levelDecibels,
			},
			...(last === undefined ? [] : [last]),
		];
		this.#events = [];
		this.#levelDecibels = -100;
		const {firstSample} = this.#translation;
		const state = this.#translation.state();
		const {waitMs: queueWaitMs, ...batch} = result.turn;
		const {replica, clock} = this.#parts;
		this.#queue.push({
			events,
			work: {replica, workMs: clock.nowMs() - startMs, queueWaitMs, ...batch},
			checkpoint: {firstSample, commands: this.#commands, state},
		});
	}

	#spend({frames, tokens}: LookCost): void {
		const seconds = TICK_SAMPLES / SAMPLE_RATE_HZ;
		const kept = (1 - FORGOTTEN_PER_SECOND) ** seconds;
		this.#spent = {
			frames: this.#spent.frames * kept + frames,
			tokens: this.#spent.tokens * kept + tokens,
			seconds: this.#spent.seconds * kept + seconds,
		};
	}
}
