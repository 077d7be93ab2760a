import {addStepInputs, attendPastAndNew} from '../decoding/step-attention.js';
import {GraphBuilder, type Value} from '../graph/graph-builder.js';
import {
	blockProduct,
	blockTensors,
	floatTensor,
	multiplyTransposed,
	type WeightStyle,
} from '../graph/linear.js';
import {attendAudio, crossFormatOf} from './cross-attention.js';
import {type WhisperCheckpoint} from './whisper-checkpoint.js';
import {HEAD_SIZE} from './whisper-dimensions.js';
import {
	addAttention,
	addFeedForward,
	joinHeads,
	layerNorm,
	projectQuery,
	projectSelf,
	splitHeads,
	type LayerContext,
} from './whisper-layers.js';

/** A head whose attention follows the audio: layer and head, from the model's configuration. */
export type AlignmentHead = readonly [layer: number, head: number];

/**
 * Writes one step of the decoder for any number of rows, each a session of its own: rows may be at
 * different positions, have seen different numbers of tokens and listen to audio of different length.
 *
 * Inputs: `tokens` [rows, new]; `past_lengths` [rows]; `audio_lengths` [rows], encoder frames;
 * `logit_positions` [rows, wanted], which of the new tokens to give logits for; and per layer
 * `past_key.i`, `past_value.i` [rows, heads, capacity, head size], and the tensors of `cross-attention.ts`. What lies beyond a row's length in these is ignored, so the caller keeps them
 * in place and appends, and nothing is copied in a step.
 *
 * Outputs: `logits` [rows, wanted, vocabulary]; per layer `new_key.i`, `new_value.i` [rows, heads, new,
 * head size], to be appended; `alignment` [rows, alignment heads, new, frames], attention to the audio.
 *
 * New tokens of shorter rows are padded at the end: no earlier token sees them, and their keys are dropped.
 */
export async function writeDecoderGraph(
	path: string,
	checkpoint: WhisperCheckpoint,
	style: WeightStyle,
	alignmentHeads: readonly AlignmentHead[],
): Promise<void> {
	const graph = await GraphBuilder.create('whisper_decoder', path);
	try {
		const context = {...style, graph, checkpoint};
		const crossFormat = crossFormatOf(style.format);
		const {heads, decoderLayers, vocabularySize} = checkpoint.dimensions;
		const step = addStepInputs(graph, 'audio_lengths');
		let x = graph.node('Add', [
			await embedTokens(context, step.tokens),
			await embedPositions(context, step.positions),
		]);
		const alignment: Value[] = [];
		for (let layer = 0; layer < decoderLayers; layer++) {
			const name = `decoder.layers.${layer}`;
			const cache = (kind: string, size: string): Value =>
				graph.input(`${kind}.${layer}`, 'float32', ['rows', heads, size, HEAD_SIZE]);

			const normal = await layerNorm(context, x, `${name}.self_attn_layer_norm`);
			const split = (await projectSelf(context, normal, `${name}.self_attn`)).map(part =>
				splitHeads(context, part),
			);
			const [query, key, value] = split as [Value, Value, Value];
			for (const [kind, made] of [
				['new_key', key],
				['new_value', value],
			] as const) {
				graph.node('Identity', [made], {output: `${kind}.${layer}`});
				graph.output(`${kind}.${layer}`, 'float32', ['rows', heads, 'new', HEAD_SIZE]);
			}
			const past = {key: cache('past_key', 'capacity'), value: cache('past_value', 'capacity')};
			const attended = attendPastAndNew(graph, query, {key, value}, past, step);
			x = await addAttention(context, x, joinHeads(context, attended), `${name}.self_attn`);

			const crossNormal = await layerNorm(context, x, `${name}.encoder_attn_layer_norm`);
			const crossQuery = splitHeads(
				context,
				await projectQuery(context, crossNormal, `${name}.encoder_attn`),
			);
			const {seen, weights} = attendAudio(context, crossFormat, layer, crossQuery, step.sourceMask);
			x = await addAttention(context, x, joinHeads(context, seen), `${name}.encoder_attn`);

			const chosen = alignmentHeads.filter(([of]) => of === layer).map(([, head]) => head);
			if (chosen.length > 0) {
				alignment.push(graph.node('Gather', [weights, graph.integers(...chosen)], {attributes: {axis: 1n}}));
			}
			x = await addFeedForward(context, x, name);
		}
		const wanted = graph.node(
			'GatherND',
			[x, graph.node('Unsqueeze', [step.logitPositions, graph.integers(-1)])],
			{
				attributes: {batch_dims: 1n},
			},
		);
		const logits = await projectToVocabulary(context, await layerNorm(context, wanted, 'decoder.layer_norm'));
		graph.node('Identity', [logits], {output: 'logits'});
		graph.output('logits', 'float32', ['rows', 'wanted', vocabularySize]);
		graph.node('Concat', alignment, {output: 'alignment', attributes: {axis: 1n}});
		graph.output('alignment', 'float32', ['rows', alignmentHeads.length, 'new', 'frames']);
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

async function embedPositions({graph, checkpoint}: LayerContext, positions: Value): Promise<Value> {
	const {width, maxTokens} = checkpoint.dimensions;
	const table = await checkpoint.tensor('decoder.embed_positions.weight');
	// Padding behind a row may lie past the end of the table; what is read there is never used.
	const inside = graph.node('Min', [positions, graph.integer(maxTokens - 1)]);
	return graph.node('Gather', [
		await graph.tensor('decoder.positions', 'float32', [maxTokens, width], table),
		inside,
	]);
}

const EMBEDDING = 'decoder.embed_tokens';

/** Token embedding and output projection are one matrix in Whisper; it is stored once. */
async function embedTokens({graph, checkpoint, format}: LayerContext, tokens: Value): Promise<Value> {
	const matrix = await checkpoint.matrix(EMBEDDING);
	if (format === 'float32' || format === 'float16') {
		const table = await floatTensor(graph, format, EMBEDDING, [matrix.outputs, matrix.inputs], matrix.values);
		return graph.node('Gather', [table, tokens]);
	}
	const [weights, scales] = await blockTensors(graph, EMBEDDING, matrix);
	const blocks = graph.node('Cast', [graph.node('Gather', [weights, tokens])], {attributes: {to: 1n}});
	const centred = graph.node('Sub', [blocks, graph.float(128)]);
	const scale = graph.node('Unsqueeze', [graph.node('Gather', [scales, tokens]), graph.integers(-1)]);
	const values = graph.node('Mul', [centred, scale]);
	return graph.node('Reshape', [values, graph.integers(0, 0, matrix.inputs)]);
}

async function projectToVocabulary({graph, checkpoint, format}: LayerContext, x: Value): Promise<Value> {
	const matrix = await checkpoint.matrix(EMBEDDING);
	if (format === 'float32' || format === 'float16') {
		const table = await floatTensor(graph, format, EMBEDDING, [matrix.outputs, matrix.inputs], matrix.values);
		return multiplyTransposed(graph, x, table);
	}
	const [weights, scales] = await blockTensors(graph, EMBEDDING, matrix);
	return blockProduct(graph, x, weights, scales, matrix);
}
