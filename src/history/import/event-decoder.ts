import {EventBatch, type EventGroup} from '../ingest/event-batch.js';
import {addJson} from './add-json.js';
import {JsonSplitter, type JsonPiece} from './split-json.js';

/** Which file is decoded. */
export interface EventFile {
	readonly path: string;
	/** Lines that were taken before, and are passed over now. */
	readonly linesRead: number;
}

/** Events of some lines of a file, which go into the history at once. */
export interface DecodedEvents {
	readonly events: EventGroup;
	/** Lines of the file up to the last of these. */
	readonly linesRead: number;
	/** There is no more in the file. */
	readonly isLast: boolean;
}

/**
 * Events that are written in one transaction. More of them cost memory; fewer cost time, as the keys of
 * tasks lie all over an index, so that each transaction writes most of its pages anew.
 */
const BATCH_EVENTS = 12_000;

/** Text that is written in one transaction, where events are long: some of them hold whole stacks. */
const BATCH_CHARACTERS = 24 * 1024 * 1024;

/** Makes events of the bytes of a file that comes piece by piece, one after the other. */
export class EventDecoder {
	readonly #path: string;
	readonly #splitter = new JsonSplitter();
	readonly #linesKnown: number;
	#batch = new EventBatch();
	#characters = 0;
	#line = 0;

	constructor({path, linesRead}: EventFile) {
		this.#path = path;
		this.#linesKnown = linesRead;
	}

	/** @returns what has become whole batches. */
	push(bytes: Uint8Array): DecodedEvents[] {
		return this.#takeAll(this.#splitter.push(bytes));
	}

	/**
	 * The rest.
	 *
	 * @param fault - why there is no more, where the file broke off: whatever was begun is no value.
	 */
	end(fault?: string): DecodedEvents[] {
		const whole = fault === undefined ? this.#takeAll(this.#splitter.end()) : [];
		if (fault !== undefined) {
			this.#batch.damages.push({source: this.#path, place: `after line ${this.#line}`, reason: fault});
		}

		return [...whole, this.#cut(true)];
	}

	#takeAll(pieces: Iterable<JsonPiece>): DecodedEvents[] {
		const whole: DecodedEvents[] = [];
		for (const piece of pieces) {
			this.#line = piece.line;
			if (piece.line <= this.#linesKnown) continue;
			this.#take(piece);
			if (
				this.#batch.eventCount + this.#batch.damages.length >= BATCH_EVENTS ||
				this.#characters >= BATCH_CHARACTERS
			) {
				whole.push(this.#cut(false));
			}
		}

		return whole;
	}

	#take(piece: JsonPiece): void {
		const place = `line ${piece.line}`;
		if (piece.type === 'damage') {
			this.#batch.damages.push({source: this.#path, place, reason: piece.reason});
			return;
		}

		this.#characters += piece.text.length;
		addJson(this.#batch, piece.text, this.#path, place);
	}

	#cut(isLast: boolean): DecodedEvents {
		const events = this.#batch.toGroup();
		this.#batch = new EventBatch();
		this.#characters = 0;
		return {
			events,
			linesRead: Math.max(this.#line, this.#linesKnown),
			isLast,
		};
	}
}
