import {describe, expect, it} from 'vitest';
import {
	bfloat16ToFloat32,
	float16ToFloat32,
	float32ToFloat16,
} from '../../../../../src/core/models/formats/float16.js';

const everyHalf = Uint16Array.from({length: 65_536}, (_, half) => half);

/** By the definition of IEEE 754, section 3.4. */
function valueOf(half: number): number {
	const sign = half >> 15 === 0 ? 1 : -1;
	const exponent = (half >> 10) & 31;
	const fraction = half & 1023;
	if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
	return exponent === 0
		? sign * (fraction / 1024) * 2 ** -14
		: sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function halfOf(value: number): number {
	return float32ToFloat16(Float32Array.of(value))[0]!;
}

const positiveFinite = [...everyHalf.subarray(0, 0x7c00)];

describe('float16ToFloat32()', () => {
	it('widens all 65 536 halves to the value the standard gives them', () => {
		expect(float16ToFloat32(everyHalf)).toEqual(Float32Array.from(everyHalf, valueOf));
	});

	it('keeps the sign of zero', () => {
		expect([...float16ToFloat32(Uint16Array.of(0, 0x8000))]).toEqual([0, -0]);
	});
});

describe('float32ToFloat16()', () => {
	it('gives every half back that it is given widened', () => {
		const back = float32ToFloat16(float16ToFloat32(everyHalf));
		const differing = [...everyHalf].filter(half => !Number.isNaN(valueOf(half)) && back[half] !== half);
		expect(differing).toEqual([]);
	});

	it('rounds what lies in the middle of two halves to the even one, over the whole range', () => {
		const wrong = positiveFinite.slice(0, -1).filter(half => {
			const middle = (valueOf(half) + valueOf(half + 1)) / 2;
			const even = half % 2 === 0 ? half : half + 1;
			return halfOf(middle) !== even || halfOf(-middle) !== (even | 0x8000);
		});
		expect(wrong).toEqual([]);
	});

	it('rounds what lies beside the middle to the nearer half', () => {
		const wrong = positiveFinite.slice(0, -1).filter(half => {
			const middle = Float32Array.of((valueOf(half) + valueOf(half + 1)) / 2);
			const bits = new Uint32Array(middle.buffer);
			bits[0]! -= 1;
			const below = halfOf(middle[0]!);
			bits[0]! += 2;
			return below !== half || halfOf(middle[0]!) !== half + 1;
		});
		expect(wrong).toEqual([]);
	});

	it.each([
		['the largest that still rounds to a finite half', 65_519.996, 0x7bff],
		['the middle between that and the next', 65_520, 0x7c00],
		['a value far out of range', 1e30, 0x7c00],
		['infinity', -Infinity, 0xfc00],
		['half of the smallest half', 2 ** -25, 0],
		['just above half of the smallest', 2 ** -25 * 1.0000001, 1],
		['a subnormal float32', 1e-40, 0],
		['negative zero', -0, 0x8000],
	])('turns %s into its half', (_title, value, half) => {
		expect(halfOf(value)).toBe(half);
	});

	it('keeps what is no number', () => {
		expect(valueOf(halfOf(NaN))).toBeNaN();
	});

	it('reads a view that begins inside its buffer', () => {
		expect([...float32ToFloat16(Float32Array.of(9, 1, 2).subarray(1))]).toEqual([0x3c00, 0x4000]);
	});
});

describe('bfloat16ToFloat32()', () => {
	it('widens to the float32 whose upper half it is', () => {
		expect([...bfloat16ToFloat32(Uint16Array.of(0x3f80, 0xc049, 0, 0x8000, 0x7f80))]).toEqual([
			1,
			-3.140625,
			0,
			-0,
			Infinity,
		]);
	});
});
