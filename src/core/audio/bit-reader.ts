/**
 * Bits of a byte array, most significant first. Past the end it reads zeros and sets `exhausted`, which
 * the caller must look at before it uses what was read.
 */
export class BitReader {
	exhausted = false;
	readonly #bytes: Uint8Array;
	#next: number;
	/** Bits not read yet, at the top of 32. */
	#cache = 0;
	#cacheBits = 0;

	constructor(bytes: Uint8Array, offset: number) {
		this.#bytes = bytes;
		this.#next = offset;
	}

	/** Offset of the next byte, passing over what is left of the one begun. */
	get byteOffset(): number {
		return this.#next - Math.floor(this.#cacheBits / 8);
	}

	/** Drops what is left of the byte begun. */
	align(): void {
		const drop = this.#cacheBits % 8;
		this.#cache <<= drop;
		this.#cacheBits -= drop;
	}

	/** @param count - 0 to 24 bits. */
	read(count: number): number {
		if (count === 0) return 0;
		this.#fill();
		if (this.#cacheBits < count) {
			this.exhausted = true;
			this.#cacheBits = 0;
			return 0;
		}
		const value = this.#cache >>> (32 - count);
		this.#cache <<= count;
		this.#cacheBits -= count;
		return value;
	}

	/** @param count - 0 to 32 bits, of which the first is the sign. */
	readSigned(count: number): number {
		if (count === 0) return 0;
		const value = count <= 24 ? this.read(count) : (this.read(count - 16) << 16) | this.read(16);
		return (value << (32 - count)) >> (32 - count);
	}

	/** Zeros before the next one, which is passed over too. */
	readUnary(): number {
		let zeros = 0;
		for (;;) {
			this.#fill();
			if (this.#cacheBits === 0) {
				this.exhausted = true;
				return 0;
			}
			const leading = Math.clz32(this.#cache);
			if (leading < this.#cacheBits) {
				// Shifts count modulo 32, so the one after 31 zeros needs two.
				this.#cache = (this.#cache << leading) << 1;
				this.#cacheBits -= leading + 1;
				return zeros + leading;
			}
			zeros += this.#cacheBits;
			this.#cache = 0;
			this.#cacheBits = 0;
		}
	}

	/**
	 * Rice codes (RFC 9639, 9.2.7.1) into `output` from `start` to `end`. The one hot loop of lossless
	 * decoding: it keeps the state in locals.
	 */
	readRice(output: Int32Array, start: number, end: number, parameter: number): void {
		const bytes = this.#bytes;
		let next = this.#next;
		let cache = this.#cache;
		let cacheBits = this.#cacheBits;
		for (let index = start; index < end; index++) {
			let quotient = 0;
			for (;;) {
				while (cacheBits <= 24 && next < bytes.length) {
					cache |= bytes[next++]! << (24 - cacheBits);
					cacheBits += 8;
				}
				const leading = Math.clz32(cache);
				if (leading < cacheBits) {
					cache = (cache << leading) << 1;
					cacheBits -= leading + 1;
					quotient += leading;
					break;
				}
				quotient += cacheBits;
				cache = 0;
				cacheBits = 0;
				if (next >= bytes.length) {
					this.exhausted = true;
					return;
				}
			}
			let value = quotient;
			for (let missing = parameter; missing > 0;) {
				while (cacheBits <= 24 && next < bytes.length) {
					cache |= bytes[next++]! << (24 - cacheBits);
					cacheBits += 8;
				}
				const count = missing < 24 ? missing : 24;
				if (cacheBits < count) {
					this.exhausted = true;
					return;
				}
				value = (value << count) | (cache >>> (32 - count));
				cache <<= count;
				cacheBits -= count;
				missing -= count;
			}
			output[index] = (value >>> 1) ^ -(value & 1);
		}
		this.#next = next;
		this.#cache = cache;
		this.#cacheBits = cacheBits;
	}

	#fill(): void {
		while (this.#cacheBits <= 24 && this.#next < this.#bytes.length) {
			this.#cache |= this.#bytes[this.#next++]! << (24 - this.#cacheBits);
			this.#cacheBits += 8;
		}
	}
}
