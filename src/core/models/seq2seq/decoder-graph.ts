import {GraphBuilder, type Value} from '../graph/graph-builder.js';
import {multiplyTransposed, type WeightStyle} from '../graph/linear.js';
import {addStepInputs, attendPastAndNew} from '../decoding/step-attention.js';
import type {GraphSource} from './encoder-graph.js';
import {
	embed,
	feedForward,
	joinHeads,
	layerNorm,
	project,
	projectQuery,
	projectSelf,
	projectToVocabulary,
	residual,
	type LayerContext,
} from './seq2seq-layers.js';

/**
 * The layer whose attention says best which source word a target token stands for, counted from 0: about the middle
 * (Chen et al. 2020, "Accurate Word Alignment Induction from Neural Machine Translation", section 4: the third of six,
 * all heads averaged, taken when the token is read and not when it is written).
 */
function alignmentLayer(layers: number): number {
	return Math.ceil(layers / 2) - 1;
}

/**
 * Writes one step of the decoder for any number of rows, each a text of its own: rows may be at different positions,
 * have seen different numbers of tokens and look at sources of different length.
 *
 * Inputs: `tokens` [rows, new]; `past_lengths` [rows]; `source_lengths` [rows]; `logit_positions` [rows, wanted], which
 * of the new tokens to give logits for; and per layer `past_key.i`, `past_value.i` [rows, heads, capacity, head size],
 * `cross_key.i`, `cross_value.i` [rows, heads, source, head size]. What lies beyond a row's length in these is ignored, so
 * the caller keeps them in place and appends, and nothing is copied in a step.
 *
 * Outputs: `logits` [rows, wanted, vocabulary]; per layer `new_key.i`, `new_value.i` [rows, heads, new, head size], to be
 * appended; `alignment` [rows, 1, new, source], how each new token looks at the source.
 *
 * New tokens of shorter rows are padded at the end: no earlier token sees them, and their keys are dropped.
 */
export async function writeDecoderGraph(
	path: string,
	{checkpoint, shape, dimensions}: GraphSource,
	style: WeightStyle,
): Promise<void> {
	const graph = await GraphBuilder.create('seq2seq_decoder', path);
	try {
		const {decoderHeads: heads, decoderLayers, vocabularySize} = dimensions;
		const context: LayerContext = {...style, graph, checkpoint, shape, heads};
		const step = addStepInputs(graph, 'source_lengths');
		const headSize = shape.width / heads;
		let x = await embed(context, 'decoder', step.tokens, step.positions);
		for (let layer = 0; layer < decoderLayers; layer++) {
			const name = `decoder.layers.${layer}`;
			const input = (kind: string, size: string): Value =>
				graph.input(`${kind}.${layer}`, 'float32', ['rows', heads, size, headSize]);
			const past = {key: input('past_key', 'capacity'), value: input('past_value', 'capacity')};
			const cross = {key: input('cross_key', 'source'), value: input('cross_value', 'source')};

			x = await residual(context, x, `${name}.self_attn_layer_norm`, async normal => {
				const [query, key, value] = await projectSelf(context, normal, `${name}.self_attn`);
				for (const [kind, made] of [
					['new_key', key],
					['new_value', value],
				] as const) {
					graph.node('Identity', [made], {output: `${kind}.${layer}`});
					graph.output(`${kind}.${layer}`, 'float32', ['rows', heads, 'new', headSize]);
				}
				const attended = attendPastAndNew(graph, query, {key, value}, past, step);
				return project(context, joinHeads(context, attended), `${name}.self_attn.out_proj`);
			});
			x = await residual(context, x, `${name}.encoder_attn_layer_norm`, async normal => {
				const query = await projectQuery(context, normal, `${name}.encoder_attn`);
				const scores = graph.node('Add', [multiplyTransposed(graph, query, cross.key), step.sourceMask]);
				const weights = graph.node('Softmax', [scores], {attributes: {axis: -1n}});
				if (layer === alignmentLayer(decoderLayers)) outputAlignment(graph, weights);
				const seen = joinHeads(context, graph.node('MatMul', [weights, cross.value]));
				return project(context, seen, `${name}.encoder_attn.out_proj`);
			});
			x = await residual(context, x, `${name}.final_layer_norm`, normal =>
				feedForward(context, normal, name),
			);
		}
		const places = graph.node('Unsqueeze', [step.logitPositions, graph.integers(-1)]);
		let wanted = graph.node('GatherND', [x, places], {attributes: {batch_dims: 1n}});
		if (shape.normalizesFirst) wanted = await layerNorm(context, wanted, 'decoder.layer_norm');
		graph.node('Identity', [await projectToVocabulary(context, wanted)], {output: 'logits'});
		graph.output('logits', 'float32', ['rows', 'wanted', vocabularySize]);
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

/** @param weights - [rows, heads, new, source]. */
function outputAlignment(graph: GraphBuilder, weights: Value): void {
	graph.node('ReduceMean', [weights, graph.integers(1)], {output: 'alignment', attributes: {keepdims: 1n}});
	graph.output('alignment', 'float32', ['rows', 1, 'new', 'source']);
}
