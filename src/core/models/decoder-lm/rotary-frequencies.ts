import {InfinisstError} from '../../errors.js';
import type {RotaryPositions} from './decoder-dimensions.js';

/** Scaling of positions as `rope_scaling` of transformers' configurations names it, keys as there. */
export type RopeScaling = Readonly<Record<string, unknown>>;

/** Frequencies of a base, without scaling; rounded to float32 as the models were trained with them. */
export function baseFrequencies(headSize: number, base: number): number[] {
	return Array.from({length: headSize / 2}, (_, pair) => Math.fround(1 / base ** ((2 * pair) / headSize)));
}

/**
 * @param place - named in messages.
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for other scalings than linear and Llama 3's.
 */
export function scaleFrequencies(
	frequencies: readonly number[],
	scaling: RopeScaling | undefined,
	place: string,
): RotaryPositions {
	const type = scaling?.['rope_type'] ?? scaling?.['type'] ?? 'default';
	if (scaling === undefined || type === 'default') return {frequencies};
	if (type === 'linear') {
		const factor = requireNumber(scaling, 'factor', place);
		return {frequencies: frequencies.map(frequency => Math.fround(frequency / factor))};
	}
	if (type === 'llama3') return {frequencies: scaleAsLlama3(frequencies, scaling, place)};
	throw new InfinisstError('MODEL_UNSUPPORTED', `${place} scales positions by ${JSON.stringify(type)}`, {
		hint: 'Models with plain, "linear" or "llama3" rotary positions can be run.',
	});
}

/** Slow waves are stretched, fast ones kept, those between both (Llama 3.1, `apply_scaling` in its reference code). */
function scaleAsLlama3(frequencies: readonly number[], scaling: RopeScaling, place: string): number[] {
	const factor = requireNumber(scaling, 'factor', place);
	const low = requireNumber(scaling, 'low_freq_factor', place);
	const high = requireNumber(scaling, 'high_freq_factor', place);
	const trained = requireNumber(scaling, 'original_max_position_embeddings', place);
	return frequencies.map(frequency => {
		const waveLength = (2 * Math.PI) / frequency;
		if (waveLength < trained / high) return frequency;
		if (waveLength > trained / low) return Math.fround(frequency / factor);
		const share = (trained / waveLength - low) / (high - low);
		return Math.fround(((1 - share) * frequency) / factor + share * frequency);
	});
}

function requireNumber(scaling: RopeScaling, key: string, place: string): number {
	const value = scaling[key];
	if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
	throw new InfinisstError('MODEL_CORRUPT', `${place} scales positions without a number "${key}"`);
}
