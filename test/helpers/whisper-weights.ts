import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {openCTranslate2} from '../../src/core/models/formats/ctranslate2.js';
import {float32ToFloat16} from '../../src/core/models/formats/float16.js';
import {locateInCTranslate2} from '../../src/core/models/whisper/whisper-checkpoint.js';
import {type WhisperDimensions} from '../../src/core/models/whisper/whisper-dimensions.js';
import {createRandom} from '../../src/core/util/random.js';
import {writeSafetensors, type TensorToWrite} from './make-safetensors.js';

/** Names that transformers gives the tensors of a Whisper model, without the leading `model.`. */
export function listWeightNames({encoderLayers, decoderLayers}: WhisperDimensions): string[] {
	const pair = (name: string): string[] => [`${name}.weight`, `${name}.bias`];
	const attention = (name: string): string[] => [
		...pair(`${name}.q_proj`),
		// Keys have no bias.
		`${name}.k_proj.weight`,
		...pair(`${name}.v_proj`),
		...pair(`${name}.out_proj`),
		...pair(`${name}_layer_norm`),
	];
	const layers = (side: string, count: number, attentions: readonly string[]): string[] =>
		Array.from({length: count}, (_, layer) => `${side}.layers.${layer}`).flatMap(layer => [
			...attentions.flatMap(name => attention(`${layer}.${name}`)),
			...pair(`${layer}.fc1`),
			...pair(`${layer}.fc2`),
			...pair(`${layer}.final_layer_norm`),
		]);
	return [
		...pair('encoder.conv1'),
		...pair('encoder.conv2'),
		'encoder.embed_positions.weight',
		...layers('encoder', encoderLayers, ['self_attn']),
		...pair('encoder.layer_norm'),
		'decoder.embed_tokens.weight',
		'decoder.embed_positions.weight',
		...layers('decoder', decoderLayers, ['self_attn', 'encoder_attn']),
		...pair('decoder.layer_norm'),
	];
}

/** A float16 tensor of these values. */
function half(shape: readonly number[], values: Float32Array): TensorToWrite {
	const halves = float32ToFloat16(values);
	return {dtype: 'F16', shape, bytes: new Uint8Array(halves.buffer)};
}

/**
 * Writes the weights of a CTranslate2 folder as transformers would, with the files beside them.
 *
 * @param shards - 1 writes `model.safetensors`, more an index and so many files.
 */
export async function convertToSafetensors(
	sourceDirectory: string,
	directory: string,
	dimensions: WhisperDimensions,
	shards: number,
): Promise<void> {
	const source = await openCTranslate2(join(sourceDirectory, 'model.bin'));
	const files = Array.from({length: shards}, (): Record<string, TensorToWrite> => ({}));
	for (const [index, name] of listWeightNames(dimensions).entries()) {
		const {name: stored, part, parts} = locateInCTranslate2(name);
		const {shape, values} = await source.read(stored);
		const length = values.length / parts;
		files[index % shards]![`model.${name}`] = half(
			[shape[0]! / parts, ...shape.slice(1)],
			values.slice(part * length, (part + 1) * length),
		);
	}
	await source.close();
	await writeCheckpoint(directory, files);
	for (const file of ['config.json', 'tokenizer.json'])
		await copyFile(join(sourceDirectory, file), join(directory, file));
}

async function writeCheckpoint(
	directory: string,
	files: readonly Readonly<Record<string, TensorToWrite>>[],
): Promise<void> {
	if (files.length === 1) return writeSafetensors(join(directory, 'model.safetensors'), files[0]!);
	const nameOf = (index: number): string => `model-${index + 1}-of-${files.length}.safetensors`;
	for (const [index, file] of files.entries()) await writeSafetensors(join(directory, nameOf(index)), file);
	const map = Object.fromEntries(
		files.flatMap((file, index) => Object.keys(file).map(name => [name, nameOf(index)])),
	);
	await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({weight_map: map}));
}

/** Writes a checkpoint of these dimensions whose weights are noise. */
export async function writeRandomCheckpoint(directory: string, dimensions: WhisperDimensions): Promise<void> {
	const random = createRandom(1);
	const tensors = Object.fromEntries(
		listWeightNames(dimensions).map(name => {
			const shape = shapeOf(name, dimensions);
			const length = shape.reduce((product, size) => product * size, 1);
			const isScale = name.endsWith('norm.weight');
			const values = Float32Array.from({length}, () => (isScale ? 1 : 0) + (random() - 0.5) * 0.2);
			return [`model.${name}`, half(shape, values)];
		}),
	);
	await writeCheckpoint(directory, [tensors]);
}

function shapeOf(name: string, dimensions: WhisperDimensions): number[] {
	const {width, melBins, vocabularySize, maxEncoderFrames, maxTokens} = dimensions;
	if (name === 'encoder.conv1.weight') return [width, melBins, 3];
	if (name === 'encoder.conv2.weight') return [width, width, 3];
	if (name === 'encoder.embed_positions.weight') return [maxEncoderFrames, width];
	if (name === 'decoder.embed_positions.weight') return [maxTokens, width];
	if (name === 'decoder.embed_tokens.weight') return [vocabularySize, width];
	const outputs = name.includes('.fc1.') ? 4 * width : width;
	if (!name.endsWith('.weight') || name.includes('norm')) return [outputs];
	return [outputs, name.includes('.fc2.') ? 4 * width : width];
}
