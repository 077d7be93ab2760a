import {describeTooLong, MAX_VALUE_BYTES} from './split-json.js';

/** Whole lines of a file, or one that was too long to be taken. Lines are counted from 1. */
export type LineBlock =
	| {
			readonly type: 'lines';
			readonly firstLine: number;
			readonly lastLine: number;
			/** With memory of their own, which can be given away. */
			readonly bytes: Uint8Array<ArrayBuffer>;
	  }
	| {readonly type: 'damage'; readonly lastLine: number; readonly reason: string};

export interface CutLinesOptions {
	/** Lines that were taken before, and are passed over now. */
	readonly linesRead: number;
	/** About as long is a block; one longer line makes a longer one. */
	readonly blockBytes: number;
	/** @default MAX_VALUE_BYTES */
	readonly maxLineBytes?: number;
}

/**
 * Cuts a file into blocks of whole lines, which can be decoded apart from each other.
 *
 * @throws whatever the source throws, after the lines that were whole before.
 */
export async function* cutLines(
	source: AsyncIterable<Uint8Array>,
	options: CutLinesOptions,
): AsyncGenerator<LineBlock, void, undefined> {
	const cutter = new LineCutter(options);
	try {
		for await (const chunk of source) yield* cutter.push(chunk);
	} catch (error) {
		yield* cutter.cut();
		throw error;
	}

	yield* cutter.end();
}

const NEWLINE = 0x0a;

class LineCutter {
	readonly #linesRead: number;
	readonly #blockBytes: number;
	readonly #maxLineBytes: number;
	#block: Buffer<ArrayBuffer>;
	#length = 0;
	/** Of the next line that is cut. */
	#line = 1;
	/** What was left out of a line that is too long. */
	#droppedBytes = 0;

	constructor({linesRead, blockBytes, maxLineBytes = MAX_VALUE_BYTES}: CutLinesOptions) {
		this.#linesRead = linesRead;
		this.#blockBytes = blockBytes;
		this.#maxLineBytes = maxLineBytes;
		this.#block = makeBlock(blockBytes);
	}

	*push(chunk: Uint8Array): Generator<LineBlock, void, undefined> {
		let start = 0;
		while (start < chunk.length) {
			if (this.#droppedBytes > 0) {
				const end = chunk.indexOf(NEWLINE, start);
				this.#droppedBytes += (end < 0 ? chunk.length : end) - start;
				if (end < 0) return;
				start = end + 1;
				yield* this.#endDropped();
				continue;
			}

			const part = chunk.subarray(start, start + this.#block.length - this.#length);
			this.#block.set(part, this.#length);
			this.#length += part.length;
			start += part.length;
			if (this.#length < this.#block.length) continue;
			yield* this.cut();
			// No line ends in it: it goes on in a longer one.
			if (this.#length === this.#block.length) this.#makeRoom();
		}
	}

	/** The lines that are whole. */
	*cut(): Generator<LineBlock, void, undefined> {
		const end = this.#length === 0 ? 0 : this.#block.lastIndexOf(NEWLINE, this.#length - 1) + 1;
		if (end === 0) return;
		const whole = this.#block.subarray(0, end);
		const rest = this.#block.subarray(end, this.#length);
		const block = makeBlock(Math.max(this.#blockBytes, rest.length + 1));
		block.set(rest);
		this.#block = block;
		this.#length = rest.length;
		yield* this.#lines(whole);
	}

	/** The rest: the last line need not end with a newline. */
	*end(): Generator<LineBlock, void, undefined> {
		if (this.#droppedBytes > 0) yield* this.#endDropped();
		yield* this.cut();
		if (this.#length > 0) yield* this.#lines(this.#block.subarray(0, this.#length));
	}

	*#lines(bytes: Buffer<ArrayBuffer>): Generator<LineBlock, void, undefined> {
		let firstLine = this.#line;
		let start = 0;
		let at = 0;
		while (at < bytes.length) {
			const end = bytes.indexOf(NEWLINE, at);
			at = end < 0 ? bytes.length : end + 1;
			if (this.#line <= this.#linesRead) {
				firstLine = this.#line + 1;
				start = at;
			}

			this.#line += 1;
		}

		if (start === bytes.length) return;
		yield {type: 'lines', firstLine, lastLine: this.#line - 1, bytes: bytes.subarray(start)};
	}

	*#endDropped(): Generator<LineBlock, void, undefined> {
		const reason = describeTooLong(this.#droppedBytes, this.#maxLineBytes);
		this.#droppedBytes = 0;
		const lastLine = this.#line++;
		if (lastLine > this.#linesRead) yield {type: 'damage', lastLine, reason};
	}

	#makeRoom(): void {
		if (this.#length > this.#maxLineBytes) {
			this.#droppedBytes = this.#length;
			this.#block = makeBlock(this.#blockBytes);
			this.#length = 0;
			return;
		}

		const block = makeBlock(Math.min(this.#length * 2, this.#maxLineBytes + 1));
		block.set(this.#block);
		this.#block = block;
	}
}

/** Not out of the pool that buffers share, as it may be given away. */
function makeBlock(length: number): Buffer<ArrayBuffer> {
	return Buffer.from(new ArrayBuffer(length));
}
