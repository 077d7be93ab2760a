import {BitReader} from './bit-reader.js';

/** What the STREAMINFO block says; frames may leave rate and width to it. */
export interface FlacStreamInfo {
	readonly sampleRateHz: number;
	readonly channels: number;
	readonly bitsPerSample: number;
	/** Frames of samples in the whole stream; 0 where unknown. */
	readonly totalSamples: number;
	readonly maxBlockSamples: number;
	/** 0 where unknown. */
	readonly maxFrameBytes: number;
}

export interface FlacFrameHeader {
	readonly sampleRateHz: number;
	readonly blockSamples: number;
	/** 0-7: that many channels and one more; 8 left/side, 9 side/right, 10 mid/side. */
	readonly channelCode: number;
	readonly bitsPerSample: number;
	/** Position of its first sample in the stream. */
	readonly firstSample: number;
	readonly headerBytes: number;
}

export type FlacFrameResult =
	| {readonly kind: 'frame'; readonly channels: Float32Array[]; readonly endOffset: number}
	/** The bytes end inside the frame. */
	| {readonly kind: 'incomplete'}
	/** Its checksum or its structure is wrong. */
	| {readonly kind: 'damaged'};

const SAMPLE_RATES_HZ = [
	0, 88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000,
];
const BITS_PER_SAMPLE = [0, 8, 12, undefined, 16, 20, 24, undefined];

const CRC8 = crcTable(8, 0x07);
const CRC16 = crcTable(16, 0x8005);

/** Longest header: 4 fixed bytes, 7 of the number, 2 of block size, 2 of sample rate, checksum. */
export const MAX_HEADER_BYTES = 16;

/** The frame header at `offset` (RFC 9639, 9.1), or undefined if none with a right checksum is there. */
export function parseFlacFrameHeader(
	bytes: Uint8Array,
	offset: number,
	info: FlacStreamInfo,
): FlacFrameHeader | undefined {
	if (bytes[offset] !== 0xff || (bytes[offset + 1]! & 0xfe) !== 0xf8) return undefined;
	const sizeCode = bytes[offset + 2]! >> 4;
	const rateCode = bytes[offset + 2]! & 0x0f;
	const channelCode = bytes[offset + 3]! >> 4;
	const bitsPerSample = BITS_PER_SAMPLE[(bytes[offset + 3]! >> 1) & 7];
	if (sizeCode === 0 || rateCode === 15 || channelCode > 10 || bitsPerSample === undefined) return undefined;
	let at = offset + 4;
	const lead = bytes[at++]!;
	const more = lead < 0x80 ? 0 : Math.clz32(~(lead << 24)) - 1;
	let number = lead < 0x80 ? lead : lead & (0x3f >> more);
	for (let index = 0; index < more; index++) number = number * 64 + (bytes[at++]! & 0x3f);
	const readNumber = (count: number): number => {
		let value = 0;
		for (let index = 0; index < count; index++) value = value * 256 + bytes[at++]!;
		return value;
	};
	const blockSamples =
		sizeCode === 1
			? 192
			: sizeCode <= 5
				? 576 << (sizeCode - 2)
				: sizeCode <= 7
					? readNumber(sizeCode - 5) + 1
					: 256 << (sizeCode - 8);
	const sampleRateHz =
		rateCode < 12
			? SAMPLE_RATES_HZ[rateCode]! || info.sampleRateHz
			: rateCode === 12
				? readNumber(1) * 1000
				: readNumber(2) * (rateCode === 14 ? 10 : 1);
	if (at >= bytes.length || checksum(CRC8, 8, bytes, offset, at) !== bytes[at]) return undefined;
	const countsSamples = (bytes[offset + 1]! & 1) === 1;
	return {
		sampleRateHz,
		blockSamples,
		channelCode,
		bitsPerSample: bitsPerSample || info.bitsPerSample,
		// Fixed block sizes count frames; the last frame alone may be shorter than the stream's size.
		firstSample: countsSamples ? number : number * Math.max(info.maxBlockSamples, blockSamples),
		headerBytes: at + 1 - offset,
	};
}

/** Decodes the frame at `offset` (RFC 9639, 9) and checks it against its checksum. */
export function decodeFlacFrame(bytes: Uint8Array, offset: number, header: FlacFrameHeader): FlacFrameResult {
	const {channelCode, blockSamples, bitsPerSample} = header;
	const count = channelCode < 8 ? channelCode + 1 : 2;
	const reader = new BitReader(bytes, offset + header.headerBytes);
	const integers: Int32Array[] = [];
	for (let channel = 0; channel < count; channel++) {
		// The difference of two channels needs one bit more.
		const isSide =
			channelCode === 8 || channelCode === 10 ? channel === 1 : channelCode === 9 && channel === 0;
		const samples = new Int32Array(blockSamples);
		const isRight = decodeSubframe(reader, samples, bitsPerSample + (isSide ? 1 : 0));
		if (reader.exhausted) return {kind: 'incomplete'};
		if (!isRight) return {kind: 'damaged'};
		integers.push(samples);
	}
	reader.align();
	const end = reader.byteOffset;
	const stated = reader.read(16);
	if (reader.exhausted) return {kind: 'incomplete'};
	if (checksum(CRC16, 16, bytes, offset, end) !== stated) return {kind: 'damaged'};
	joinStereo(integers, channelCode);
	const scale = 1 / 2 ** (bitsPerSample - 1);
	return {kind: 'frame', channels: integers.map(samples => toFloat(samples, scale)), endOffset: end + 2};
}

function toFloat(samples: Int32Array, scale: number): Float32Array {
	const floats = new Float32Array(samples);
	for (let index = 0; index < floats.length; index++) floats[index]! *= scale;
	return floats;
}

/** Returns false for what no encoder may write. */
function decodeSubframe(reader: BitReader, samples: Int32Array, width: number): boolean {
	const head = reader.read(8);
	const type = (head >> 1) & 0x3f;
	const wastedBits = head & 1 ? reader.readUnary() + 1 : 0;
	const bits = width - wastedBits;
	if (head >> 7 !== 0 || bits <= 0) return false;
	let isRight = true;
	if (type === 0) {
		samples.fill(reader.readSigned(bits));
	} else if (type === 1) {
		for (let index = 0; index < samples.length && !reader.exhausted; index++)
			samples[index] = reader.readSigned(bits);
	} else if (type >= 8 && type <= 12) {
		isRight = decodeFixed(reader, samples, bits, type - 8);
	} else if (type >= 32) {
		isRight = decodeLinear(reader, samples, bits, type - 31);
	} else {
		return false;
	}
	if (wastedBits > 0) for (let index = 0; index < samples.length; index++) samples[index]! <<= wastedBits;
	return isRight;
}

function decodeFixed(reader: BitReader, samples: Int32Array, bits: number, order: number): boolean {
	if (order > samples.length) return false;
	for (let index = 0; index < order; index++) samples[index] = reader.readSigned(bits);
	if (!decodeResidual(reader, samples, order)) return false;
	// The fixed predictors are sums: undoing a difference `order` times is the same polynomial.
	for (let index = order; index < samples.length; index++) {
		const first = samples[index - 1]!;
		const second = samples[index - 2]!;
		const third = samples[index - 3]!;
		const fourth = samples[index - 4]!;
		switch (order) {
			case 1:
				samples[index]! += first;
				break;
			case 2:
				samples[index]! += 2 * first - second;
				break;
			case 3:
				samples[index]! += 3 * (first - second) + third;
				break;
			case 4:
				samples[index]! += 4 * (first + third) - 6 * second - fourth;
				break;
			default:
		}
	}
	return true;
}

function decodeLinear(reader: BitReader, samples: Int32Array, bits: number, order: number): boolean {
	if (order > samples.length) return false;
	for (let index = 0; index < order; index++) samples[index] = reader.readSigned(bits);
	const precision = reader.read(4) + 1;
	const shift = reader.readSigned(5);
	if (precision === 16 || shift < 0) return false;
	const coefficients = new Float64Array(order);
	for (let index = 0; index < order; index++) coefficients[index] = reader.readSigned(precision);
	if (!decodeResidual(reader, samples, order)) return false;
	// Products of 25 and 15 bits, up to 32 of them, are exact in a double but not in 32-bit integers.
	const divisor = 1 / 2 ** shift;
	for (let index = order; index < samples.length; index++) {
		let sum = 0;
		for (let tap = 0, at = index - 1; tap < order; tap++, at--) sum += coefficients[tap]! * samples[at]!;
		samples[index]! += Math.floor(sum * divisor);
	}
	return true;
}

/** The differences to the prediction, behind the `order` samples that are written as they are. */
function decodeResidual(reader: BitReader, samples: Int32Array, order: number): boolean {
	const method = reader.read(2);
	if (method > 1) return false;
	const partitions = 1 << reader.read(4);
	const parameterBits = method === 0 ? 4 : 5;
	const partitionSamples = samples.length / partitions;
	if (!Number.isInteger(partitionSamples) || partitionSamples < order) return false;
	let start = order;
	for (let partition = 0; partition < partitions; partition++) {
		const end = (partition + 1) * partitionSamples;
		const parameter = reader.read(parameterBits);
		if (parameter === (1 << parameterBits) - 1) {
			const bits = reader.read(5);
			for (let index = start; index < end; index++) samples[index] = reader.readSigned(bits);
		} else {
			reader.readRice(samples, start, end, parameter);
		}
		if (reader.exhausted) return true;
		start = end;
	}
	return true;
}

function joinStereo(channels: readonly Int32Array[], channelCode: number): void {
	if (channelCode < 8) return;
	const [first, second] = channels as [Int32Array, Int32Array];
	for (let index = 0; index < first.length; index++) {
		const one = first[index]!;
		const other = second[index]!;
		if (channelCode === 8) {
			second[index] = one - other;
		} else if (channelCode === 9) {
			first[index] = one + other;
		} else {
			// The lowest bit of the sum was dropped from the mid channel; the side channel has the same.
			const sum = one * 2 + (other & 1);
			first[index] = (sum + other) / 2;
			second[index] = (sum - other) / 2;
		}
	}
}

function crcTable(width: number, polynomial: number): Uint16Array {
	const top = 1 << (width - 1);
	const mask = 2 ** width - 1;
	return Uint16Array.from({length: 256}, (_, index) => {
		let value = index << (width - 8);
		for (let bit = 0; bit < 8; bit++) value = value & top ? (value << 1) ^ polynomial : value << 1;
		return value & mask;
	});
}

function checksum(table: Uint16Array, width: number, bytes: Uint8Array, start: number, end: number): number {
	const mask = 2 ** width - 1;
	const shift = width - 8;
	let value = 0;
	for (let index = start; index < end; index++) {
		value = ((value << 8) & mask) ^ table[(value >> shift) ^ bytes[index]!]!;
	}
	return value;
}
