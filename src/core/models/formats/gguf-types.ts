import type {BlockMatrix} from './block-matrix.js';
import {float16ToFloat32} from './float16.js';

/** Smallest number of each format, and where the weights of a block lie; layouts and numbers are those of ggml (ggml-common.h, ggml.h). */
export interface GgufType {
	readonly name: string;
	/** Weights and bytes of a block; a row is made of whole blocks. */
	readonly blockWeights: number;
	readonly blockBytes: number;
	/** Undefined for floats. */
	readonly unpack?: (bytes: Uint8Array, outputs: number, inputs: number) => BlockMatrix;
}

/** Types this program reads, by their number in a file. */
export const GGUF_TYPES: ReadonlyMap<number, GgufType> = new Map<number, GgufType>([
	[0, {name: 'F32', blockWeights: 1, blockBytes: 4}],
	[1, {name: 'F16', blockWeights: 1, blockBytes: 2}],
	[30, {name: 'BF16', blockWeights: 1, blockBytes: 2}],
	[2, {name: 'Q4_0', blockWeights: 32, blockBytes: 18, unpack: unpackQ4({hasMinimum: false})}],
	[3, {name: 'Q4_1', blockWeights: 32, blockBytes: 20, unpack: unpackQ4({hasMinimum: true})}],
	[6, {name: 'Q5_0', blockWeights: 32, blockBytes: 22, unpack: unpackQ5({hasMinimum: false})}],
	[7, {name: 'Q5_1', blockWeights: 32, blockBytes: 24, unpack: unpackQ5({hasMinimum: true})}],
	[8, {name: 'Q8_0', blockWeights: 32, blockBytes: 34, unpack: unpackQ8}],
	[12, {name: 'Q4_K', blockWeights: 256, blockBytes: 144, unpack: unpackQ4K}],
	[13, {name: 'Q5_K', blockWeights: 256, blockBytes: 176, unpack: unpackQ5K}],
	[14, {name: 'Q6_K', blockWeights: 256, blockBytes: 210, unpack: unpackQ6K}],
]);

/** Names of types that exist but are not read, for messages. */
export const OTHER_GGUF_TYPES: Readonly<Record<number, string>> = {
	9: 'Q8_1',
	10: 'Q2_K',
	11: 'Q3_K',
	15: 'Q8_K',
	16: 'IQ2_XXS',
	17: 'IQ2_XS',
	18: 'IQ3_XXS',
	19: 'IQ1_S',
	20: 'IQ4_NL',
	21: 'IQ3_S',
	22: 'IQ2_S',
	23: 'IQ4_XS',
	24: 'I8',
	25: 'I16',
	26: 'I32',
	27: 'I64',
	28: 'F64',
	29: 'IQ1_M',
	34: 'TQ1_0',
	35: 'TQ2_0',
	39: 'MXFP4',
};

/** Weights that share a scale in all formats but Q6_K. */
const RUN = 32;

/** d, perhaps m (halves), 16 bytes: weight i in the lower half of byte i, weight i + 16 in the upper. */
function unpackQ4({hasMinimum}: {hasMinimum: boolean}): NonNullable<GgufType['unpack']> {
	const headBytes = hasMinimum ? 4 : 2;
	return (bytes, outputs, inputs) => {
		const values = new Uint8Array((outputs * inputs) / 2);
		const blocks = (outputs * inputs) / RUN;
		const halves = readHalves(bytes, headBytes + 16, hasMinimum ? [0, 2] : [0]);
		const scales = halves[0]!;
		for (let block = 0; block < blocks; block++) {
			const from = block * (headBytes + 16) + headBytes;
			const to = block * 16;
			for (let pair = 0; pair < 8; pair++) {
				const first = bytes[from + 2 * pair]!;
				const second = bytes[from + 2 * pair + 1]!;
				values[to + pair] = (first & 15) | ((second & 15) << 4);
				values[to + 8 + pair] = (first >> 4) | (second & 0xf0);
			}
		}
		const offsets = hasMinimum ? halves[1]!.map((minimum, block) => minimum + 8 * scales[block]!) : undefined;
		return {outputs, inputs, bits: 4, blockSize: RUN, values, scales, ...(offsets && {offsets})};
	};
}

/** As Q4, with the fifth bits of all 32 weights in 4 bytes before the others. */
function unpackQ5({hasMinimum}: {hasMinimum: boolean}): NonNullable<GgufType['unpack']> {
	const headBytes = hasMinimum ? 4 : 2;
	const blockBytes = headBytes + 20;
	return (bytes, outputs, inputs) => {
		const values = new Uint8Array(outputs * inputs);
		const blocks = values.length / RUN;
		const view = viewOf(bytes);
		const halves = readHalves(bytes, blockBytes, hasMinimum ? [0, 2] : [0]);
		const scales = halves[0]!;
		for (let block = 0; block < blocks; block++) {
			const start = block * blockBytes + headBytes;
			const fifths = view.getUint32(start, true);
			for (let index = 0; index < 16; index++) {
				const byte = bytes[start + 4 + index]!;
				// 0..31 to the middle of 8 bits.
				values[block * RUN + index] = 112 + ((byte & 15) | (((fifths >>> index) & 1) << 4));
				values[block * RUN + 16 + index] = 112 + ((byte >> 4) | (((fifths >>> (index + 16)) & 1) << 4));
			}
		}
		const offsets = hasMinimum
			? halves[1]!.map((minimum, block) => minimum + 16 * scales[block]!)
			: undefined;
		return {outputs, inputs, bits: 8, blockSize: RUN, values, scales, ...(offsets && {offsets})};
	};
}

/** d (half), 32 signed bytes. */
function unpackQ8(bytes: Uint8Array, outputs: number, inputs: number): BlockMatrix {
	const values = new Uint8Array(outputs * inputs);
	for (let index = 0; index < values.length; index++) {
		const from = Math.floor(index / RUN) * 34 + 2 + (index % RUN);
		// Turning the highest bit over adds 128 to a signed byte.
		values[index] = bytes[from]! ^ 0x80;
	}
	return {outputs, inputs, bits: 8, blockSize: RUN, values, scales: readHalves(bytes, 34, [0])[0]!};
}

interface SuperScales {
	/** One a run of 32 weights. */
	readonly scales: Float32Array;
	readonly minima: Float32Array;
}

/** Eight scales and eight minima of 6 bits in 12 bytes, times d and dmin, the two halves before them. */
function readSuperScales(bytes: Uint8Array, blockBytes: number): SuperScales {
	const count = bytes.length / blockBytes;
	const [scale, minimum] = readHalves(bytes, blockBytes, [0, 2]) as [Float32Array, Float32Array];
	const scales = new Float32Array(count * 8);
	const minima = new Float32Array(count * 8);
	for (let block = 0; block < count; block++) {
		const at = (index: number): number => bytes[block * blockBytes + 4 + index]!;
		for (let run = 0; run < 8; run++) {
			const low = run < 4;
			const s = low ? at(run) & 63 : (at(run + 4) & 15) | ((at(run - 4) >> 6) << 4);
			const m = low ? at(run + 4) & 63 : (at(run + 4) >> 4) | ((at(run) >> 6) << 4);
			scales[block * 8 + run] = scale[block]! * s;
			minima[block * 8 + run] = minimum[block]! * m;
		}
	}
	return {scales, minima};
}

/** Weight i of the runs 2n and 2n + 1 in the lower and the upper half of byte 32n + i. */
function unpackQ4K(bytes: Uint8Array, outputs: number, inputs: number): BlockMatrix {
	const {scales, minima} = readSuperScales(bytes, 144);
	const values = new Uint8Array((outputs * inputs) / 2);
	for (let pair = 0; pair < scales.length / 2; pair++) {
		const from = Math.floor(pair / 4) * 144 + 16 + (pair % 4) * RUN;
		const to = pair * RUN;
		for (let index = 0; index < 16; index++) {
			const first = bytes[from + 2 * index]!;
			const second = bytes[from + 2 * index + 1]!;
			values[to + index] = (first & 15) | ((second & 15) << 4);
			values[to + 16 + index] = (first >> 4) | (second & 0xf0);
		}
	}
	const offsets = scales.map((scale, run) => 8 * scale - minima[run]!);
	return {outputs, inputs, bits: 4, blockSize: RUN, values, scales, offsets};
}

/** As Q4_K, with the fifth bits of weight i of all eight runs in byte i behind the scales. */
function unpackQ5K(bytes: Uint8Array, outputs: number, inputs: number): BlockMatrix {
	const {scales, minima} = readSuperScales(bytes, 176);
	const values = new Uint8Array(outputs * inputs);
	for (let run = 0; run < scales.length; run++) {
		const start = Math.floor(run / 8) * 176;
		const within = run % 8;
		for (let index = 0; index < RUN; index++) {
			const fifth = (bytes[start + 16 + index]! >> within) & 1;
			const byte = bytes[start + 48 + (within >> 1) * RUN + index]!;
			values[run * RUN + index] = 112 + (((byte >> ((within & 1) * 4)) & 15) | (fifth << 4));
		}
	}
	const offsets = scales.map((scale, run) => 16 * scale - minima[run]!);
	return {outputs, inputs, bits: 8, blockSize: RUN, values, scales, offsets};
}

/** 128 bytes of lower halves, 64 of upper bit pairs, 16 signed scales for 16 weights each, d (half). */
function unpackQ6K(bytes: Uint8Array, outputs: number, inputs: number): BlockMatrix {
	const values = new Uint8Array(outputs * inputs);
	const count = values.length / 256;
	const scales = new Float32Array(count * 16);
	const [scale] = readHalves(bytes, 210, [208]) as [Float32Array];
	for (let block = 0; block < count; block++) {
		const start = block * 210;
		for (let part = 0; part < 16; part++) {
			const signed = (bytes[start + 192 + part]! << 24) >> 24;
			scales[block * 16 + part] = scale[block]! * signed;
		}
		for (let index = 0; index < 256; index++) {
			const half = index >> 7;
			const within = index & 127;
			const quarter = within >> 5;
			const low = bytes[start + half * 64 + (within & 63)]! >> (quarter >= 2 ? 4 : 0);
			const high = bytes[start + 128 + half * 32 + (within & 31)]! >> (quarter * 2);
			values[block * 256 + index] = 96 + ((low & 15) | ((high & 3) << 4));
		}
	}
	return {outputs, inputs, bits: 8, blockSize: 16, values, scales};
}

/** A half of every block, for each of some places in it. */
function readHalves(bytes: Uint8Array, blockBytes: number, places: readonly number[]): Float32Array[] {
	const count = bytes.length / blockBytes;
	const view = viewOf(bytes);
	return places.map(place => {
		const halves = new Uint16Array(count);
		for (let block = 0; block < count; block++)
			halves[block] = view.getUint16(block * blockBytes + place, true);
		return float16ToFloat32(halves);
	});
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
