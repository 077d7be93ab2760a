/** Opcodes of WebAssembly (core specification 2.0) that the kernel uses. */
const op = {
	loop: [0x03, 0x40],
	end: [0x0b],
	branchIf: (depth: number) => [0x0d, depth],
	get: (local: number) => [0x20, local],
	set: (local: number) => [0x21, local],
	tee: (local: number) => [0x22, local],
	i32Const: (value: number) => [0x41, value],
	i32Add: [0x6a],
	i32LessUnsigned: [0x49],
	f32Add: [0x92],
	/** Alignment of 4 bytes: taps begin at any sample. */
	v128Load: (offset: number) => [0xfd, 0x00, 2, offset],
	f32x4ExtractLane: (lane: number) => [0xfd, 0x1f, lane],
	f32x4Add: [0xfd, 0xe4, 0x01],
	f32x4Multiply: [0xfd, 0xe6, 0x01],
} as const;
const type = {i32: 0x7f, f32: 0x7d, v128: 0x7b, func: 0x60} as const;

/** Parameters and locals of the kernel. */
const FIRST = 0;
const SECOND = 1;
const SECOND_END = 2;
const EVEN = 3;
const ODD = 4;

/** Two sums of four lanes, so that an addition need not wait for the one before. */
const KERNEL = [
	...op.loop,
	...[EVEN, ODD].flatMap(sum => [
		...[...op.get(sum), ...op.get(FIRST), ...op.v128Load((sum - EVEN) * 16)],
		...[...op.get(SECOND), ...op.v128Load((sum - EVEN) * 16)],
		...[...op.f32x4Multiply, ...op.f32x4Add, ...op.set(sum)],
	]),
	...[...op.get(FIRST), ...op.i32Const(32), ...op.i32Add, ...op.set(FIRST)],
	...[...op.get(SECOND), ...op.i32Const(32), ...op.i32Add, ...op.tee(SECOND)],
	...[...op.get(SECOND_END), ...op.i32LessUnsigned, ...op.branchIf(0)],
	...op.end,
	...[...op.get(EVEN), ...op.get(ODD), ...op.f32x4Add, ...op.set(EVEN)],
	...[...op.get(EVEN), ...op.f32x4ExtractLane(0), ...op.get(EVEN), ...op.f32x4ExtractLane(1), ...op.f32Add],
	...[...op.get(EVEN), ...op.f32x4ExtractLane(2), ...op.get(EVEN), ...op.f32x4ExtractLane(3), ...op.f32Add],
	...[...op.f32Add, ...op.end],
];

const PAGE_BYTES = 65_536;

function section(id: number, ...content: number[]): number[] {
	return [id, ...unsigned(content.length), ...content];
}

/** A number as WebAssembly writes it: 7 bits a byte, lowest first. */
function unsigned(value: number): number[] {
	return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function name(text: string): number[] {
	return [text.length, ...Buffer.from(text, 'latin1')];
}

function assemble(): Uint8Array<ArrayBuffer> {
	const locals = [1, 2, type.v128];
	const body = [...locals, ...KERNEL];
	return Uint8Array.from([
		...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
		...section(1, 1, type.func, 3, type.i32, type.i32, type.i32, 1, type.f32),
		...section(2, 1, ...name('host'), ...name('memory'), 0x02, 0x00, 1),
		...section(3, 1, 0),
		...section(7, 1, ...name('dotProduct'), 0x00, 0),
		...section(10, 1, ...unsigned(body.length), ...body),
	]);
}

/** What the kernel needs of the global `WebAssembly`, which the types of Node 20 leave out. */
interface WebAssemblyHost {
	readonly Module: new (bytes: Uint8Array) => object;
	readonly Memory: new (limits: {initial: number}) => {readonly buffer: ArrayBuffer};
	readonly Instance: new (
		module: object,
		imports: {host: {memory: object}},
	) => {readonly exports: {readonly dotProduct: SimdDotProduct['dotProduct']}};
}

const {Module, Memory, Instance} = (globalThis as unknown as {WebAssembly: WebAssemblyHost}).WebAssembly;

let module: object | undefined;

export interface SimdDotProduct {
	/** The memory the function reads, as samples. */
	readonly memory: Float32Array<ArrayBuffer>;
	/**
	 * Sum of the products of two runs of float32.
	 *
	 * @param first - byte offset of the first run in `memory`.
	 * @param second - byte offset of the second.
	 * @param secondEnd - byte offset behind the second, which is a multiple of 8 samples long and not empty.
	 */
	readonly dotProduct: (first: number, second: number, secondEnd: number) => number;
}

/**
 * A dot product in WebAssembly with 4 lanes: JavaScript has none, and takes five times as long
 * (`bench/decode`). It is small enough to be assembled here, so that no compiler takes part in the build.
 */
export function createSimdDotProduct(memorySamples: number): SimdDotProduct {
	module ??= new Module(assemble());
	const memory = new Memory({initial: Math.ceil((memorySamples * 4) / PAGE_BYTES)});
	const instance = new Instance(module, {host: {memory}});
	return {
		memory: new Float32Array(memory.buffer),
		dotProduct: instance.exports.dotProduct,
	};
}
