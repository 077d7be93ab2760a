import type {GraphBuilder, Value} from '../graph/graph-builder.js';
import {
	blockProduct,
	blockTensors,
	floatTensor,
	linear,
	multiplyTransposed,
	type WeightStyle,
} from '../graph/linear.js';
import {projectStacked, scaleProjection, type Projection} from '../graph/stacked-projection.js';
import type {Seq2seqCheckpoint} from './seq2seq-checkpoint.js';
import type {NetworkShape} from './network-shape.js';

/** What every layer of one side needs to be added to a graph. */
export interface LayerContext extends WeightStyle {
	readonly graph: GraphBuilder;
	readonly checkpoint: Seq2seqCheckpoint;
	readonly shape: NetworkShape;
	/** Of this side. */
	readonly heads: number;
}

export async function layerNorm(context: LayerContext, x: Value, name: string): Promise<Value> {
	const {graph, checkpoint} = context;
	const vector = async (part: string): Promise<Value> => {
		const values = await checkpoint.vector(`${name}.${part}`);
		return graph.tensor(`${name}.${part}`, 'float32', [values.length], values);
	};
	// 1e-5: PyTorch's default, which these models were trained with.
	return graph.node('LayerNormalization', [x, await vector('weight'), await vector('bias')], {
		attributes: {axis: -1n, epsilon: 1e-5},
	});
}

/**
 * A part of a layer with what goes around it: added to its input, which is normalised before (M2M-100) or together
 * with the sum (Marian).
 *
 * @param norm - name of the normalisation.
 */
export async function residual(
	context: LayerContext,
	x: Value,
	norm: string,
	part: (input: Value) => Promise<Value>,
): Promise<Value> {
	const {graph, shape} = context;
	const input = shape.normalizesFirst ? await layerNorm(context, x, norm) : x;
	const sum = graph.node('Add', [x, await part(input)]);
	return shape.normalizesFirst ? sum : layerNorm(context, sum, norm);
}

/** The feed-forward part of the layer `name`. */
export async function feedForward(context: LayerContext, x: Value, name: string): Promise<Value> {
	const inner = activate(context, await project(context, x, `${name}.fc1`));
	return project(context, inner, `${name}.fc2`);
}

export async function project(context: LayerContext, x: Value, name: string): Promise<Value> {
	const {matrix, bias} = await loadProjection(context, name);
	return linear(context.graph, context, x, name, matrix, bias);
}

/** The query of the attention `name`, scaled (Vaswani et al. 2017, section 3.2.1), by heads. */
export async function projectQuery(context: LayerContext, x: Value, name: string): Promise<Value> {
	const {matrix, bias} = await loadProjection(context, `${name}.q_proj`, queryScale(context));
	return splitHeads(context, await linear(context.graph, context, x, `${name}.q_proj`, matrix, bias));
}

/** Scaled query, key and value of an attention that looks at `x`, from one product, by heads. */
export async function projectSelf(
	context: LayerContext,
	x: Value,
	name: string,
): Promise<[query: Value, key: Value, value: Value]> {
	const parts = await projectHeads(context, x, `${name}.qkv`, [
		await loadProjection(context, `${name}.q_proj`, queryScale(context)),
		await loadProjection(context, `${name}.k_proj`),
		await loadProjection(context, `${name}.v_proj`),
	]);
	return parts as [Value, Value, Value];
}

/** Key and value of an attention that looks at the encoder's output `x`, from one product, by the decoder's heads. */
export async function projectKeyValue(
	context: LayerContext,
	x: Value,
	name: string,
): Promise<[key: Value, value: Value]> {
	const parts = await projectHeads(context, x, `${name}.kv`, [
		await loadProjection(context, `${name}.k_proj`),
		await loadProjection(context, `${name}.v_proj`),
	]);
	return parts as [Value, Value];
}

/** [batch, time, width] to [batch, heads, time, head size]. */
function splitHeads({graph, shape, heads}: LayerContext, x: Value): Value {
	const split = graph.node('Reshape', [x, graph.integers(0, 0, heads, shape.width / heads)]);
	return graph.node('Transpose', [split], {attributes: {perm: [0, 2, 1, 3]}});
}

/** [batch, heads, time, head size] to [batch, time, width]. */
export function joinHeads({graph, shape}: LayerContext, x: Value): Value {
	const times = graph.node('Transpose', [x], {attributes: {perm: [0, 2, 1, 3]}});
	return graph.node('Reshape', [times, graph.integers(0, 0, shape.width)]);
}

/** Vectors of tokens, with the positions (0-based) they stand at. */
export async function embed(
	context: LayerContext,
	side: 'encoder' | 'decoder',
	tokens: Value,
	positions: Value,
): Promise<Value> {
	const {graph, shape} = context;
	const vectors = await embedTokens(context, side, tokens);
	const scaled =
		shape.embeddingScale === 1 ? vectors : graph.node('Mul', [vectors, graph.float(shape.embeddingScale)]);
	const table = await graph.tensor(
		`${side}.positions`,
		'float32',
		[shape.maxTokens, shape.width],
		shape.positions(),
	);
	// Padding behind a row may lie past the end of the table; what is read there is never used.
	const inside = graph.node('Min', [positions, graph.integer(shape.maxTokens - 1)]);
	return graph.node('Add', [scaled, graph.node('Gather', [table, inside])]);
}

async function embedTokens(
	{graph, checkpoint, format}: LayerContext,
	side: 'encoder' | 'decoder',
	tokens: Value,
): Promise<Value> {
	const name = checkpoint.embeddingName(side);
	const matrix = await checkpoint.embedding(side);
	if (format === 'float32' || format === 'float16') {
		const table = await floatTensor(graph, format, name, [matrix.outputs, matrix.inputs], matrix.values);
		return graph.node('Gather', [table, tokens]);
	}
	const [weights, scales] = await blockTensors(graph, name, matrix);
	const blocks = graph.node('Cast', [graph.node('Gather', [weights, tokens])], {attributes: {to: 1n}});
	const centred = graph.node('Sub', [blocks, graph.float(128)]);
	const scale = graph.node('Unsqueeze', [graph.node('Gather', [scales, tokens]), graph.integers(-1)]);
	const values = graph.node('Mul', [centred, scale]);
	return graph.node('Reshape', [values, graph.integers(0, 0, matrix.inputs)]);
}

/** Logits: a product with the matrix of token vectors, stored once where they are the same. */
export async function projectToVocabulary(
	{graph, checkpoint, format}: LayerContext,
	x: Value,
): Promise<Value> {
	const name = checkpoint.embeddingName('output');
	const matrix = await checkpoint.embedding('output');
	const bias = await checkpoint.logitsBias();
	let product: Value;
	if (format === 'float32' || format === 'float16') {
		const table = await floatTensor(graph, format, name, [matrix.outputs, matrix.inputs], matrix.values);
		product = multiplyTransposed(graph, x, table);
	} else {
		const [weights, scales] = await blockTensors(graph, name, matrix);
		product = blockProduct(graph, x, weights, scales, matrix);
	}
	if (bias === undefined) return product;
	return graph.node('Add', [product, await graph.tensor('logits.bias', 'float32', [bias.length], bias)]);
}

function activate({graph, shape}: LayerContext, x: Value): Value {
	switch (shape.activation) {
		case 'relu':
			return graph.node('Relu', [x]);
		case 'gelu':
			return graph.node('Gelu', [x]);
		case 'silu':
			return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
	}
}

function queryScale({shape, heads}: LayerContext): number {
	return (shape.width / heads) ** -0.5;
}

async function loadProjection({checkpoint}: LayerContext, name: string, scale = 1): Promise<Projection> {
	const projection = {matrix: await checkpoint.matrix(name), bias: await checkpoint.vector(`${name}.bias`)};
	return scaleProjection(projection, scale);
}

async function projectHeads(
	context: LayerContext,
	x: Value,
	name: string,
	projections: readonly Projection[],
): Promise<Value[]> {
	const parts = await projectStacked(context.graph, context, x, name, projections);
	return parts.map(part => splitHeads(context, part));
}
