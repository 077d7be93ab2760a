import {describe, expect, it} from 'vitest';
import {Downmix} from '../../../../src/core/audio/downmix.js';
import {createRandom} from '../../../helpers/byte-stream.js';
import {concatSamples} from '../../../helpers/read-samples.js';

const RATE_HZ = 16_000;
const FADE_SAMPLES = 160;

function noise(length: number, gain: number, seed = 1): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({length}, () => (random() - 0.5) * gain);
}

describe('mixing channels to one', () => {
	it('takes the mean of channels that are heard', () => {
		const left = noise(4000, 1, 1);
		const right = noise(4000, 1, 2);
		const mono = new Downmix(2, RATE_HZ).mix([left.slice(), right.slice()]);
		for (let index = FADE_SAMPLES; index < mono.length; index++) {
			expect(mono[index]).toBeCloseTo((left[index]! + right[index]!) / 2, 6);
		}
	});

	it('keeps the level of the only channel that is heard, however many are silent', () => {
		const voice = noise(4000, 1);
		const mono = new Downmix(4, RATE_HZ).mix([
			new Float32Array(4000),
			voice.slice(),
			noise(4000, 1e-3),
			new Float32Array(4000),
		]);
		for (let index = FADE_SAMPLES; index < mono.length; index++) {
			expect(Math.abs(mono[index]! - voice[index]!)).toBeLessThan(1e-6);
		}
	});

	it('keeps the mean while all channels are very quiet', () => {
		const left = noise(4000, 1e-3);
		const mono = new Downmix(2, RATE_HZ).mix([left.slice(), new Float32Array(4000)]);
		expect(mono[3999]).toBeCloseTo(left[3999]! / 2, 8);
	});

	it('changes weights without a step when a channel speaks up late', () => {
		const left = new Float32Array(4000).fill(0.8);
		const right = new Float32Array(4000).fill(0.8, 2000);
		const mono = new Downmix(2, RATE_HZ).mix([left, right]);
		const steps = mono.slice(1).map((sample, index) => Math.abs(sample - mono[index]!));
		expect(mono[1999]).toBeCloseTo(0.8, 6);
		expect(mono[3999]).toBeCloseTo(0.8, 6);
		expect(Math.max(...steps)).toBeLessThan(0.8 / FADE_SAMPLES + 1e-6);
	});

	it('does not show how the input was cut', () => {
		const left = noise(6000, 1, 1);
		const right = new Float32Array(6000);
		right.set(noise(3000, 1, 2), 3000);
		const whole = new Downmix(2, RATE_HZ).mix([left.slice(), right.slice()]);
		const downmix = new Downmix(2, RATE_HZ);
		const parts: Float32Array[] = [];
		for (let start = 0; start < 6000; start += 77) {
			parts.push(downmix.mix([left.slice(start, start + 77), right.slice(start, start + 77)]));
		}
		const joined = concatSamples(parts);
		expect(joined.findIndex((sample, index) => sample !== whole[index])).toBe(-1);
	});

	it('counts samples that are no numbers and silences them', () => {
		const downmix = new Downmix(1, RATE_HZ);
		expect([...downmix.mix([Float32Array.of(0.5, Number.NaN, Number.NEGATIVE_INFINITY)])]).toEqual([
			0.5, 0, 0,
		]);
		expect(downmix.nonFiniteSamples).toBe(2);
	});
});
