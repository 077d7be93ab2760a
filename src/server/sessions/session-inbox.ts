import type {SessionChange} from '../../core/engine/engine.js';

/** Pieces shorter than 0.1 s are collected, ... */
const SHORT_SAMPLES = 1600;
/** ... in blocks of so many: a speaker who sends single samples shall not cost more memory than others. */
const BLOCK_SAMPLES = 16_000;

export type InboxEntry =
	| {readonly type: 'samples'; readonly samples: Float32Array}
	| {readonly type: 'change'; readonly change: SessionChange}
	| {readonly type: 'flush'}
	| {readonly type: 'end'};

interface Block {
	readonly type: 'block';
	readonly buffer: Float32Array;
	length: number;
}

/** What a session was told and its engine was not yet, in order. */
export class SessionInbox {
	readonly #entries: (InboxEntry | Block)[] = [];
	#samples = 0;
	#commands = 0;

	/** Audio that waits. */
	get samples(): number {
		return this.#samples;
	}

	/** Changes and flushes that wait. */
	get commands(): number {
		return this.#commands;
	}

	get isEmpty(): boolean {
		return this.#entries.length === 0;
	}

	/** @param samples - never change any more. */
	write(samples: Float32Array): void {
		this.#samples += samples.length;
		if (samples.length >= SHORT_SAMPLES) {
			this.#entries.push({type: 'samples', samples});
			return;
		}
		let block = this.#entries.at(-1);
		if (block?.type !== 'block' || block.length + samples.length > BLOCK_SAMPLES) {
			block = {type: 'block', buffer: new Float32Array(BLOCK_SAMPLES), length: 0};
			this.#entries.push(block);
		}
		block.buffer.set(samples, block.length);
		block.length += samples.length;
	}

	push(entry: Exclude<InboxEntry, {type: 'samples'}>): void {
		this.#commands++;
		this.#entries.push(entry);
	}

	take(): InboxEntry | undefined {
		const entry = this.#entries.shift();
		if (entry === undefined) return undefined;
		if (entry.type === 'block') {
			this.#samples -= entry.length;
			// A copy: views of a block would keep, and send, all of it.
			return {type: 'samples', samples: entry.buffer.slice(0, entry.length)};
		}
		if (entry.type === 'samples') this.#samples -= entry.samples.length;
		else this.#commands--;
		return entry;
	}

	clear(): void {
		this.#entries.length = 0;
		this.#samples = 0;
		this.#commands = 0;
	}
}
