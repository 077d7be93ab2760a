import type {GraphBuilder, Value} from '../graph/graph-builder.js';
import {linear, type WeightStyle} from '../graph/linear.js';
import {projectStacked, scaleProjection, type Projection} from '../graph/stacked-projection.js';
import {type WhisperCheckpoint} from './whisper-checkpoint.js';
import {HEAD_SIZE} from './whisper-dimensions.js';

/** Scores are scaled by this; folded into the weights of the query (Vaswani et al. 2017, section 3.2.1). */
const QUERY_SCALE = HEAD_SIZE ** -0.5;

/** What every layer needs to be added to a graph. */
export interface LayerContext extends WeightStyle {
	readonly graph: GraphBuilder;
	readonly checkpoint: WhisperCheckpoint;
}

/** A constant of the checkpoint that stays in float32: normalisations and biases. */
export async function vectorTensor({graph, checkpoint}: LayerContext, name: string): Promise<Value> {
	const values = (await checkpoint.vector(name))!;
	return graph.tensor(name, 'float32', [values.length], values);
}

export async function layerNorm(context: LayerContext, x: Value, name: string): Promise<Value> {
	const weight = await vectorTensor(context, `${name}.weight`);
	const bias = await vectorTensor(context, `${name}.bias`);
	// 1e-5: PyTorch's default, which Whisper was trained with.
	return context.graph.node('LayerNormalization', [x, weight, bias], {
		attributes: {axis: -1n, epsilon: 1e-5},
	});
}

export async function project(context: LayerContext, x: Value, name: string): Promise<Value> {
	const {graph, checkpoint} = context;
	return linear(
		graph,
		context,
		x,
		name,
		await checkpoint.matrix(name),
		await checkpoint.vector(`${name}.bias`),
	);
}

/** The query of an attention, scaled. */
export async function projectQuery(context: LayerContext, x: Value, name: string): Promise<Value> {
	const {graph} = context;
	const {matrix, bias} = await loadProjection(context, `${name}.q_proj`, QUERY_SCALE);
	return linear(graph, context, x, `${name}.q_proj`, matrix, bias);
}

/** Scaled query, key and value of an attention that looks at `x`, from one product. */
export async function projectSelf(context: LayerContext, x: Value, name: string): Promise<Value[]> {
	const query = await loadProjection(context, `${name}.q_proj`, QUERY_SCALE);
	const key = await loadProjection(context, `${name}.k_proj`);
	const value = await loadProjection(context, `${name}.v_proj`);
	return projectStacked(context.graph, context, x, `${name}.qkv`, [query, key, value]);
}

/** Key and value of an attention that looks at the encoder's output `x`, from one product. */
export async function projectKeyValue(context: LayerContext, x: Value, name: string): Promise<Value[]> {
	const key = await loadProjection(context, `${name}.k_proj`);
	const value = await loadProjection(context, `${name}.v_proj`);
	return projectStacked(context.graph, context, x, `${name}.kv`, [key, value]);
}

/** [batch, time, width] to [batch, heads, time, head size]. */
export function splitHeads({graph, checkpoint}: LayerContext, x: Value): Value {
	const heads = graph.node('Reshape', [x, graph.integers(0, 0, checkpoint.dimensions.heads, HEAD_SIZE)]);
	return graph.node('Transpose', [heads], {attributes: {perm: [0, 2, 1, 3]}});
}

/** [batch, heads, time, head size] to [batch, time, width]. */
export function joinHeads({graph, checkpoint}: LayerContext, x: Value): Value {
	const times = graph.node('Transpose', [x], {attributes: {perm: [0, 2, 1, 3]}});
	return graph.node('Reshape', [times, graph.integers(0, 0, checkpoint.dimensions.width)]);
}

/** `x` + what the attention `name` made of it, projected out. */
export async function addAttention(
	context: LayerContext,
	x: Value,
	attended: Value,
	name: string,
): Promise<Value> {
	return context.graph.node('Add', [x, await project(context, attended, `${name}.out_proj`)]);
}

/** `x` + the feed-forward part of the layer `name`. */
export async function addFeedForward(context: LayerContext, x: Value, name: string): Promise<Value> {
	const normal = await layerNorm(context, x, `${name}.final_layer_norm`);
	const inner = context.graph.node('Gelu', [await project(context, normal, `${name}.fc1`)]);
	return context.graph.node('Add', [x, await project(context, inner, `${name}.fc2`)]);
}

/** Biases are all zeros where the checkpoint has none, as keys do. */
async function loadProjection({checkpoint}: LayerContext, name: string, scale = 1): Promise<Projection> {
	const matrix = await checkpoint.matrix(name);
	const bias = (await checkpoint.vector(`${name}.bias`)) ?? new Float32Array(matrix.outputs);
	return scaleProjection({matrix, bias}, scale);
}
