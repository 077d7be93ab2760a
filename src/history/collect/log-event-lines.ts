import type {Damage} from '../ingest/event-batch.js';
import {readLogEvent} from '../import/import-storage.js';
import type {LogEventLine} from '../store/history-types.js';

/** Ray reads no longer lines of its event files either. */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

const NEWLINE = 0x0a;

/** True for the files of Ray's event page, also after they were rotated. */
export function isEventFile(path: string): boolean {
	return /^events\/event_[\w.]+$/.test(path) && path.includes('.log');
}

/** What a part of an event file holds. */
export interface EventLines {
	readonly events: readonly LogEventLine[];
	readonly damages: readonly Damage[];
}

/**
 * Reads the events of a file that grows. A line may come in many parts. The same line may be given again:
 * an event is known by its id.
 */
export class EventLineReader {
	readonly #path: string;
	#held: Buffer;
	#offset: number;
	#isTooLong = false;

	/**
	 * @param held - the bytes before `offset` from the beginning of a line on.
	 * @param offset - where the next bytes lie in the file.
	 */
	constructor(path: string, held: Buffer, offset: number) {
		this.#path = path;
		this.#held = held;
		this.#offset = offset;
	}

	/** Where the next bytes must lie. */
	get offset(): number {
		return this.#offset;
	}

	read(bytes: Buffer): EventLines {
		const events: LogEventLine[] = [];
		const damages: Damage[] = [];
		const all = Buffer.concat([this.#held, bytes]);
		const begin = this.#offset - this.#held.length;
		this.#offset += bytes.length;
		const refuse = (at: number, reason: string) =>
			damages.push({source: this.#path, place: `byte ${begin + at}`, reason});
		let start = 0;
		for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
			const text = all.toString('utf8', start, end).trim();
			const event = this.#isTooLong ? undefined : readLogEvent(text);
			if (event !== undefined) events.push(event);
			else if (text !== '' && !this.#isTooLong) refuse(start, 'no event');
			this.#isTooLong = false;
			start = end + 1;
		}

		const rest = all.subarray(start);
		if (rest.length > MAX_LINE_BYTES) {
			if (!this.#isTooLong) refuse(start, `more than the ${MAX_LINE_BYTES} bytes that are taken of a line`);
			this.#isTooLong = true;
			this.#held = Buffer.alloc(0);
			return {events, damages};
		}

		// A copy, so that what was read is not held for the sake of its end.
		this.#held = Buffer.from(this.#isTooLong ? [] : rest);
		// The last line of a file that nobody writes to any more need not end in a newline.
		const last = this.#held.at(-1) === 0x7d ? readLogEvent(this.#held.toString('utf8').trim()) : undefined;
		if (last !== undefined) events.push(last);
		return {events, damages};
	}
}
