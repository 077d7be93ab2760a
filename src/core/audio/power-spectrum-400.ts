/** Samples a spectrum is made of: 25 ms at 16 kHz. */
export const FRAME_SAMPLES = 400;

/** Bins of a spectrum: 0 Hz to half the sample rate, 40 Hz apart at 16 kHz. */
export const SPECTRUM_BINS = FRAME_SAMPLES / 2 + 1;

const ROWS = 16;
const COLUMNS = 25;

const SIN_72 = Math.sin((2 * Math.PI) / 5);
const SIN_36 = Math.sin((4 * Math.PI) / 5);
const QUARTER_SQRT_5 = Math.sqrt(5) / 4;

/**
 * Power spectra of windowed frames of {@link FRAME_SAMPLES}, two at a time: one frame is the real part and
 * the other the imaginary part of a single complex transform, which its symmetries take apart again.
 *
 * 400 = 16 x 25 without a common factor, so the transform is a 16 x 25 one without twiddle factors in
 * between (Good and Thomas); 16 is done as 4 x 4 and 25 as 5 x 5.
 */
export class PowerSpectrum400 {
	/** Sample that each step of the first stage reads, and the window at that sample. */
	readonly #inputOrder = new Uint16Array(FRAME_SAMPLES);
	readonly #window = new Float64Array(FRAME_SAMPLES);
	/** Where bin k, and its mirror image 400 - k, stand after the last stage. */
	readonly #binPlace = new Uint16Array(SPECTRUM_BINS);
	readonly #mirrorPlace = new Uint16Array(SPECTRUM_BINS);
	readonly #stageReal = new Float64Array(FRAME_SAMPLES);
	readonly #stageImaginary = new Float64Array(FRAME_SAMPLES);
	readonly #real = new Float64Array(FRAME_SAMPLES);
	readonly #imaginary = new Float64Array(FRAME_SAMPLES);
	/** Twiddle factors inside the 16 and the 25, see fillTwiddles. */
	readonly #cosine16 = new Float64Array(16);
	readonly #sine16 = new Float64Array(16);
	readonly #cosine25 = new Float64Array(25);
	readonly #sine25 = new Float64Array(25);

	/** @param window - 400 factors. */
	constructor(window: Float64Array) {
		let step = 0;
		for (let column = 0; column < COLUMNS; column++) {
			for (let first = 0; first < 4; first++) {
				for (let row = first; row < ROWS; row += 4) {
					const sample = (COLUMNS * row + ROWS * column) % FRAME_SAMPLES;
					this.#inputOrder[step] = sample;
					// Halved, because taking two spectra apart leaves each doubled.
					this.#window[step] = window[sample]! / 2;
					step++;
				}
			}
		}
		const placeOf = (bin: number): number => {
			const column = bin % COLUMNS;
			return (bin % ROWS) * COLUMNS + (column % 5) * 5 + Math.floor(column / 5);
		};
		for (let bin = 0; bin < SPECTRUM_BINS; bin++) {
			this.#binPlace[bin] = placeOf(bin);
			this.#mirrorPlace[bin] = placeOf((FRAME_SAMPLES - bin) % FRAME_SAMPLES);
		}
		fillTwiddles(4, this.#cosine16, this.#sine16);
		fillTwiddles(5, this.#cosine25, this.#sine25);
	}

	/**
	 * @param first - 400 samples from `firstStart` on; likewise `second`.
	 * @param firstPower - receives {@link SPECTRUM_BINS} squared magnitudes; likewise `secondPower`.
	 */
	compute(
		first: Float32Array,
		firstStart: number,
		second: Float32Array,
		secondStart: number,
		firstPower: Float64Array,
		secondPower: Float64Array,
	): void {
		this.#transformColumns(first, firstStart, second, secondStart);
		this.#transformRows();
		const real = this.#real;
		const imaginary = this.#imaginary;
		const binPlace = this.#binPlace;
		const mirrorPlace = this.#mirrorPlace;
		for (let bin = 0; bin < SPECTRUM_BINS; bin++) {
			const place = binPlace[bin]!;
			const mirror = mirrorPlace[bin]!;
			const placeReal = real[place]!;
			const placeImaginary = imaginary[place]!;
			const mirrorReal = real[mirror]!;
			const mirrorImaginary = imaginary[mirror]!;
			const firstReal = placeReal + mirrorReal;
			const firstImaginary = placeImaginary - mirrorImaginary;
			const secondReal = placeImaginary + mirrorImaginary;
			const secondImaginary = mirrorReal - placeReal;
			firstPower[bin] = firstReal * firstReal + firstImaginary * firstImaginary;
			secondPower[bin] = secondReal * secondReal + secondImaginary * secondImaginary;
		}
	}

	/** 25 transforms of 16, each in two stages of four transforms of 4. */
	#transformColumns(
		first: Float32Array,
		firstStart: number,
		second: Float32Array,
		secondStart: number,
	): void {
		const inputOrder = this.#inputOrder;
		const window = this.#window;
		const stageReal = this.#stageReal;
		const stageImaginary = this.#stageImaginary;
		const cosine = this.#cosine16;
		const sine = this.#sine16;
		let step = 0;
		for (let column = 0; column < COLUMNS; column++) {
			for (let j = 0; j < 4; j++) {
				const sample0 = inputOrder[step]!;
				const sample1 = inputOrder[step + 1]!;
				const sample2 = inputOrder[step + 2]!;
				const sample3 = inputOrder[step + 3]!;
				const factor0 = window[step]!;
				const factor1 = window[step + 1]!;
				const factor2 = window[step + 2]!;
				const factor3 = window[step + 3]!;
				step += 4;
				const r0 = factor0 * first[firstStart + sample0]!;
				const r1 = factor1 * first[firstStart + sample1]!;
				const r2 = factor2 * first[firstStart + sample2]!;
				const r3 = factor3 * first[firstStart + sample3]!;
				const i0 = factor0 * second[secondStart + sample0]!;
				const i1 = factor1 * second[secondStart + sample1]!;
				const i2 = factor2 * second[secondStart + sample2]!;
				const i3 = factor3 * second[secondStart + sample3]!;
				const sumReal = r0 + r2;
				const differenceReal = r0 - r2;
				const sumImaginary = i0 + i2;
				const differenceImaginary = i0 - i2;
				const oddSumReal = r1 + r3;
				const oddDifferenceReal = r1 - r3;
				const oddSumImaginary = i1 + i3;
				const oddDifferenceImaginary = i1 - i3;
				const place = column * 16 + j;
				stageReal[place] = sumReal + oddSumReal;
				stageImaginary[place] = sumImaginary + oddSumImaginary;
				const real1 = differenceReal + oddDifferenceImaginary;
				const imaginary1 = differenceImaginary - oddDifferenceReal;
				const cosine1 = cosine[4 + j]!;
				const sine1 = sine[4 + j]!;
				stageReal[place + 4] = real1 * cosine1 - imaginary1 * sine1;
				stageImaginary[place + 4] = real1 * sine1 + imaginary1 * cosine1;
				const real2 = sumReal - oddSumReal;
				const imaginary2 = sumImaginary - oddSumImaginary;
				const cosine2 = cosine[8 + j]!;
				const sine2 = sine[8 + j]!;
				stageReal[place + 8] = real2 * cosine2 - imaginary2 * sine2;
				stageImaginary[place + 8] = real2 * sine2 + imaginary2 * cosine2;
				const real3 = differenceReal - oddDifferenceImaginary;
				const imaginary3 = differenceImaginary + oddDifferenceReal;
				const cosine3 = cosine[12 + j]!;
				const sine3 = sine[12 + j]!;
				stageReal[place + 12] = real3 * cosine3 - imaginary3 * sine3;
				stageImaginary[place + 12] = real3 * sine3 + imaginary3 * cosine3;
			}
		}
		const real = this.#real;
		const imaginary = this.#imaginary;
		for (let column = 0; column < COLUMNS; column++) {
			for (let quarter = 0; quarter < 4; quarter++) {
				const place = column * 16 + quarter * 4;
				const sumReal = stageReal[place]! + stageReal[place + 2]!;
				const differenceReal = stageReal[place]! - stageReal[place + 2]!;
				const sumImaginary = stageImaginary[place]! + stageImaginary[place + 2]!;
				const differenceImaginary = stageImaginary[place]! - stageImaginary[place + 2]!;
				const oddSumReal = stageReal[place + 1]! + stageReal[place + 3]!;
				const oddDifferenceReal = stageReal[place + 1]! - stageReal[place + 3]!;
				const oddSumImaginary = stageImaginary[place + 1]! + stageImaginary[place + 3]!;
				const oddDifferenceImaginary = stageImaginary[place + 1]! - stageImaginary[place + 3]!;
				const target = quarter * COLUMNS + column;
				real[target] = sumReal + oddSumReal;
				imaginary[target] = sumImaginary + oddSumImaginary;
				real[target + 4 * COLUMNS] = differenceReal + oddDifferenceImaginary;
				imaginary[target + 4 * COLUMNS] = differenceImaginary - oddDifferenceReal;
				real[target + 8 * COLUMNS] = sumReal - oddSumReal;
				imaginary[target + 8 * COLUMNS] = sumImaginary - oddSumImaginary;
				real[target + 12 * COLUMNS] = differenceReal - oddDifferenceImaginary;
				imaginary[target + 12 * COLUMNS] = differenceImaginary + oddDifferenceReal;
			}
		}
	}

	/** 16 transforms of 25, in place, each in two stages of five transforms of 5. */
	#transformRows(): void {
		const real = this.#real;
		const imaginary = this.#imaginary;
		const cosine = this.#cosine25;
		const sine = this.#sine25;
		for (let row = 0; row < FRAME_SAMPLES; row += COLUMNS) {
			transform5(real, imaginary, row, 5);
			for (let j = 1; j < 5; j++) {
				const place = row + j;
				transform5(real, imaginary, place, 5);
				for (let k = 1; k < 5; k++) {
					const turnedReal = real[place + 5 * k]!;
					const turnedImaginary = imaginary[place + 5 * k]!;
					const cosineFactor = cosine[5 * k + j]!;
					const sineFactor = sine[5 * k + j]!;
					real[place + 5 * k] = turnedReal * cosineFactor - turnedImaginary * sineFactor;
					imaginary[place + 5 * k] = turnedReal * sineFactor + turnedImaginary * cosineFactor;
				}
			}
			for (let k = 0; k < COLUMNS; k += 5) transform5(real, imaginary, row + k, 1);
		}
	}
}

/** Five-point transform in place (Winograd's, with 5 multiplications a part). */
function transform5(real: Float64Array, imaginary: Float64Array, place: number, stride: number): void {
	const place1 = place + stride;
	const place2 = place1 + stride;
	const place3 = place2 + stride;
	const place4 = place3 + stride;
	const real0 = real[place]!;
	const outerSumReal = real[place1]! + real[place4]!;
	const outerDifferenceReal = real[place1]! - real[place4]!;
	const innerSumReal = real[place2]! + real[place3]!;
	const innerDifferenceReal = real[place2]! - real[place3]!;
	const imaginary0 = imaginary[place]!;
	const outerSumImaginary = imaginary[place1]! + imaginary[place4]!;
	const outerDifferenceImaginary = imaginary[place1]! - imaginary[place4]!;
	const innerSumImaginary = imaginary[place2]! + imaginary[place3]!;
	const innerDifferenceImaginary = imaginary[place2]! - imaginary[place3]!;
	const sumReal = outerSumReal + innerSumReal;
	const sumImaginary = outerSumImaginary + innerSumImaginary;
	const centreReal = real0 - sumReal / 4;
	const centreImaginary = imaginary0 - sumImaginary / 4;
	const spreadReal = QUARTER_SQRT_5 * (outerSumReal - innerSumReal);
	const spreadImaginary = QUARTER_SQRT_5 * (outerSumImaginary - innerSumImaginary);
	const turn1Real = SIN_72 * outerDifferenceReal + SIN_36 * innerDifferenceReal;
	const turn1Imaginary = SIN_72 * outerDifferenceImaginary + SIN_36 * innerDifferenceImaginary;
	const turn2Real = SIN_36 * outerDifferenceReal - SIN_72 * innerDifferenceReal;
	const turn2Imaginary = SIN_36 * outerDifferenceImaginary - SIN_72 * innerDifferenceImaginary;
	real[place] = real0 + sumReal;
	imaginary[place] = imaginary0 + sumImaginary;
	real[place1] = centreReal + spreadReal + turn1Imaginary;
	imaginary[place1] = centreImaginary + spreadImaginary - turn1Real;
	real[place2] = centreReal - spreadReal + turn2Imaginary;
	imaginary[place2] = centreImaginary - spreadImaginary - turn2Real;
	real[place3] = centreReal - spreadReal - turn2Imaginary;
	imaginary[place3] = centreImaginary - spreadImaginary + turn2Real;
	real[place4] = centreReal + spreadReal - turn1Imaginary;
	imaginary[place4] = centreImaginary + spreadImaginary + turn1Real;
}

/** Cosine and negative sine of 2 pi j k / radix^2, at k * radix + j. */
function fillTwiddles(radix: number, cosine: Float64Array, sine: Float64Array): void {
	for (let k = 0; k < radix; k++) {
		for (let j = 0; j < radix; j++) {
			const angle = (2 * Math.PI * j * k) / (radix * radix);
			cosine[k * radix + j] = Math.cos(angle);
			sine[k * radix + j] = -Math.sin(angle);
		}
	}
}
