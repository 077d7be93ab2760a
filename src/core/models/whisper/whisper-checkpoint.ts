import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {openCTranslate2} from '../formats/ctranslate2.js';
import {openSafetensors, openShardedSafetensors} from '../formats/safetensors.js';
import type {WeightFile} from '../formats/weight-file.js';
import type {Matrix} from '../graph/linear.js';
import {HEAD_SIZE, type WhisperDimensions} from './whisper-dimensions.js';

/** Weights of a Whisper model under one set of names, whatever file they come from. */
export interface WhisperCheckpoint {
	readonly dimensions: WhisperDimensions;
	/** A matrix by the name that transformers gives it, for example `encoder.layers.0.fc1`. */
	matrix(name: string): Promise<Matrix>;
	/** A bias, or the weight or bias of a normalisation; undefined where the model has none (key projections). */
	vector(name: string): Promise<Float32Array | undefined>;
	/** A tensor of more than two axes, flat. */
	tensor(name: string): Promise<Float32Array>;
	close(): Promise<void>;
}

/**
 * Opens the weights in a folder: `model.safetensors`, a sharded checkpoint, or CTranslate2's `model.bin`.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if there is none of them or they are not of a Whisper model.
 */
export async function openWhisperCheckpoint(directory: string): Promise<WhisperCheckpoint> {
	const single = join(directory, 'model.safetensors');
	if (existsSync(single)) return transformersCheckpoint(await openSafetensors(single), single);
	const sharded = join(directory, 'model.safetensors.index.json');
	if (existsSync(sharded)) return transformersCheckpoint(await openShardedSafetensors(sharded), sharded);
	const binary = join(directory, 'model.bin');
	if (existsSync(binary)) return ctranslate2Checkpoint(await openCTranslate2(binary), binary);
	throw new InfinisstError('MODEL_UNSUPPORTED', `No weights in ${directory}`, {
		hint: 'The folder must hold model.safetensors, model.safetensors.index.json or a CTranslate2 model.bin.',
	});
}

function transformersCheckpoint(file: WeightFile, path: string): Promise<WhisperCheckpoint> {
	const prefix = file.names.some(name => name.startsWith('model.')) ? 'model.' : '';
	return createCheckpoint(file, path, name => ({name: prefix + name, part: 0, parts: 1}));
}

function ctranslate2Checkpoint(file: WeightFile, path: string): Promise<WhisperCheckpoint> {
	return createCheckpoint(file, path, locateInCTranslate2);
}

/** A tensor in a file, or one of several that are stored as one, stacked along the first axis. */
interface Location {
	readonly name: string;
	readonly part: number;
	readonly parts: number;
}

/** CTranslate2 names layers otherwise and stacks query, key and value into one matrix. */
export function locateInCTranslate2(name: string): Location {
	const [side, ...rest] = name.split('.') as [string, ...string[]];
	const kind = rest.at(-1)!;
	const whole = (path: string): Location => ({name: `${side}/${path}/${kind}`, part: 0, parts: 1});
	const normalisation = (path: string): Location => ({
		name: `${side}/${path}/${kind === 'weight' ? 'gamma' : 'beta'}`,
		part: 0,
		parts: 1,
	});
	if (rest[0] === 'embed_tokens') return whole('embeddings');
	if (rest[0] === 'embed_positions') return {name: `${side}/position_encodings/encodings`, part: 0, parts: 1};
	if (rest[0] === 'layer_norm') return normalisation('layer_norm');
	if (rest[0] !== 'layers') return whole(rest[0]!);
	const layer = `layer_${rest[1]!}`;
	const block = rest[2]!;
	const part = (path: string, index: number, parts: number): Location => ({
		name: `${side}/${layer}/${path}/${kind}`,
		part: index,
		parts,
	});
	switch (block) {
		case 'self_attn_layer_norm':
			return normalisation(`${layer}/self_attention/layer_norm`);
		case 'encoder_attn_layer_norm':
			return normalisation(`${layer}/attention/layer_norm`);
		case 'final_layer_norm':
			return normalisation(`${layer}/ffn/layer_norm`);
		case 'fc1':
			return part('ffn/linear_0', 0, 1);
		case 'fc2':
			return part('ffn/linear_1', 0, 1);
		case 'self_attn':
			if (rest[3] === 'out_proj') return part('self_attention/linear_1', 0, 1);
			return part('self_attention/linear_0', ['q_proj', 'k_proj', 'v_proj'].indexOf(rest[3]!), 3);
		case 'encoder_attn':
			if (rest[3] === 'out_proj') return part('attention/linear_2', 0, 1);
			if (rest[3] === 'q_proj') return part('attention/linear_0', 0, 1);
			return part('attention/linear_1', ['k_proj', 'v_proj'].indexOf(rest[3]!), 2);
		default:
			return whole(`${layer}/${block}`);
	}
}

async function createCheckpoint(
	file: WeightFile,
	path: string,
	locate: (name: string) => Location,
): Promise<WhisperCheckpoint> {
	const shapeOf = (name: string): readonly number[] => {
		const shape = file.shape(locate(name).name);
		if (shape === undefined) {
			throw new InfinisstError('MODEL_UNSUPPORTED', `${path} is no Whisper model: it has no "${name}"`, {
				hint: 'Only Whisper checkpoints of transformers or CTranslate2 can be imported as Whisper models.',
			});
		}
		return shape;
	};
	const read = async (name: string): Promise<{shape: readonly number[]; values: Float32Array}> => {
		const {name: stored, part, parts} = locate(name);
		const {shape, values} = await file.read(stored);
		const length = values.length / parts;
		return {
			shape: [shape[0]! / parts, ...shape.slice(1)],
			values: values.subarray(part * length, (part + 1) * length),
		};
	};
	const countLayers = (side: string): number => {
		let layers = 0;
		while (file.shape(locate(`${side}.layers.${layers}.fc1.weight`).name) !== undefined) layers++;
		return layers;
	};
	try {
		const [width, melBins] = shapeOf('encoder.conv1.weight') as [number, number, number];
		const [vocabularySize] = shapeOf('decoder.embed_tokens.weight') as [number, number];
		const [maxEncoderFrames] = shapeOf('encoder.embed_positions.weight') as [number, number];
		const [maxTokens] = shapeOf('decoder.embed_positions.weight') as [number, number];
		return {
			dimensions: {
				width,
				heads: width / HEAD_SIZE,
				encoderLayers: countLayers('encoder'),
				decoderLayers: countLayers('decoder'),
				melBins,
				vocabularySize,
				maxEncoderFrames,
				maxTokens,
			},
			matrix: async name => {
				const {shape, values} = await read(`${name}.weight`);
				return {outputs: shape[0]!, inputs: shape[1]!, values};
			},
			vector: async name =>
				file.shape(locate(name).name) === undefined ? undefined : (await read(name)).values.slice(),
			tensor: async name => (await read(name)).values,
			close: () => file.close(),
		};
	} catch (error) {
		await file.close();
		throw error;
	}
}
