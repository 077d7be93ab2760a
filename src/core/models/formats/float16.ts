/** IEEE 754 half precision, which Node 20 has no typed array for. */

let floatFromHalf: Float32Array | undefined;

/** Every half there is, as float32: 65 536 entries, made at the first use. */
function halfTable(): Float32Array {
	if (floatFromHalf !== undefined) return floatFromHalf;
	const table = new Float32Array(65_536);
	for (let half = 0; half < 65_536; half++) {
		const sign = half & 0x8000 ? -1 : 1;
		const exponent = (half >> 10) & 0x1f;
		const fraction = half & 0x3ff;
		if (exponent === 0) table[half] = sign * fraction * 2 ** -24;
		else if (exponent === 31) table[half] = fraction === 0 ? sign * Infinity : NaN;
		else table[half] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
	}
	floatFromHalf = table;
	return table;
}

/** Exact: every half is a float32. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
	const table = halfTable();
	const floats = new Float32Array(halves.length);
	for (let index = 0; index < halves.length; index++) floats[index] = table[halves[index]!]!;
	return floats;
}

/** Exact: bfloat16 is the upper half of a float32. */
export function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
	const bits = new Uint32Array(halves.length);
	for (let index = 0; index < halves.length; index++) bits[index] = halves[index]! << 16;
	return new Float32Array(bits.buffer);
}

/** Rounds to the nearest half, ties to even; beyond the range of a half gives an infinity. */
export function float32ToFloat16(floats: Float32Array): Uint16Array {
	const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
	const halves = new Uint16Array(floats.length);
	for (let index = 0; index < floats.length; index++) halves[index] = roundToHalf(bits[index]!);
	return halves;
}

function roundToHalf(bits: number): number {
	const sign = (bits >>> 16) & 0x8000;
	const magnitude = bits & 0x7fffffff;
	if (magnitude > 0x7f800000) return sign | 0x7e00;
	// 0x47800000 is 65536: what rounds to it has no half.
	if (magnitude >= 0x477ff000) return sign | 0x7c00;
	if (magnitude < 0x38800000) {
		// Below 2^-14 halves are evenly spaced by 2^-24: shift the fraction, with its hidden bit, into place.
		const shift = 126 - (magnitude >>> 23);
		if (shift > 24) return sign;
		const fraction = (magnitude & 0x7fffff) | 0x800000;
		const half = fraction >>> shift;
		const rest = fraction & ((1 << shift) - 1);
		const middle = 1 << (shift - 1);
		return sign | (half + (rest > middle || (rest === middle && half & 1) ? 1 : 0));
	}
	const half = (magnitude - 0x38000000) >>> 13;
	const rest = magnitude & 0x1fff;
	return sign | (half + (rest > 0x1000 || (rest === 0x1000 && half & 1) ? 1 : 0));
}
