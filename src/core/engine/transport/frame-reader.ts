import {InfinisstError} from '../../errors.js';

/** Of a frame's length, before it: an unsigned integer, the most significant byte first. */
export const FRAME_HEADER_BYTES = 4;

/** Cuts a stream of bytes into frames. */
export class FrameReader {
	readonly #parts: Buffer[] = [];
	#bytes = 0;
	#maxFrameBytes: number;

	/** @param maxFrameBytes - more is refused before it has come. */
	constructor(maxFrameBytes: number) {
		this.#maxFrameBytes = maxFrameBytes;
	}

	/** For the frames that were not yet returned. */
	set maxFrameBytes(maxFrameBytes: number) {
		this.#maxFrameBytes = maxFrameBytes;
	}

	append(part: Buffer): void {
		this.#parts.push(part);
		this.#bytes += part.length;
	}

	/**
	 * @returns the next frame without its header, if all of it is there.
	 * @throws {InfinisstError} `PEER_REFUSED` for one that is too large.
	 */
	next(): Buffer | undefined {
		if (this.#bytes < FRAME_HEADER_BYTES) return undefined;
		if (this.#parts[0]!.length < FRAME_HEADER_BYTES) this.#join();
		const frameBytes = this.#parts[0]!.readUInt32BE(0);
		if (frameBytes > this.#maxFrameBytes) {
			throw new InfinisstError(
				'PEER_REFUSED',
				`A peer announced a frame of ${frameBytes} bytes, and ${this.#maxFrameBytes} are the most`,
			);
		}

		if (this.#bytes < FRAME_HEADER_BYTES + frameBytes) return undefined;
		this.#join();
		const all = this.#parts[0]!;
		const end = FRAME_HEADER_BYTES + frameBytes;
		this.#parts[0] = all.subarray(end);
		this.#bytes -= end;
		return all.subarray(FRAME_HEADER_BYTES, end);
	}

	#join(): void {
		if (this.#parts.length > 1) this.#parts.splice(0, this.#parts.length, Buffer.concat(this.#parts));
	}
}

export function frameHeader(bytes: number): Buffer {
	const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
	header.writeUInt32BE(bytes);
	return header;
}
