/** Step sizes and index changes of IMA ADPCM (IMA Digital Audio Doc-Pac, 1992). */
const IMA_STEPS = [
	7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97,
	107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724,
	796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026,
	4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500,
	20350, 22385, 24623, 27086, 29794, 32767,
] as const;
const IMA_INDEX_CHANGES = [-1, -1, -1, -1, 2, 4, 6, 8] as const;

/** Step changes and standard predictors of Microsoft ADPCM (Multimedia Standards Update, 1994). */
const MS_STEP_CHANGES = [
	230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230,
] as const;
const MS_COEFFICIENTS = [256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232] as const;

/**
 * Decodes one block of IMA ADPCM as WAV files hold it: for each channel a head of 4 bytes (first sample,
 * step index), then 4 bytes (8 samples) of each channel in turn. A block cut short gives what is whole.
 */
export function decodeImaBlock(block: Uint8Array, channels: number): Float32Array[] {
	const headBytes = 4 * channels;
	const groups = Math.max(0, Math.floor((block.length - headBytes) / headBytes));
	if (block.length < headBytes) return emptyChannels(channels);
	const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
	return Array.from({length: channels}, (_, channel) => {
		const samples = new Float32Array(1 + groups * 8);
		let sample = view.getInt16(channel * 4, true);
		let index = Math.min(block[channel * 4 + 2]!, IMA_STEPS.length - 1);
		let written = 0;
		samples[written++] = sample / 0x8000;
		for (let group = 0; group < groups; group++) {
			const start = headBytes * (group + 1) + channel * 4;
			for (let nibble = 0; nibble < 8; nibble++) {
				const code = (block[start + (nibble >> 1)]! >> ((nibble & 1) * 4)) & 0x0f;
				const step = IMA_STEPS[index]!;
				let change = step >> 3;
				if (code & 4) change += step;
				if (code & 2) change += step >> 1;
				if (code & 1) change += step >> 2;
				sample = clamp16(sample + (code & 8 ? -change : change));
				index = Math.max(0, Math.min(IMA_STEPS.length - 1, index + IMA_INDEX_CHANGES[code & 7]!));
				samples[written++] = sample / 0x8000;
			}
		}
		return samples;
	});
}

/**
 * Decodes one block of Microsoft ADPCM: heads of all channels (predictor, step, two samples, newer one
 * first), then nibbles, upper one first, the channels in turn.
 *
 * @param coefficients - pairs from the header; the seven standard pairs where it has none.
 */
export function decodeMsBlock(
	block: Uint8Array,
	channels: number,
	coefficients: readonly number[] = MS_COEFFICIENTS,
): Float32Array[] {
	const headBytes = 7 * channels;
	if (block.length < headBytes) return emptyChannels(channels);
	const pairs = coefficients.length >= 2 ? coefficients : MS_COEFFICIENTS;
	const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
	const nibbles = (block.length - headBytes) * 2;
	const frames = Math.floor(nibbles / channels);
	return Array.from({length: channels}, (_, channel) => {
		const samples = new Float32Array(2 + frames);
		const predictor = Math.min(block[channel]!, Math.floor(pairs.length / 2) - 1);
		const first = pairs[predictor * 2]!;
		const second = pairs[predictor * 2 + 1]!;
		let step = view.getInt16(channels + channel * 2, true);
		let newer = view.getInt16(channels * 3 + channel * 2, true);
		let older = view.getInt16(channels * 5 + channel * 2, true);
		samples[0] = older / 0x8000;
		samples[1] = newer / 0x8000;
		for (let frame = 0; frame < frames; frame++) {
			const nibble = frame * channels + channel;
			const byte = block[headBytes + (nibble >> 1)]!;
			const code = nibble & 1 ? byte & 0x0f : byte >> 4;
			const signed = code & 8 ? code - 16 : code;
			const predicted = Math.trunc((newer * first + older * second) / 256);
			older = newer;
			newer = clamp16(predicted + signed * step);
			step = Math.max(16, (MS_STEP_CHANGES[code]! * step) >> 8);
			samples[2 + frame] = newer / 0x8000;
		}
		return samples;
	});
}

function emptyChannels(channels: number): Float32Array[] {
	return Array.from({length: channels}, () => new Float32Array(0));
}

function clamp16(value: number): number {
	return Math.max(-0x8000, Math.min(0x7fff, value));
}
