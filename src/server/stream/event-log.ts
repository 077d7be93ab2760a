import type {ServerMessage} from '../../core/session/stream-protocol.js';

/**
 * Events that were sent and not acknowledged are kept up to this, 1 MiB: about 4 000 events, a quarter of an hour of
 * speech. What a connection holds in flight is far less.
 */
export const KEPT_BYTES = 1024 * 1024;

interface Hold {
	/** Nothing from here on may be read. */
	readonly seq: number;
}

/**
 * The events of a stream, for a reader that may come back and read again. An event gets its number when it is first read, or
 * when {@link number} is called. Until then what has been overtaken is dropped: a partial by the next partial or final of its target, `lag` and
 * `session.progress` by the next. So numbers have no gaps, and a slow reader gets no stale guesses.
 */
export class EventLog {
	/** Without a number. */
	#waiting: ServerMessage[] = [];
	/** Numbered, from `#firstSeq` on. */
	#entries: Buffer[] = [];
	#firstSeq: number;
	/** Everything before was read at least once. */
	#readSeq: number;
	#bytes = 0;
	readonly #holds: Hold[] = [];

	/** @param firstSeq - number of the first event. */
	constructor(firstSeq = 0) {
		this.#firstSeq = firstSeq;
		this.#readSeq = firstSeq;
	}

	/** Number of the oldest event that is still here. */
	get firstSeq(): number {
		return this.#firstSeq;
	}

	/** Number that the next event gets. */
	get endSeq(): number {
		return this.#firstSeq + this.#entries.length;
	}

	/** Memory of what is kept. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Events that were never read. */
	get unread(): number {
		return this.endSeq - this.#readSeq + this.#waiting.length;
	}

	/** @param event - its `seq` does not matter. */
	append(event: ServerMessage): void {
		this.#waiting = this.#waiting.filter(other => !isOvertaken(other, event));
		this.#waiting.push(event);
	}

	/** Gives numbers to all that wait for one. @returns those numbered now, as they will be sent. */
	number(): readonly ServerMessage[] {
		const numbered = this.#waiting.map((event, index) => ({...event, seq: this.endSeq + index}));
		this.#waiting = [];
		for (const event of numbered) {
			const entry = Buffer.from(JSON.stringify(event));
			this.#entries.push(entry);
			this.#bytes += entry.length;
		}
		return numbered;
	}

	/** Whatever comes from now on is not read until the returned function was called. */
	hold(): () => void {
		this.number();
		const hold: Hold = {seq: this.endSeq};
		this.#holds.push(hold);
		return () => {
			const index = this.#holds.indexOf(hold);
			if (index !== -1) this.#holds.splice(index, 1);
		};
	}

	/** The event with this number, as UTF-8 JSON; undefined if it is not there yet, or held. */
	read(seq: number): Buffer | undefined {
		if (this.#holds.some(hold => hold.seq <= seq)) return undefined;
		if (seq >= this.endSeq) this.number();
		const entry = this.#entries[seq - this.#firstSeq];
		if (entry === undefined) return undefined;
		this.#readSeq = Math.max(this.#readSeq, seq + 1);
		while (this.#bytes > KEPT_BYTES && this.#firstSeq < this.#readSeq) this.#dropFirst();
		return entry;
	}

	/** Events up to this one are needed no longer. Numbers that were never read are taken as the last that was. */
	acknowledge(seq: number): void {
		while (this.#firstSeq <= seq && this.#firstSeq < this.#readSeq) this.#dropFirst();
	}

	#dropFirst(): void {
		this.#bytes -= this.#entries.shift()!.length;
		this.#firstSeq++;
	}
}

function isOvertaken(event: ServerMessage, by: ServerMessage): boolean {
	if (event.type === 'partial') {
		return (by.type === 'partial' || by.type === 'final') && by.target === event.target;
	}
	return (event.type === 'lag' || event.type === 'session.progress') && by.type === event.type;
}
