import {InfinisstError} from '../../errors.js';
import type {GgufFile} from '../formats/gguf.js';
import type {DecoderDimensions, RotaryPositions} from './decoder-dimensions.js';
import {baseFrequencies, scaleFrequencies} from './rotary-frequencies.js';
import {assertSensible} from './transformers-dimensions.js';

/** Architectures as llama.cpp names them, and as transformers does. */
const ARCHITECTURES: Readonly<Record<string, DecoderDimensions['architecture']>> = {
	llama: 'llama',
	qwen2: 'qwen2',
	qwen3: 'qwen3',
	gemma3: 'gemma3_text',
};

/** Every so many layers of Gemma 3 look at everything; the files do not say so (llama.cpp, `llm_load_hparams`). */
const GEMMA_PATTERN = 6;
const GEMMA_LOCAL_BASE = 10_000;

/** The one size of Gemma 3 whose queries are scaled by its width (27B), told by its layers as llama.cpp does. */
const GEMMA_27B_LAYERS = 62;

/**
 * Reads what a GGUF file says about its model.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for other architectures; `MODEL_CORRUPT` if something is missing.
 */
export async function readGgufDimensions(file: GgufFile, place: string): Promise<DecoderDimensions> {
	const name = file.metadata.get('general.architecture');
	const architecture = typeof name === 'string' ? ARCHITECTURES[name] : undefined;
	if (architecture === undefined) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${place} holds a model of the architecture ${JSON.stringify(name ?? 'unknown')}`,
			{hint: `GGUF files of these architectures can be imported: ${Object.keys(ARCHITECTURES).join(', ')}.`},
		);
	}
	const optional = (key: string): number | undefined => {
		const value = file.metadata.get(`${String(name)}.${key}`);
		return typeof value === 'number' ? value : undefined;
	};
	const number = (key: string, fallback?: number): number => {
		const value = optional(key) ?? fallback;
		if (value !== undefined) return value;
		throw new InfinisstError('MODEL_CORRUPT', `${place} gives no number "${String(name)}.${key}"`, {
			hint: "Convert the model again with a present version of llama.cpp's tools.",
		});
	};
	if ((optional('expert_count') ?? 0) > 0) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${place} holds a mixture of experts`, {
			hint: 'Take a model without experts.',
		});
	}
	const isGemma = architecture === 'gemma3_text';
	const width = number('embedding_length');
	const layers = number('block_count');
	const heads = number('attention.head_count');
	const headSize = number('attention.key_length', width / heads);
	if (optional('attention.value_length') !== undefined && number('attention.value_length') !== headSize)
		throw unsupported(place, 'keys and values of different sizes');
	if (number('rope.dimension_count', headSize) !== headSize)
		throw unsupported(place, 'positions in a part of each head only');
	const rotary = await readRotary(
		file,
		String(name),
		headSize,
		number('rope.freq_base', isGemma ? 1_000_000 : 10_000),
		place,
	);
	const dimensions: DecoderDimensions = {
		architecture,
		width,
		layers,
		heads,
		keyValueHeads: number('attention.head_count_kv', heads),
		headSize,
		feedForwardSize: number('feed_forward_length'),
		vocabularySize: file.shape('token_embd.weight')?.[0] ?? 0,
		maxTokens: number('context_length'),
		normEpsilon: number('attention.layer_norm_rms_epsilon'),
		queryScale: (isGemma && layers === GEMMA_27B_LAYERS ? width / heads : headSize) ** -0.5,
		embeddingScale: isGemma ? Math.sqrt(width) : 1,
		activation: isGemma ? 'gelu-tanh' : 'silu',
		// llama.cpp's converter reorders the rows of queries and keys of Llama, and of Llama only.
		rotaryPairs: architecture === 'llama' ? 'neighbours' : 'halves',
		logitLimit: optional('final_logit_softcapping'),
		rotary,
		sliding: isGemma
			? {
					window: number('attention.sliding_window'),
					layers: Array.from({length: layers}, (_, layer) => layer).filter(
						layer => (layer + 1) % GEMMA_PATTERN !== 0,
					),
					rotary: {frequencies: baseFrequencies(headSize, number('rope.freq_base_swa', GEMMA_LOCAL_BASE))},
				}
			: undefined,
	};
	assertSensible(dimensions, place);
	return dimensions;
}

async function readRotary(
	file: GgufFile,
	name: string,
	headSize: number,
	base: number,
	place: string,
): Promise<RotaryPositions> {
	const frequencies = baseFrequencies(headSize, base);
	const type = file.metadata.get(`${name}.rope.scaling.type`) ?? 'none';
	const factor = file.metadata.get(`${name}.rope.scaling.factor`);
	const scaled =
		type === 'none' ? {frequencies} : scaleFrequencies(frequencies, {rope_type: type, factor}, place);
	// What "llama3" scaling comes to, as divisors.
	if (file.shape('rope_freqs.weight') === undefined) return scaled;
	const {values: divisors} = await file.read('rope_freqs.weight');
	if (divisors.length !== headSize / 2)
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`${place} has ${divisors.length} divisors of positions, not ${headSize / 2}`,
		);
	return {frequencies: scaled.frequencies.map((frequency, pair) => Math.fround(frequency / divisors[pair]!))};
}

function unsupported(place: string, what: string): InfinisstError {
	return new InfinisstError('MODEL_UNSUPPORTED', `${place} describes a model with ${what}`, {
		hint: 'Take another model: this part of the architecture is not imported.',
	});
}
