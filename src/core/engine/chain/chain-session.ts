import {SAMPLE_RATE_HZ} from '../../audio/audio-source.js';
import type {SessionEvent} from '../../session/session-event.js';
import type {Clock} from '../../util/clock.js';
import {Arrivals} from '../arrivals.js';
import type {EngineSession, SessionChange, SessionCheckpoint, SessionUpdate} from '../engine.js';
import {UpdateQueue} from '../update-queue.js';
import type {TargetWriter, TargetWriterState} from '../../translation/text/target-writer.js';
import {writeAll} from '../../translation/text/write-all.js';

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;

/** Of a mean, so much is forgotten with each second of audio: a minute counts. */
const FORGOTTEN_PER_SECOND = 1 / 60;

/** What a checkpoint of a chain holds; plain data. */
export interface ChainState {
	/** Of the session that hears. */
	readonly speech: unknown;
	/** In the order of the targets that are translated. */
	readonly writers: readonly TargetWriterState[];
	readonly audioMs: number;
	readonly finalMs: number;
}

export interface ChainSessionParts {
	/** Writes what the writers translate, and what was asked for as it is. */
	readonly speech: EngineSession;
	readonly writers: readonly TargetWriter[];
	/** Targets of the speech session that somebody asked for. */
	readonly told: ReadonlySet<string>;
	readonly words: boolean;
	readonly checkpoint: SessionCheckpoint | undefined;
	readonly clock: Clock;
	/** Called once, when nothing of the session runs any more. */
	readonly onOver: () => void;
}

/** A session whose text is translated on: each update of the speech session becomes one of its own. */
export class ChainSession implements EngineSession {
	readonly #parts: ChainSessionParts;
	readonly #queue = new UpdateQueue();
	readonly #arrivals: Arrivals;
	readonly #controller = new AbortController();
	/** Told to the speech session, which has not said yet that it got there. */
	readonly #changes: {readonly command: number; readonly change: SessionChange}[] = [];
	#writtenSamples: number;
	#commands: number;
	#audioMs: number;
	#finalMs: number;
	#lagMs = 0;
	#work = {spentMs: 0, seconds: 0};

	constructor(parts: ChainSessionParts) {
		this.#parts = parts;
		this.#arrivals = new Arrivals(parts.clock);
		const state = parts.checkpoint?.state as ChainState | undefined;
		this.#writtenSamples = parts.checkpoint?.firstSample ?? 0;
		this.#commands = parts.checkpoint?.commands ?? 0;
		this.#audioMs = state?.audioMs ?? 0;
		this.#finalMs = state?.finalMs ?? 0;
		void this.#run();
	}

	get updates(): EngineSession['updates'] {
		return this.#queue.updates;
	}

	get lagMs(): number {
		return this.#lagMs;
	}

	/** Time spent on translating text, for a second of audio. */
	get workPerSecondMs(): number {
		return this.#work.spentMs / Math.max(1, this.#work.seconds);
	}

	async write(samples: Float32Array): Promise<void> {
		const writing = this.#parts.speech.write(samples);
		this.#writtenSamples += samples.length;
		this.#arrivals.note(this.#writtenSamples);
		await writing;
	}

	change(change: SessionChange): void {
		this.#changes.push({command: ++this.#commands, change});
		this.#parts.speech.change(change);
	}

	flush(): void {
		this.#commands++;
		this.#parts.speech.flush();
	}

	end(): void {
		this.#parts.speech.end();
	}

	destroy(reason?: unknown): void {
		this.#parts.speech.destroy(reason);
		this.#controller.abort(reason);
		this.#queue.abort(this.#controller.signal.reason);
	}

	async #run(): Promise<void> {
		const {speech, writers, onOver} = this.#parts;
		try {
			const updates = speech.updates[Symbol.asyncIterator]();
			for (;;) {
				await this.#queue.waitForRoom();
				const next = await updates.next();
				if (next.done === true) break;
				this.#queue.push(await this.#translate(next.value));
			}
			this.#queue.end();
		} catch (error) {
			speech.destroy(error);
			this.#queue.fail(error);
		}
		for (const writer of writers) writer.close();
		onOver();
	}

	async #translate({events, checkpoint, work}: SessionUpdate): Promise<SessionUpdate> {
		const {writers, clock} = this.#parts;
		this.#applyChanges(checkpoint.commands);
		const told: SessionEvent[] = [];
		const last: SessionEvent[] = [];
		let measured: Extract<SessionEvent, {type: 'lag-measured'}> | undefined;
		for (const event of events) {
			for (const writer of writers) writer.hear(event);
			if (event.type === 'lag-measured') measured = event;
			else if (event.type === 'stretch-ended' || event.type === 'session-ended') last.push(event);
			else if (this.#isTold(event)) told.push(this.#strip(event));
			if ('audioMs' in event) this.#spend(event.audioMs);
		}
		const heard = {audioMs: this.#audioMs, finalMs: measured?.finalMs ?? this.#finalMs};
		const beganMs = clock.nowMs();
		told.push(...(await writeAll(writers, heard, this.#controller.signal)));
		this.#work.spentMs += clock.nowMs() - beganMs;
		this.#finalMs = Math.min(heard.finalMs, ...writers.map(writer => writer.finalMs));
		if (measured !== undefined) {
			this.#lagMs = this.#arrivals.lagOf(measured.audioMs * SAMPLES_PER_MS);
			told.push({...measured, finalMs: this.#finalMs, lagMs: this.#lagMs});
		}
		return {
			events: [...told, ...last],
			...(work !== undefined && {work}),
			checkpoint: this.#checkpoint(checkpoint),
		};
	}

	#applyChanges(commands: number): void {
		while (this.#changes.length > 0 && this.#changes[0]!.command <= commands) {
			const {change} = this.#changes.shift()!;
			for (const writer of this.#parts.writers) writer.change(change);
		}
	}

	#isTold(event: SessionEvent): boolean {
		return !('target' in event) || this.#parts.told.has(event.target);
	}

	/** The writers need times of words and no partials, whatever was asked for. */
	#strip(event: SessionEvent): SessionEvent {
		if (this.#parts.words || !('words' in event)) return event;
		const bare: {words?: unknown} = {...event};
		delete bare.words;
		return bare as SessionEvent;
	}

	#spend(audioMs: number): void {
		const seconds = Math.max(0, (audioMs - this.#audioMs) / 1000);
		this.#audioMs = Math.max(this.#audioMs, audioMs);
		const kept = (1 - FORGOTTEN_PER_SECOND) ** seconds;
		this.#work = {spentMs: this.#work.spentMs * kept, seconds: this.#work.seconds * kept + seconds};
	}

	#checkpoint({firstSample, commands, state}: SessionCheckpoint): SessionCheckpoint {
		const writers = this.#parts.writers.map(writer => writer.state);
		const chain: ChainState = {speech: state, writers, audioMs: this.#audioMs, finalMs: this.#finalMs};
		return {firstSample, commands, state: chain};
	}
}
