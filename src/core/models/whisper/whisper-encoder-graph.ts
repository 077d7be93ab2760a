import {GraphBuilder, ONNXRUNTIME_DOMAIN, type Value} from '../graph/graph-builder.js';
import {floatTensor, multiplyTransposed, type WeightStyle} from '../graph/linear.js';
import {outputCrossTensors} from './cross-attention.js';
import {type CrossFormat} from './cross-tensors.js';
import type {WhisperCheckpoint} from './whisper-checkpoint.js';
import {
	addAttention,
	addFeedForward,
	joinHeads,
	layerNorm,
	projectKeyValue,
	projectSelf,
	splitHeads,
	vectorTensor,
	type LayerContext,
} from './whisper-layers.js';

/**
 * Writes the encoder: `log_mel` [1, mel bins, frames], any even number of frames up to twice the longest
 * output, to `states` [1, frames / 2, width]. Other exports are fixed at 3000 frames; one that slices the
 * table of positions costs a quarter for 10 s and a tenth for 5 s of audio.
 */
export async function writeEncoderGraph(
	path: string,
	checkpoint: WhisperCheckpoint,
	style: WeightStyle,
): Promise<void> {
	const graph = await GraphBuilder.create('whisper_encoder', path);
	try {
		const context = {...style, graph, checkpoint};
		const {width, melBins, encoderLayers} = checkpoint.dimensions;
		const logMel = graph.input('log_mel', 'float32', ['batch', melBins, 'mel_frames']);
		const first = await convolution(context, logMel, 'encoder.conv1', melBins, 1);
		const second = await convolution(context, first, 'encoder.conv2', width, 2);
		const states = graph.node('Transpose', [second], {attributes: {perm: [0, 2, 1]}});
		let x = graph.node('Add', [states, await positions(context, states)]);
		for (let layer = 0; layer < encoderLayers; layer++) {
			const name = `encoder.layers.${layer}`;
			const normal = await layerNorm(context, x, `${name}.self_attn_layer_norm`);
			const [query, key, value] = await projectSelf(context, normal, `${name}.self_attn`);
			const attended = attend(context, query!, key!, value!);
			x = await addAttention(context, x, attended, `${name}.self_attn`);
			x = await addFeedForward(context, x, name);
		}
		const last = await layerNorm(context, x, 'encoder.layer_norm');
		graph.node('Identity', [last], {output: 'states'});
		graph.output('states', 'float32', ['batch', 'frames', width]);
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

/**
 * Writes what the decoder looks at in every step and what is the same in all of them: from `states`
 * [1, frames, width] the tensors of `cross-attention.ts`, for each layer.
 */
export async function writeCrossGraph(
	path: string,
	checkpoint: WhisperCheckpoint,
	style: WeightStyle,
	crossFormat: CrossFormat,
): Promise<void> {
	const graph = await GraphBuilder.create('whisper_cross', path);
	try {
		const context = {...style, graph, checkpoint};
		const {width, decoderLayers} = checkpoint.dimensions;
		const states = graph.input('states', 'float32', ['batch', 'frames', width]);
		for (let layer = 0; layer < decoderLayers; layer++) {
			const [key, value] = await projectKeyValue(context, states, `decoder.layers.${layer}.encoder_attn`);
			outputCrossTensors(context, crossFormat, layer, [key!, value!]);
		}
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

async function convolution(
	context: LayerContext,
	x: Value,
	name: string,
	channels: number,
	stride: number,
): Promise<Value> {
	const {graph, checkpoint, format} = context;
	const {width} = checkpoint.dimensions;
	const kernel = await floatTensor(
		graph,
		format,
		`${name}.weight`,
		[width, channels, 3],
		await checkpoint.tensor(`${name}.weight`),
	);
	const bias = await vectorTensor(context, `${name}.bias`);
	const sum = graph.node('Conv', [x, kernel, bias], {
		attributes: {kernel_shape: [3], strides: [stride], pads: [1, 1]},
	});
	return graph.node('Gelu', [sum]);
}

/**
 * Each frame looks at all others. The fused operator works in blocks and never holds all scores, but its
 * exponential is an approximation: 1.4e-3 off the reference, where the exact formats must be within 1e-3.
 */
function attend(context: LayerContext, query: Value, key: Value, value: Value): Value {
	const {graph, checkpoint, format} = context;
	if (format === 'int8' || format === 'blocks8') {
		return graph.node('MultiHeadAttention', [query, key, value], {
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {num_heads: BigInt(checkpoint.dimensions.heads), scale: 1},
		});
	}
	const [queries, keys, values] = [query, key, value].map(part => splitHeads(context, part)) as [
		Value,
		Value,
		Value,
	];
	const weights = graph.node('Softmax', [multiplyTransposed(graph, queries, keys)], {
		attributes: {axis: -1n},
	});
	return joinHeads(context, graph.node('MatMul', [weights, values]));
}

/** The first rows of the table of positions, as many as there are frames. */
async function positions({graph, checkpoint}: LayerContext, states: Value): Promise<Value> {
	const {width, maxEncoderFrames} = checkpoint.dimensions;
	const table = await graph.tensor(
		'encoder.positions',
		'float32',
		[maxEncoderFrames, width],
		sinusoids(maxEncoderFrames, width),
	);
	const frames = graph.node('Shape', [states], {attributes: {start: 1n, end: 2n}});
	return graph.node('Slice', [table, graph.integers(0), frames, graph.integers(0)]);
}

/**
 * The encoder's positions, by their formula (Vaswani et al. 2017, sines before cosines as in Whisper):
 * half-precision checkpoints hold a rounded copy, which costs accuracy for nothing.
 */
export function sinusoids(length: number, width: number): Float32Array {
	const half = width / 2;
	const table = new Float32Array(length * width);
	for (let position = 0; position < length; position++) {
		for (let channel = 0; channel < half; channel++) {
			const angle = position * Math.exp((-Math.log(10_000) / (half - 1)) * channel);
			table[position * width + channel] = Math.sin(angle);
			table[position * width + half + channel] = Math.cos(angle);
		}
	}
	return table;
}
