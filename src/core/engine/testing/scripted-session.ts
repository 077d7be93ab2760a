import {InfinisstError, type ErrorCode} from '../../errors.js';
import {levelDecibels} from '../../audio/level.js';
import {SampleHistory} from '../../audio/sample-history.js';
import type {SessionEvent} from '../../session/session-event.js';
import type {TimedWord} from '../../translation/translation-event.js';
import type {Clock} from '../../util/clock.js';
import {createDeferred, type Deferred} from '../../util/deferred.js';
import type {
	EngineSession,
	LatencyMultiplier,
	SessionChange,
	SessionCheckpoint,
	SessionOptions,
	SessionStatistics,
} from '../engine.js';
import {Arrivals} from '../arrivals.js';
import {UpdateQueue} from '../update-queue.js';
import {hearScriptedWord, translateScriptedWord} from './scripted-words.js';

const SAMPLES_PER_MS = 16;
const WORD_SAMPLES = 500 * SAMPLES_PER_MS;
/** A word is final when as much again was heard after it; until then it is partial. */
const HOLD_SAMPLES = WORD_SAMPLES;
const MAX_SEGMENT_WORDS = 8;

/** Audio taken and not yet listened to, above which a write waits. More than the longest step. */
export const SCRIPTED_MAX_WAITING_MS = 10_000;

export interface ScriptedSessionParts {
	readonly id: string;
	readonly options: SessionOptions;
	readonly checkpoint: SessionCheckpoint | undefined;
	readonly clock: Clock;
	readonly stepCostMs: number;
	/** Fails when so much audio has been heard. */
	readonly fault: {readonly atMs: number; readonly code: ErrorCode; readonly hint?: string} | undefined;
	/** Takes its turn at the model. */
	readonly takeStep: () => Promise<void>;
	/** Called once, when nothing of the session runs any more. */
	readonly onOver: () => void;
}

interface HeardWord {
	readonly word: string;
	readonly startSample: number;
	readonly endSample: number;
}

/** What a checkpoint holds. */
interface ScriptedState {
	readonly finalSample: number;
	readonly lookedSample: number;
	readonly latencyMultiplier: LatencyMultiplier;
	readonly isLanguageTold: boolean;
	readonly segment: number;
	readonly open: readonly HeardWord[];
}

type Command = {readonly atSample: number} & (
	| {readonly type: 'change'; readonly change: SessionChange}
	| {readonly type: 'flush'}
	| {readonly type: 'end'}
);

/** One session of a scripted engine: text that depends on the samples, and on nothing else. */
export class ScriptedSession implements EngineSession {
	readonly #parts: ScriptedSessionParts;
	readonly #queue = new UpdateQueue();
	readonly #audio = new SampleHistory();
	/** Place in the session of the first sample that was written here. */
	readonly #firstSample: number;
	readonly #commands: Command[] = [];
	readonly #arrivals: Arrivals;
	#commandCount: number;
	/** Everything before is final. */
	#finalSample: number;
	#lookedSample: number;
	/** No look before this sample: what was written later set the pace. */
	#earliestLook = 0;
	#latencyMultiplier: LatencyMultiplier;
	#isLanguageTold: boolean;
	#segment: number;
	#open: readonly HeardWord[];
	#lagMs = 0;
	#isEnding = false;
	#news = createDeferred();
	#room: Deferred<void> | undefined;
	/** What ended the session, once something did. */
	#end: {readonly reason: unknown} | undefined;

	constructor(parts: ScriptedSessionParts) {
		const {checkpoint, options} = parts;
		const state = checkpoint?.state as ScriptedState | undefined;
		this.#parts = parts;
		this.#arrivals = new Arrivals(parts.clock);
		this.#firstSample = checkpoint?.firstSample ?? 0;
		this.#commandCount = checkpoint?.commands ?? 0;
		this.#finalSample = state?.finalSample ?? 0;
		this.#lookedSample = state?.lookedSample ?? 0;
		this.#latencyMultiplier = state?.latencyMultiplier ?? options.latencyMultiplier ?? 2;
		this.#isLanguageTold = state?.isLanguageTold ?? options.sourceLanguage !== 'auto';
		this.#segment = state?.segment ?? 0;
		this.#open = state?.open ?? [];
		void this.#run();
	}

	get updates(): EngineSession['updates'] {
		return this.#queue.updates;
	}

	get statistics(): SessionStatistics {
		return {
			id: this.#parts.id,
			waitingMs: this.#waitingSamples / SAMPLES_PER_MS,
			lagMs: this.#lagMs,
			workPerSecondMs: this.#parts.stepCostMs / this.#latencyMultiplier,
		};
	}

	async write(samples: Float32Array): Promise<void> {
		this.#assertOpen();
		this.#audio.append(samples);
		this.#arrivals.note(this.#endSample);
		this.#news.resolve();
		while (this.#waitingSamples > SCRIPTED_MAX_WAITING_MS * SAMPLES_PER_MS) {
			this.#room ??= createDeferred();
			await this.#room.promise;
			if (this.#end !== undefined) throw this.#end.reason;
		}
	}

	change(change: SessionChange): void {
		this.#command({type: 'change', change, atSample: this.#endSample});
	}

	flush(): void {
		this.#command({type: 'flush', atSample: this.#endSample});
	}

	end(): void {
		this.#command({type: 'end', atSample: this.#endSample});
		this.#isEnding = true;
	}

	destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed')): void {
		this.#finish(reason);
		this.#queue.abort(this.#end!.reason);
	}

	get #endSample(): number {
		return this.#firstSample + this.#audio.endSample;
	}

	/** A session that goes on from a checkpoint is given again what was looked at and is not final. */
	get #waitingSamples(): number {
		return Math.max(0, this.#endSample - this.#lookedSample);
	}

	#assertOpen(): void {
		if (this.#end !== undefined) throw this.#end.reason;
		if (this.#isEnding) throw new InfinisstError('RESOURCE_CLOSED', 'The session takes no more audio');
	}

	#command(command: Command): void {
		if (this.#isEnding || this.#end !== undefined) return;
		this.#commands.push(command);
		this.#news.resolve();
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
		if (this.#end !== undefined) throw this.#end.reason;
		const command = this.#commands[0];
		const nextLook = Math.max(
			this.#lookedSample + this.#latencyMultiplier * 1000 * SAMPLES_PER_MS,
			this.#earliestLook,
		);
		if (nextLook <= Math.min(this.#endSample, command?.atSample ?? Infinity)) {
			await this.#look(nextLook);
			return true;
		}

		if (command !== undefined) return this.#obey(this.#commands.shift()!);
		this.#news = createDeferred();
		await this.#news.promise;
		return true;
	}

	async #obey(command: Command): Promise<boolean> {
		switch (command.type) {
			case 'change':
				this.#commandCount++;
				this.#latencyMultiplier = command.change.latencyMultiplier ?? this.#latencyMultiplier;
				this.#earliestLook = command.atSample;
				return true;
			case 'flush':
				this.#commandCount++;
				await this.#look(command.atSample, {
					type: 'stretch-ended',
					audioMs: command.atSample / SAMPLES_PER_MS,
				});
				return true;
			case 'end':
				await this.#look(command.atSample, {
					type: 'session-ended',
					audioMs: command.atSample / SAMPLES_PER_MS,
				});
				return false;
		}
	}

	/** @param last - makes everything before final, and closes the events. */
	async #look(atSample: number, last?: SessionEvent): Promise<void> {
		await this.#parts.takeStep();
		if (this.#end !== undefined) throw this.#end.reason;
		const {fault, options} = this.#parts;
		if (fault !== undefined && atSample >= fault.atMs * SAMPLES_PER_MS) {
			const hint = fault.hint === undefined ? {} : {hint: fault.hint};
			throw new InfinisstError(fault.code, `A scripted fault at ${fault.atMs} ms`, hint);
		}

		const audioMs = atSample / SAMPLES_PER_MS;
		// Of the audio since the last look, while it is still known which that was.
		const level = levelDecibels(this.#view(this.#lookedSample, atSample));
		const events: SessionEvent[] = [];
		if (!this.#isLanguageTold) {
			this.#isLanguageTold = true;
			events.push({type: 'language-detected', language: 'en', probability: 1, startMs: 0});
		}
		this.#lookedSample = atSample;
		this.#hear(atSample, last !== undefined, events);
		if (options.partials !== false && last === undefined) this.#guess(atSample, events);
		events.push({
			type: 'lag-measured',
			audioMs,
			finalMs: this.#finalSample / SAMPLES_PER_MS,
			lagMs: this.#measureLag(atSample),
			levelDecibels: level,
		});
		if (last !== undefined) events.push(last);
		this.#audio.discardBefore(this.#finalSample - this.#firstSample);
		this.#queue.push({events, checkpoint: this.#checkpoint()});
		this.#room?.resolve();
		this.#room = undefined;
	}

	#checkpoint(): SessionCheckpoint {
		const state: ScriptedState = {
			finalSample: this.#finalSample,
			lookedSample: this.#lookedSample,
			latencyMultiplier: this.#latencyMultiplier,
			isLanguageTold: this.#isLanguageTold,
			segment: this.#segment,
			open: this.#open,
		};
		return {firstSample: this.#finalSample, commands: this.#commandCount, state};
	}

	/** Moves what is settled from the audio to the transcript. */
	#hear(atSample: number, isAll: boolean, events: SessionEvent[]): void {
		let pending: HeardWord[] = [];
		const settle = (): void => {
			if (pending.length > 0) events.push(...this.#finals(pending, atSample));
			this.#open = [...this.#open, ...pending];
			pending = [];
		};
		const close = (): void => {
			settle();
			events.push(...this.#closeSegment(atSample));
		};
		while (this.#finalSample + WORD_SAMPLES + (isAll ? 0 : HOLD_SAMPLES) <= atSample) {
			const heard = this.#hearWord(this.#finalSample + WORD_SAMPLES);
			this.#finalSample += WORD_SAMPLES;
			if (heard === undefined) close();
			else pending.push(heard);
			if (this.#open.length + pending.length === MAX_SEGMENT_WORDS) close();
		}

		if (!isAll) {
			settle();
			return;
		}

		const rest = this.#finalSample < atSample ? this.#hearWord(atSample) : undefined;
		this.#finalSample = atSample;
		if (rest !== undefined) pending.push(rest);
		close();
	}

	#hearWord(endSample: number): HeardWord | undefined {
		const startSample = this.#finalSample;
		const word = hearScriptedWord(this.#view(startSample, endSample));
		return word === undefined ? undefined : {word, startSample, endSample};
	}

	#finals(words: readonly HeardWord[], atSample: number): SessionEvent[] {
		const {options} = this.#parts;
		return options.targets.map(target => ({
			...this.#place(target, words, atSample),
			type: 'text-final',
			text: textOf(words, target),
			...(target !== 'same' && {sourceText: textOf(words, 'same')}),
			...(options.words === true && {words: timedWords(words, target)}),
		}));
	}

	#closeSegment(atSample: number): SessionEvent[] {
		const {options} = this.#parts;
		const words = this.#open;
		if (words.length === 0) return [];
		const events = options.targets.map((target): SessionEvent => ({
			...this.#place(target, words, atSample),
			type: 'segment-ended',
			text: textOf(words, target).trim(),
			sourceLanguage: this.#sourceLanguage,
			...(options.words === true && {words: timedWords(words, target)}),
		}));
		this.#open = [];
		this.#segment++;
		return events;
	}

	/** The words that are whole and may still change. */
	#guess(atSample: number, events: SessionEvent[]): void {
		const words: HeardWord[] = [];
		for (let start = this.#finalSample; start + WORD_SAMPLES <= atSample; start += WORD_SAMPLES) {
			const word = hearScriptedWord(this.#view(start, start + WORD_SAMPLES));
			if (word === undefined) break;
			words.push({word, startSample: start, endSample: start + WORD_SAMPLES});
		}

		const place = words.length > 0 ? words : [{startSample: this.#finalSample, endSample: this.#finalSample}];
		for (const target of this.#parts.options.targets) {
			events.push({
				...this.#place(target, place, atSample),
				type: 'text-partial',
				text: textOf(words, target),
			});
		}
	}

	#place(
		target: string,
		words: readonly Pick<HeardWord, 'startSample' | 'endSample'>[],
		atSample: number,
	): {
		target: string;
		language: string;
		segment: number;
		startMs: number;
		endMs: number;
		audioMs: number;
	} {
		return {
			target,
			language: target === 'same' ? this.#sourceLanguage : target,
			segment: this.#segment,
			startMs: words[0]!.startSample / SAMPLES_PER_MS,
			endMs: words.at(-1)!.endSample / SAMPLES_PER_MS,
			audioMs: atSample / SAMPLES_PER_MS,
		};
	}

	get #sourceLanguage(): string {
		const {sourceLanguage} = this.#parts.options;
		return sourceLanguage === 'auto' ? 'en' : sourceLanguage;
	}

	#view(startSample: number, endSample: number): Float32Array {
		return this.#audio.view(startSample - this.#firstSample, endSample - this.#firstSample);
	}

	#measureLag(atSample: number): number {
		this.#lagMs = this.#arrivals.lagOf(atSample);
		return this.#lagMs;
	}
}

function textOf(words: readonly HeardWord[], target: string): string {
	return words.map(({word}) => ` ${translateScriptedWord(word, target)}`).join('');
}

function timedWords(words: readonly HeardWord[], target: string): TimedWord[] {
	return words.map(({word, startSample, endSample}) => ({
		text: ` ${translateScriptedWord(word, target)}`,
		startMs: startSample / SAMPLES_PER_MS,
		endMs: endSample / SAMPLES_PER_MS,
		probability: 1,
	}));
}
