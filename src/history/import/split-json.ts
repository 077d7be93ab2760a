/** A piece of a file of events: the text of one JSON value, or why there is none. */
export type JsonPiece =
	| {readonly type: 'value'; readonly line: number; readonly text: string}
	| {readonly type: 'damage'; readonly line: number; readonly reason: string};

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The longest value that is taken: Ray's own are below 1 MB, and one is held in memory. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/**
 * Splits bytes into JSON values: one a line, or the elements of one array, which may go over many lines.
 * Holds one value at most; a longer one than `maxBytes` is left out and named.
 */
export async function* splitJson(
	source: AsyncIterable<Uint8Array>,
	maxBytes = MAX_VALUE_BYTES,
): AsyncGenerator<JsonPiece, void, undefined> {
	let splitter: LineSplitter | ArraySplitter | undefined;
	for await (const chunk of source) {
		let start = 0;
		if (splitter === undefined) {
			// White space and a byte order mark may come first.
			while (start < chunk.length && isBlank(chunk[start]!)) start += 1;
			if (start === chunk.length) continue;
			splitter = chunk[start] === 0x5b ? new ArraySplitter(maxBytes) : new LineSplitter(maxBytes);
			if (splitter instanceof ArraySplitter) start += 1;
		}

		yield* splitter.push(chunk.subarray(start));
	}

	yield* splitter?.end() ?? [];
}

/** Bytes of the value that is being read. */
class Value {
	readonly #maxBytes: number;
	#parts: Uint8Array[] = [];
	#length = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get length(): number {
		return this.#length;
	}

	add(bytes: Uint8Array): void {
		this.#length += bytes.length;
		if (this.#length <= this.#maxBytes) this.#parts.push(bytes);
		else this.#parts = [];
	}

	/** Gives the value and begins the next. */
	take(line: number): JsonPiece | undefined {
		const [length, parts] = [this.#length, this.#parts];
		this.#length = 0;
		this.#parts = [];
		if (length > this.#maxBytes) {
			return {
				type: 'damage',
				line,
				reason: `${length} bytes long, more than the ${this.#maxBytes} that are taken`,
			};
		}

		const text = Buffer.concat(parts).toString('utf8').trim();
		return text === '' ? undefined : {type: 'value', line, text};
	}
}

class LineSplitter {
	readonly #value: Value;
	#line = 1;

	constructor(maxBytes: number) {
		this.#value = new Value(maxBytes);
	}

	*push(chunk: Uint8Array): Generator<JsonPiece, void, undefined> {
		let start = 0;
		for (;;) {
			const end = chunk.indexOf(NEWLINE, start);
			if (end < 0) break;
			this.#value.add(chunk.subarray(start, end));
			const piece = this.#value.take(this.#line);
			if (piece !== undefined) yield piece;
			this.#line += 1;
			start = end + 1;
		}

		// A copy: the reader may use its buffer again.
		if (start < chunk.length) this.#value.add(chunk.slice(start));
	}

	*end(): Generator<JsonPiece, void, undefined> {
		const piece = this.#value.take(this.#line);
		if (piece !== undefined) yield piece;
	}
}

/** Finds where the elements end by counting brackets outside of strings. */
class ArraySplitter {
	readonly #value: Value;
	#element = 1;
	#depth = 0;
	#isInString = false;
	#isEscaped = false;
	#isClosed = false;

	constructor(maxBytes: number) {
		this.#value = new Value(maxBytes);
	}

	*push(chunk: Uint8Array): Generator<JsonPiece, void, undefined> {
		let start = 0;
		for (let at = 0; at < chunk.length && !this.#isClosed; at += 1) {
			const byte = chunk[at]!;
			if (this.#isInString) {
				if (this.#isEscaped) this.#isEscaped = false;
				else if (byte === BACKSLASH) this.#isEscaped = true;
				else if (byte === QUOTE) this.#isInString = false;
			} else if (byte === QUOTE) this.#isInString = true;
			else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
			else if (byte === 0x7d || byte === 0x5d) this.#depth -= 1;
			const isEnd = this.#depth < 0;
			if (!isEnd && !(byte === 0x2c && this.#depth === 0 && !this.#isInString)) continue;
			this.#value.add(chunk.subarray(start, at));
			start = at + 1;
			this.#isClosed = isEnd;
			const piece = this.#value.take(this.#element);
			this.#element += 1;
			if (piece !== undefined) yield piece;
		}

		if (!this.#isClosed && start < chunk.length) this.#value.add(chunk.slice(start));
	}

	*end(): Generator<JsonPiece, void, undefined> {
		if (this.#isClosed) return;
		this.#value.take(this.#element);
		yield {type: 'damage', line: this.#element, reason: 'the array ends in the middle of an element'};
	}
}

function isBlank(byte: number): boolean {
	return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
}
