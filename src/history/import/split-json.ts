/** A piece of a file of events: the text of one JSON value, or why there is none. */
export type JsonPiece =
	| {readonly type: 'value'; readonly line: number; readonly text: string}
	| {readonly type: 'damage'; readonly line: number; readonly reason: string};

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A byte order mark that is not at the beginning belongs to the text. */
const decoder = new TextDecoder('utf-8', {ignoreBOM: true});

/** The longest value that is taken: Ray's own are below 1 MB, and one is held in memory. */
export const MAX_VALUE_BYTES = 16 * 1024 * 1024;

/**
 * Splits bytes into JSON values: one a line, or the elements of one array, which may go over many lines.
 * Holds one value at most; a longer one than `maxBytes` is left out and named.
 */
export class JsonSplitter {
	readonly #maxBytes: number;
	#splitter: LineSplitter | ArraySplitter | undefined;

	constructor(maxBytes = MAX_VALUE_BYTES) {
		this.#maxBytes = maxBytes;
	}

	/** @param chunk - not kept: it may be used again afterwards. */
	*push(chunk: Uint8Array): Generator<JsonPiece, void, undefined> {
		let start = 0;
		if (this.#splitter === undefined) {
			// White space and a byte order mark may come first.
			while (start < chunk.length && isBlank(chunk[start]!)) start += 1;
			if (start === chunk.length) return;
			const isArray = chunk[start] === 0x5b;
			this.#splitter = isArray ? new ArraySplitter(this.#maxBytes) : new LineSplitter(this.#maxBytes);
			if (isArray) start += 1;
		}

		yield* this.#splitter.push(chunk.subarray(start));
	}

	*end(): Generator<JsonPiece, void, undefined> {
		yield* this.#splitter?.end() ?? [];
	}
}

/** The same for what is read piece by piece. */
export async function* splitJson(
	source: AsyncIterable<Uint8Array>,
	maxBytes = MAX_VALUE_BYTES,
): AsyncGenerator<JsonPiece, void, undefined> {
	const splitter = new JsonSplitter(maxBytes);
	for await (const chunk of source) yield* splitter.push(chunk);
	yield* splitter.end();
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
		if (length > this.#maxBytes) return this.#tooLong(length, line);
		return toPiece(Buffer.concat(parts).toString('utf8'), line);
	}

	/** The same for a value that is there already. */
	check(text: string, line: number): JsonPiece | undefined {
		// A character has three bytes at most, and two of them four.
		if (text.length * 3 > this.#maxBytes) {
			const length = Buffer.byteLength(text);
			if (length > this.#maxBytes) return this.#tooLong(length, line);
		}

		return toPiece(text, line);
	}

	#tooLong(length: number, line: number): JsonPiece {
		return {type: 'damage', line, reason: describeTooLong(length, this.#maxBytes)};
	}
}

export function describeTooLong(length: number, maxBytes: number): string {
	return `${length} bytes long, more than the ${maxBytes} that are taken`;
}

function toPiece(text: string, line: number): JsonPiece | undefined {
	const trimmed = text.trim();
	return trimmed === '' ? undefined : {type: 'value', line, text: trimmed};
}

class LineSplitter {
	readonly #value: Value;
	#line = 1;

	constructor(maxBytes: number) {
		this.#value = new Value(maxBytes);
	}

	*push(chunk: Uint8Array): Generator<JsonPiece, void, undefined> {
		const first = chunk.indexOf(NEWLINE);
		if (first >= 0) {
			this.#value.add(chunk.subarray(0, first));
			const piece = this.#value.take(this.#line++);
			if (piece !== undefined) yield piece;
			// What lies between two newlines is text in itself: it is decoded once for all of them.
			const last = chunk.lastIndexOf(NEWLINE);
			if (last > first) yield* this.#splitText(decoder.decode(chunk.subarray(first + 1, last)));
		}

		const rest = chunk.subarray(chunk.lastIndexOf(NEWLINE) + 1);
		// A copy: the reader may use its buffer again.
		if (rest.length > 0) this.#value.add(rest.slice());
	}

	*#splitText(text: string): Generator<JsonPiece, void, undefined> {
		for (let start = 0; start <= text.length;) {
			const found = text.indexOf('\n', start);
			const end = found < 0 ? text.length : found;
			const piece = this.#value.check(text.slice(start, end), this.#line++);
			if (piece !== undefined) yield piece;
			start = end + 1;
		}
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

/** White space, or of a byte order mark. */
export function isBlank(byte: number): boolean {
	return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf;
}
