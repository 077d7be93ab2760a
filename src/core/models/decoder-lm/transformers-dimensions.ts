import {InfinisstError} from '../../errors.js';
import type {DecoderDimensions, RotaryPositions} from './decoder-dimensions.js';
import {baseFrequencies, scaleFrequencies} from './rotary-frequencies.js';

export type Config = Readonly<Record<string, unknown>>;

/** `model_type` of transformers' configurations that are imported. */
const ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'gemma3_text'] as const;

/** The part of a configuration that describes the text model: all of it, but for models that see as well. */
export function textConfig(config: Config): Config {
	const inner = config['text_config'];
	if (config['model_type'] === 'gemma3' && isRecord(inner)) {
		return {...inner, model_type: 'gemma3_text'};
	}
	return config;
}

/** Whether a `config.json` is of a decoder-only model that is imported. */
export function isDecoderLmConfig(config: Config): boolean {
	return (ARCHITECTURES as readonly unknown[]).includes(textConfig(config)['model_type']);
}

/**
 * Reads transformers' `config.json`. What it leaves out has the default of the architecture's own configuration class,
 * because transformers leaves defaults out.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for other architectures, or parts of them that are not imported;
 * `MODEL_CORRUPT` for a configuration that makes no sense.
 */
export function readTransformersDimensions(whole: Config, place: string): DecoderDimensions {
	const config = textConfig(whole);
	const architecture = ARCHITECTURES.find(name => name === config['model_type']);
	if (architecture === undefined) {
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${place} describes a "${String(config['model_type'])}" model`,
			{hint: `Language models of these kinds can be imported: ${ARCHITECTURES.join(', ')}.`},
		);
	}
	const isGemma = architecture === 'gemma3_text';
	const {number, optional} = createReader(config, place);
	const width = number('hidden_size', isGemma ? 2304 : undefined);
	const heads = number('num_attention_heads', isGemma ? 8 : undefined);
	const headSize = number('head_dim', isGemma ? 256 : architecture === 'qwen3' ? 128 : width / heads);
	const layers = number('num_hidden_layers', isGemma ? 26 : undefined);
	if (config['attention_bias'] === true && (architecture === 'qwen3' || isGemma))
		throw unsupported(place, 'biases in its attention');
	if (config['mlp_bias'] === true) throw unsupported(place, 'biases in its feed-forward layers');
	if (optional('attn_logit_softcapping') !== undefined)
		throw unsupported(place, 'a limit on attention scores');
	if (config['use_bidirectional_attention'] === true) throw unsupported(place, 'attention both ways');
	const activation =
		config['hidden_activation'] ?? config['hidden_act'] ?? (isGemma ? 'gelu_pytorch_tanh' : 'silu');
	if (activation !== 'silu' && activation !== 'gelu_pytorch_tanh')
		throw unsupported(place, `the activation ${JSON.stringify(activation)}`);
	const rotary = readRotary(config, {isGemma, headSize, place});
	const slidingLayers = listSlidingLayers(config, architecture, layers);
	const dimensions: DecoderDimensions = {
		architecture,
		width,
		layers,
		heads,
		keyValueHeads: number('num_key_value_heads', isGemma ? 4 : architecture === 'llama' ? heads : 32),
		headSize,
		feedForwardSize: number('intermediate_size', isGemma ? 9216 : undefined),
		vocabularySize: number('vocab_size', isGemma ? 262_208 : undefined),
		maxTokens: number(
			'max_position_embeddings',
			isGemma ? 131_072 : architecture === 'llama' ? 2048 : 32_768,
		),
		normEpsilon: number('rms_norm_eps', 1e-6),
		queryScale: (isGemma ? number('query_pre_attn_scalar', 256) : headSize) ** -0.5,
		embeddingScale: isGemma ? Math.sqrt(width) : 1,
		activation: activation === 'silu' ? 'silu' : 'gelu-tanh',
		rotaryPairs: 'halves',
		logitLimit: optional('final_logit_softcapping'),
		rotary: rotary.whole,
		sliding:
			slidingLayers.length === 0
				? undefined
				: {window: number('sliding_window', 4096), layers: slidingLayers, rotary: rotary.sliding},
	};
	assertSensible(dimensions, place);
	return dimensions;
}

/** Newer configurations hold `rope_parameters`, by kind of layer for Gemma; older ones loose keys. */
function readRotary(
	config: Config,
	{isGemma, headSize, place}: {isGemma: boolean; headSize: number; place: string},
): {whole: RotaryPositions; sliding: RotaryPositions} {
	const parameters = isRecord(config['rope_parameters']) ? config['rope_parameters'] : {};
	const make = (part: Config, base: unknown, fallback: number, scaling: unknown): RotaryPositions => {
		const chosen = part['rope_theta'] ?? base ?? fallback;
		if (typeof chosen !== 'number' || !(chosen > 1))
			throw new InfinisstError('MODEL_CORRUPT', `${place} gives no number as base of its rotary positions`);
		const partial = part['partial_rotary_factor'] ?? config['partial_rotary_factor'] ?? 1;
		if (partial !== 1) throw unsupported(place, 'positions in a part of each head only');
		const given = 'rope_type' in part ? part : scaling;
		return scaleFrequencies(baseFrequencies(headSize, chosen), isRecord(given) ? given : undefined, place);
	};
	const {rope_theta: base, rope_scaling: scaling, rope_local_base_freq: localBase} = config;
	const fullPart = parameters['full_attention'];
	const slidingPart = parameters['sliding_attention'];
	const whole = make(isRecord(fullPart) ? fullPart : parameters, base, isGemma ? 1_000_000 : 10_000, scaling);
	if (!isGemma) return {whole, sliding: whole};
	return {whole, sliding: make(isRecord(slidingPart) ? slidingPart : {}, localBase, 10_000, undefined)};
}

function listSlidingLayers(
	config: Config,
	architecture: DecoderDimensions['architecture'],
	layers: number,
): number[] {
	const types = config['layer_types'];
	const all = Array.from({length: layers}, (_, layer) => layer);
	if (architecture === 'llama') return [];
	if (architecture === 'gemma3_text') {
		if (Array.isArray(types)) return all.filter(layer => types[layer] === 'sliding_attention');
		const pattern = config['sliding_window_pattern'] ?? config['_sliding_window_pattern'] ?? 6;
		return all.filter(layer => (layer + 1) % Number(pattern) !== 0);
	}
	if (config['use_sliding_window'] !== true || typeof config['sliding_window'] !== 'number') return [];
	if (Array.isArray(types)) return all.filter(layer => types[layer] === 'sliding_attention');
	const first = config['max_window_layers'] ?? 28;
	return all.filter(layer => layer >= Number(first));
}

/** Larger than any model there is by far; what is multiplied from them stays a safe integer. */
const LARGEST_SIZE = 1 << 24;

/** @throws {InfinisstError} `MODEL_CORRUPT` for sizes that cannot belong together. */
export function assertSensible(dimensions: DecoderDimensions, place: string): void {
	const {heads, keyValueHeads, headSize, sliding} = dimensions;
	const sizes = [
		dimensions.width,
		dimensions.layers,
		heads,
		keyValueHeads,
		headSize,
		dimensions.feedForwardSize,
		dimensions.vocabularySize,
		dimensions.maxTokens,
		sliding?.window ?? 1,
	];
	const areSizes = sizes.every(size => Number.isInteger(size) && size > 0 && size <= LARGEST_SIZE);
	const isFinite = [dimensions.normEpsilon, dimensions.queryScale].every(value => value > 0 && value < 1000);
	if (areSizes && isFinite && heads % keyValueHeads === 0 && headSize % 2 === 0) return;
	throw new InfinisstError('MODEL_CORRUPT', `The sizes that ${place} gives do not belong together`, {
		hint: 'Take the file of the model as its makers published it.',
	});
}

function createReader(config: Config, place: string) {
	const optional = (key: string): number | undefined => {
		const value = config[key];
		return typeof value === 'number' ? value : undefined;
	};
	return {
		optional,
		number: (key: string, fallback?: number): number => {
			const value = optional(key) ?? fallback;
			if (value !== undefined && Number.isFinite(value)) return value;
			throw new InfinisstError('MODEL_CORRUPT', `${place} gives no number "${key}"`, {
				hint: 'Take the file of the model as its makers published it.',
			});
		},
	};
}

function unsupported(place: string, what: string): InfinisstError {
	return new InfinisstError('MODEL_UNSUPPORTED', `${place} describes a model with ${what}`, {
		hint: 'Take another model: this part of the architecture is not imported.',
	});
}

function isRecord(value: unknown): value is Config {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
