import type {ClientMessage, StreamPosition} from '../core/session/stream-protocol.js';

/** What counts as a command: see `StreamPosition`. */
export type StreamCommand = Extract<ClientMessage, {type: 'session.update' | 'flush' | 'end'}>;

export type OutboxItem =
	| {readonly type: 'samples'; readonly samples: Float32Array}
	| {readonly type: 'command'; readonly command: StreamCommand};

type Kept =
	| {readonly type: 'samples'; readonly startSample: number; readonly samples: Float32Array}
	| {readonly type: 'command'; readonly index: number; readonly command: StreamCommand};

/** What a client has said, in order, from where a server may ask for it again. */
export class StreamOutbox {
	#kept: Kept[] = [];
	#samples = 0;
	#commands = 0;
	/** Everything before may be forgotten. */
	#savedSamples = 0;
	/** What is sent next. */
	#next = 0;

	/** Audio that is kept. */
	get keptSamples(): number {
		return this.#samples - this.#savedSamples;
	}

	/** @param samples - belong to the outbox from now on. */
	write(samples: Float32Array): void {
		this.#kept.push({type: 'samples', startSample: this.#samples, samples});
		this.#samples += samples.length;
	}

	command(command: StreamCommand): void {
		this.#kept.push({type: 'command', index: this.#commands++, command});
	}

	/** What is to be sent next; undefined if all was. */
	take(): OutboxItem | undefined {
		const item = this.#kept[this.#next];
		if (item !== undefined) this.#next++;
		return item;
	}

	/** Nothing before is ever asked for again. */
	forget({samples, commands}: {readonly samples: number; readonly commands: number}): void {
		this.#savedSamples = Math.max(this.#savedSamples, samples);
		const sent = this.#kept.slice(0, this.#next);
		const needed = sent.filter(item => isAfter(item, samples, commands));
		this.#kept = [...needed, ...this.#kept.slice(this.#next)];
		this.#next = needed.length;
	}

	/**
	 * Begins again where the server is.
	 *
	 * @returns false if audio is asked for that is gone.
	 */
	rewind({received_samples: samples, received_commands: commands}: StreamPosition): boolean {
		const oldest = this.#kept.find(item => item.type === 'samples');
		if (samples > this.#samples || samples < (oldest?.startSample ?? this.#samples)) return false;
		// Of what the server has, keep what it may yet ask for after a restart: it is passed over, not forgotten.
		const had: Kept[] = [];
		const lacking: Kept[] = [];
		for (const item of this.#kept) {
			if (item.type === 'command') (item.index < commands ? had : lacking).push(item);
			else {
				const cut = Math.min(Math.max(0, samples - item.startSample), item.samples.length);
				if (cut > 0) had.push({...item, samples: item.samples.subarray(0, cut)});
				if (cut < item.samples.length) {
					lacking.push({
						...item,
						startSample: item.startSample + cut,
						samples: item.samples.subarray(cut),
					});
				}
			}
		}
		this.#kept = [...had, ...lacking];
		this.#next = had.length;
		return true;
	}
}

function isAfter(item: Kept, samples: number, commands: number): boolean {
	return item.type === 'command' ? item.index >= commands : item.startSample + item.samples.length > samples;
}
