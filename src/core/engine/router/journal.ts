import type {SessionChange, SessionCheckpoint} from '../engine.js';
import {InfinisstError} from '../../errors.js';

/** What a session was told, piece by piece. */
export type JournalEntry =
	| {
			readonly type: 'samples';
			/** A view of the journal's, which never changes. */
			readonly samples: Float32Array;
	  }
	| {readonly type: 'change'; readonly change: SessionChange}
	| {readonly type: 'flush'}
	| {readonly type: 'end'};

/** How far somebody has read. */
export interface JournalPosition {
	/** The next, counted as in {@link SessionCheckpoint}. */
	readonly sample: number;
	readonly command: number;
	readonly hasEnded: boolean;
}

interface Block {
	readonly firstSample: number;
	/** With room at its end where small pieces are collected. */
	readonly buffer: Float32Array;
	length: number;
}

interface Command {
	/** It applies to the audio from here on. */
	readonly sample: number;
	readonly entry: JournalEntry;
}

/** Blocks given in smaller pieces are collected: a view for each single sample would cost twenty times its size. */
const COLLECTED_SAMPLES = 8000;
/** Pieces from here on are kept as they are. */
const KEPT_SAMPLES = 1600;
/** Read at most so much at once, 2 s, so that an hour given in one piece is not copied in one. */
const READ_SAMPLES = 32_000;

/**
 * All that a session was told since its last checkpoint, in order, so that it can be told again to another replica.
 * Its size follows the checkpoint: what a session has let go of is forgotten with the next {@link trim}.
 */
export class Journal {
	readonly #blocks: Block[] = [];
	readonly #commands: Command[] = [];
	/** Of the first command kept. */
	#firstCommand: number;
	#firstSample: number;
	#endSample: number;
	#hasEnded = false;

	/** @param from - where the session begins, if not at its begin. */
	constructor({firstSample, commands}: Pick<SessionCheckpoint, 'firstSample' | 'commands'>) {
		this.#firstSample = firstSample;
		this.#endSample = firstSample;
		this.#firstCommand = commands;
	}

	/** Where reading begins again. */
	get start(): JournalPosition {
		return {sample: this.#firstSample, command: this.#firstCommand, hasEnded: false};
	}

	/** Samples written so far, counted from the session's first. */
	get endSample(): number {
		return this.#endSample;
	}

	get hasEnded(): boolean {
		return this.#hasEnded;
	}

	/** Memory held by the audio. */
	get bytes(): number {
		return this.#blocks.reduce((sum, {buffer}) => sum + buffer.byteLength, 0);
	}

	/** Keeps audio. @param samples - never change any more. */
	write(samples: Float32Array): void {
		if (samples.length === 0) return;
		const last = this.#blocks.at(-1);
		if (samples.length < KEPT_SAMPLES && last !== undefined) {
			if (last.buffer.length - last.length >= samples.length) {
				last.buffer.set(samples, last.length);
				last.length += samples.length;
				this.#endSample += samples.length;
				return;
			}
		}
		const isKept = samples.length >= KEPT_SAMPLES;
		const buffer = isKept ? samples : new Float32Array(COLLECTED_SAMPLES);
		if (!isKept) buffer.set(samples);
		this.#blocks.push({firstSample: this.#endSample, buffer, length: samples.length});
		this.#endSample += samples.length;
	}

	change(change: SessionChange): void {
		this.#commands.push({sample: this.#endSample, entry: {type: 'change', change}});
	}

	flush(): void {
		this.#commands.push({sample: this.#endSample, entry: {type: 'flush'}});
	}

	end(): void {
		this.#hasEnded = true;
	}

	/** What comes at a position, and the position after it; undefined if nothing came yet. */
	read({
		sample,
		command,
		hasEnded,
	}: JournalPosition): {entry: JournalEntry; next: JournalPosition} | undefined {
		const upcoming = this.#commands[command - this.#firstCommand];
		if (upcoming !== undefined && upcoming.sample <= sample) {
			return {entry: upcoming.entry, next: {sample, command: command + 1, hasEnded}};
		}
		if (sample < this.#endSample) {
			const block = this.#blocks.findLast(({firstSample}) => firstSample <= sample)!;
			const start = sample - block.firstSample;
			const end = Math.min(
				block.length,
				start + READ_SAMPLES,
				(upcoming?.sample ?? Infinity) - block.firstSample,
			);
			return {
				entry: {type: 'samples', samples: block.buffer.subarray(start, end)},
				next: {sample: block.firstSample + end, command, hasEnded},
			};
		}
		if (this.#hasEnded && !hasEnded) return {entry: {type: 'end'}, next: {sample, command, hasEnded: true}};
		return undefined;
	}

	/**
	 * Forgets what a session needs no longer.
	 *
	 * @param told - how far it was told.
	 * @throws {InfinisstError} `INTERNAL_FAULT` if the checkpoint goes back, or counts what was never told.
	 */
	trim(
		{firstSample, commands}: Pick<SessionCheckpoint, 'firstSample' | 'commands'>,
		told: JournalPosition,
	): void {
		if (
			!(firstSample >= this.#firstSample && firstSample <= told.sample) ||
			!(commands >= this.#firstCommand && commands <= told.command)
		) {
			throw new InfinisstError(
				'INTERNAL_FAULT',
				`A checkpoint at sample ${firstSample} and command ${commands} does not fit a session that was told ` +
					`samples ${this.#firstSample} to ${told.sample} and commands ${this.#firstCommand} to ${told.command}`,
			);
		}
		this.#firstSample = firstSample;
		const gone = this.#blocks.findIndex(block => block.firstSample + block.length > firstSample);
		this.#blocks.splice(0, gone === -1 ? this.#blocks.length : gone);
		this.#commands.splice(0, commands - this.#firstCommand);
		this.#firstCommand = commands;
	}
}
