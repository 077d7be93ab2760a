import {GraphBuilder, type Value} from '../graph/graph-builder.js';
import {multiplyTransposed, type WeightStyle} from '../graph/linear.js';
import type {NetworkShape} from './network-shape.js';
import type {Seq2seqCheckpoint} from './seq2seq-checkpoint.js';
import type {Seq2seqDimensions} from './seq2seq-description.js';
import {
	embed,
	feedForward,
	joinHeads,
	layerNorm,
	project,
	projectKeyValue,
	projectSelf,
	residual,
	type LayerContext,
} from './seq2seq-layers.js';

/** What the graphs of both sides are written from. */
export interface GraphSource {
	readonly checkpoint: Seq2seqCheckpoint;
	readonly shape: NetworkShape;
	readonly dimensions: Seq2seqDimensions;
}

/**
 * Writes the encoder, which reads one text at a time, whole and without padding, so that a text does not depend on
 * others: `tokens` [1, source] to `states` [1, source, width], and to what the decoder looks at in every step:
 * `cross_key.i`, `cross_value.i` [1, heads, source, head size] of each of its layers.
 */
export async function writeEncoderGraph(
	path: string,
	{checkpoint, shape, dimensions}: GraphSource,
	style: WeightStyle,
): Promise<void> {
	const graph = await GraphBuilder.create('seq2seq_encoder', path);
	try {
		const context: LayerContext = {...style, graph, checkpoint, shape, heads: dimensions.encoderHeads};
		const tokens = graph.input('tokens', 'int64', ['batch', 'source']);
		let x = await embed(context, 'encoder', tokens, countFrom0(graph, tokens));
		for (let layer = 0; layer < dimensions.encoderLayers; layer++) {
			const name = `encoder.layers.${layer}`;
			x = await residual(context, x, `${name}.self_attn_layer_norm`, async input => {
				const [query, key, value] = await projectSelf(context, input, `${name}.self_attn`);
				const weights = graph.node('Softmax', [multiplyTransposed(graph, query, key)], {
					attributes: {axis: -1n},
				});
				const attended = joinHeads(context, graph.node('MatMul', [weights, value]));
				return project(context, attended, `${name}.self_attn.out_proj`);
			});
			x = await residual(context, x, `${name}.final_layer_norm`, input => feedForward(context, input, name));
		}
		if (shape.normalizesFirst) x = await layerNorm(context, x, 'encoder.layer_norm');
		graph.node('Identity', [x], {output: 'states'});
		graph.output('states', 'float32', ['batch', 'source', shape.width]);
		await outputCross({...context, heads: dimensions.decoderHeads}, x, dimensions.decoderLayers);
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

async function outputCross(context: LayerContext, states: Value, layers: number): Promise<void> {
	const {graph, shape, heads} = context;
	for (let layer = 0; layer < layers; layer++) {
		const made = await projectKeyValue(context, states, `decoder.layers.${layer}.encoder_attn`);
		for (const [index, kind] of ['cross_key', 'cross_value'].entries()) {
			graph.node('Identity', [made[index]!], {output: `${kind}.${layer}`});
			graph.output(`${kind}.${layer}`, 'float32', ['batch', heads, 'source', shape.width / heads]);
		}
	}
}

/** 0, 1, 2, ... for tokens [batch, length]. */
function countFrom0(graph: GraphBuilder, tokens: Value): Value {
	const shape = graph.node('Shape', [tokens], {attributes: {start: 1n, end: 2n}});
	const length = graph.node('Squeeze', [shape, graph.integers(0)]);
	return graph.node('Range', [graph.integer(0), length, graph.integer(1)]);
}
