import {open, stat, type FileHandle} from 'node:fs/promises';
import {createReadStream} from 'node:fs';
import type {Readable} from 'node:stream';
import {InfinisstError} from '../errors.js';
import type {AudioInput} from './audio-source.js';

const READ_BYTES = 65_536;
/** A mark is for second thoughts about the beginning of a stream, not for keeping the whole of it. */
const MAX_MARKED_BYTES = 64 * 1024 * 1024;

/** What bytes come from: the next piece in order, or undefined at the end. */
interface ByteOrigin {
	readonly next: () => Promise<Uint8Array | undefined>;
	readonly close: () => Promise<void>;
}

/** A regular file, which may also be read out of order and opened again by another program. */
export interface SeekableFile {
	readonly path: string;
	readonly sizeBytes: number;
	/** Up to `byteCount` bytes from `offsetBytes`; fewer only at the end of the file. */
	readonly readAt: (offsetBytes: number, byteCount: number) => Promise<Uint8Array>;
}

/**
 * Encoded bytes read in order, with a look ahead. At most what was asked for is held in memory.
 * Reads may not overlap. After `close()` every read answers as at the end.
 */
export class ByteSource {
	/** Name for people: the path, or `-` and the like. */
	readonly name: string;
	/** Only where the bytes come from a regular file. */
	readonly file: SeekableFile | undefined;
	readonly #origin: ByteOrigin;
	/** Read from the origin, but not yet by the caller; oldest first. */
	#ahead: Uint8Array[] = [];
	#aheadBytes = 0;
	#positionBytes = 0;
	/** Everything read since `mark()`, for `rewind()`. */
	#marked: Uint8Array[] | undefined;
	#markedBytes = 0;
	#ended = false;
	#closing: Promise<void> | undefined;

	constructor(name: string, origin: ByteOrigin, file?: SeekableFile) {
		this.name = name;
		this.#origin = origin;
		this.file = file;
	}

	/** Bytes handed out so far. */
	get positionBytes(): number {
		return this.#positionBytes;
	}

	/** The next `byteCount` bytes without taking them; fewer only at the end. */
	async peek(byteCount: number): Promise<Uint8Array> {
		while (this.#aheadBytes < byteCount && (await this.#fetch()));
		const wanted = Math.min(byteCount, this.#aheadBytes);
		if ((this.#ahead[0]?.length ?? 0) < wanted) this.#ahead = [concatBytes(this.#ahead)];
		return this.#ahead[0]?.subarray(0, wanted) ?? new Uint8Array(0);
	}

	/** Between 1 and `maxBytes` bytes, which belong to the caller; undefined at the end. */
	async read(maxBytes = READ_BYTES): Promise<Uint8Array | undefined> {
		if (this.#aheadBytes === 0) await this.#fetch();
		const first = this.#ahead[0];
		if (first === undefined) return undefined;
		const taken = first.subarray(0, maxBytes);
		if (taken.length === first.length) this.#ahead.shift();
		else this.#ahead[0] = first.subarray(taken.length);
		this.#aheadBytes -= taken.length;
		this.#positionBytes += taken.length;
		if (this.#marked !== undefined) {
			this.#marked.push(taken);
			this.#markedBytes += taken.length;
			if (this.#markedBytes > MAX_MARKED_BYTES) this.#marked = undefined;
		}
		return taken;
	}

	/** As `read()`, but a multiple of `unitBytes`; only the last piece may be shorter than one unit. */
	async readUnits(unitBytes: number, maxBytes = READ_BYTES): Promise<Uint8Array | undefined> {
		const ready = await this.peek(unitBytes);
		if (ready.length === 0) return undefined;
		if (ready.length < unitBytes) return this.read(unitBytes);
		const available = Math.min(maxBytes, this.#ahead[0]!.length);
		return this.read(Math.max(unitBytes, available - (available % unitBytes)));
	}

	/** Exactly `byteCount` bytes, or all that are left. */
	async take(byteCount: number): Promise<Uint8Array> {
		const parts: Uint8Array[] = [];
		for (let missing = byteCount; missing > 0;) {
			const part = await this.read(missing);
			if (part === undefined) break;
			parts.push(part);
			missing -= part.length;
		}
		return parts.length === 1 ? parts[0]! : concatBytes(parts);
	}

	/** Passes over `byteCount` bytes and returns how many there were. */
	async skip(byteCount: number): Promise<number> {
		let skipped = 0;
		while (skipped < byteCount) {
			const part = await this.read(Math.min(READ_BYTES, byteCount - skipped));
			if (part === undefined) break;
			skipped += part.length;
		}
		return skipped;
	}

	/** From here on what is read is kept, until `rewind()` or `release()`. */
	mark(): void {
		this.#marked = [];
		this.#markedBytes = 0;
	}

	/** Goes back to the mark; false if there is none, or too much was read since. */
	rewind(): boolean {
		if (this.#marked === undefined) return false;
		this.#ahead = [...this.#marked, ...this.#ahead];
		this.#aheadBytes += this.#markedBytes;
		this.#positionBytes -= this.#markedBytes;
		this.#marked = undefined;
		return true;
	}

	/** Forgets the mark. */
	release(): void {
		this.#marked = undefined;
	}

	/** Frees the file or destroys the stream; a read that waits ends. Idempotent. */
	close(): Promise<void> {
		this.#ended = true;
		this.#ahead = [];
		this.#aheadBytes = 0;
		this.#closing ??= this.#origin.close();
		return this.#closing;
	}

	async #fetch(): Promise<boolean> {
		if (this.#ended) return false;
		let piece: Uint8Array | undefined;
		try {
			piece = await this.#origin.next();
		} catch (error) {
			// A stream that close() destroyed ends with a fault of its own, which says nothing.
			if (this.#closing !== undefined) return false;
			throw unreadable(this.name, error);
		}
		// close() may have come while the read was under way.
		if (piece === undefined || this.#closing !== undefined) {
			this.#ended = true;
			return false;
		}
		if (piece.length > 0) {
			this.#ahead.push(piece);
			this.#aheadBytes += piece.length;
		}
		return true;
	}
}

/**
 * Opens the bytes of an input. Pipes and devices given as a path are read as streams.
 *
 * @throws {InfinisstError} `INPUT_UNREADABLE` for a missing file, a folder, or no permission.
 */
export async function openByteSource(input: AudioInput): Promise<ByteSource> {
	if (input.kind === 'stream') return fromStream(input.stream, input.name);
	const {path} = input;
	let handle: FileHandle | undefined;
	try {
		const status = await stat(path);
		if (status.isDirectory()) {
			throw new InfinisstError('INPUT_UNREADABLE', `"${path}" is a folder, not a recording`, {
				hint: 'Name a file in it.',
			});
		}
		if (!status.isFile()) return fromStream(createReadStream(path), path);
		handle = await open(path, 'r');
		return fromFile(handle, path, status.size);
	} catch (error) {
		await handle?.close();
		throw InfinisstError.is(error) ? error : unreadable(path, error);
	}
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		whole.set(part, offset);
		offset += part.length;
	}
	return whole;
}

function fromFile(handle: FileHandle, path: string, sizeBytes: number): ByteSource {
	let offsetBytes = 0;
	const readAt = async (offset: number, byteCount: number): Promise<Uint8Array> => {
		const buffer = new Uint8Array(byteCount);
		let filled = 0;
		while (filled < byteCount) {
			const {bytesRead} = await handle.read(buffer, filled, byteCount - filled, offset + filled);
			if (bytesRead === 0) break;
			filled += bytesRead;
		}
		return buffer.subarray(0, filled);
	};
	const next = async (): Promise<Uint8Array | undefined> => {
		const piece = await readAt(offsetBytes, READ_BYTES);
		offsetBytes += piece.length;
		return piece.length > 0 ? piece : undefined;
	};
	return new ByteSource(path, {next, close: () => handle.close()}, {path, sizeBytes, readAt});
}

function fromStream(stream: Readable, name: string): ByteSource {
	const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array | string>;
	return new ByteSource(name, {
		next: async () => {
			const piece = await pieces.next();
			if (piece.done === true) return undefined;
			const {value} = piece;
			const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
			// As a plain array: the slice() of a Buffer is no copy, which the decoders would rely on.
			return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		},
		// Ending the iterator would free nothing while it was never started, and waits for a read under way.
		close: () => {
			stream.destroy();
			return Promise.resolve();
		},
	});
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: 'there is no such file',
	ENOTDIR: 'there is no such file',
	EACCES: 'there is no permission to read it',
	EPERM: 'there is no permission to read it',
	EISDIR: 'it is a folder',
	ELOOP: 'its symbolic links form a circle',
	ENAMETOOLONG: 'the name is too long',
	EMFILE: 'too many files are open',
	EIO: 'the device reports a read fault',
};

function unreadable(name: string, error: unknown): InfinisstError {
	const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
	return new InfinisstError(
		'INPUT_UNREADABLE',
		`Cannot read "${name}": ${REASONS[code] ?? describe(error)}`,
		{
			hint: 'Check the path and its permissions.',
			cause: error,
		},
	);
}

function describe(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
