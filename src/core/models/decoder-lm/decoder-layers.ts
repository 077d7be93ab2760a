import type {BlockMatrix} from '../formats/block-matrix.js';
import {
	blockLinear,
	expandMatrix,
	gatherBlocks,
	quantiseMatrix,
	storeBlocks,
	widenBlocks,
} from '../graph/block-linear.js';
import {ONNXRUNTIME_DOMAIN, type GraphBuilder, type Value} from '../graph/graph-builder.js';
import {floatTensor, linear, multiplyTransposed, type Matrix} from '../graph/linear.js';
import {isBlockMatrix, type DecoderCheckpoint} from './decoder-checkpoint.js';

/**
 * How weights are stored. In blocks, what the file has in blocks stays as it is there, bit by bit, and only floats are
 * quantised: to 8 bits, or layers to 4 and the embedding to 8.
 */
export type DecoderFormat = 'float32' | 'float16' | 'blocks8' | 'blocks4';

/** What every layer needs to be added to a graph. */
export interface DecoderContext {
	readonly graph: GraphBuilder;
	readonly checkpoint: DecoderCheckpoint;
	readonly format: DecoderFormat;
}

/** A projection to be read from the checkpoint. */
interface Projection {
	readonly name: string;
	readonly outputs: number;
	readonly inputs: number;
}

/** A weight as it goes into the graph. */
type StoredMatrix = Matrix | BlockMatrix;

/** Root mean square normalisation (Zhang & Sennrich 2019) over the last axis. */
export async function rmsNorm(
	{graph, checkpoint}: DecoderContext,
	x: Value,
	name: string,
	length: number,
): Promise<Value> {
	const scale = await graph.tensor(
		`${name}.scale`,
		'float32',
		[length],
		await checkpoint.scale(name, length),
	);
	// Standard from operator set 23 on as RMSNormalization; onnxruntime has had it long before under this name.
	return graph.node('SimplifiedLayerNormalization', [x, scale], {
		attributes: {axis: -1n, epsilon: checkpoint.dimensions.normEpsilon, stash_type: 1n},
	});
}

/**
 * Products of one input, each [..., outputs]. Those that are stored alike are one product, because the input is then
 * quantised once and fewer calls are made.
 */
export async function project(
	context: DecoderContext,
	x: Value,
	projections: readonly Projection[],
): Promise<Value[]> {
	const loaded = await Promise.all(projections.map(projection => load(context, projection)));
	const kinds = new Set(loaded.map(({matrix}) => kindOf(matrix)));
	if (loaded.length === 1 || kinds.size > 1) {
		const products: Value[] = [];
		for (const [index, {matrix, bias}] of loaded.entries())
			products.push(await multiply(context, x, projections[index]!.name, matrix, bias));
		return products;
	}
	const name = projections.map(projection => projection.name).join('+');
	const stacked = await multiply(
		context,
		x,
		name,
		stack(loaded.map(({matrix}) => matrix)),
		stackBiases(loaded),
	);
	const {graph} = context;
	return graph.nodes(
		'Split',
		[stacked, graph.integers(...projections.map(({outputs}) => outputs))],
		projections.length,
		{
			attributes: {axis: -1n},
		},
	);
}

interface LoadedProjection {
	readonly matrix: StoredMatrix;
	readonly bias: Float32Array | undefined;
}

async function load(
	{checkpoint, format}: DecoderContext,
	{name, outputs, inputs}: Projection,
): Promise<LoadedProjection> {
	return {
		matrix: toStored(await checkpoint.matrix(name, outputs, inputs), format),
		bias: await checkpoint.bias(name, outputs),
	};
}

function toStored(matrix: StoredMatrix, format: DecoderFormat): StoredMatrix {
	const isFloat = format === 'float32' || format === 'float16';
	if (isBlockMatrix(matrix)) return isFloat ? expandMatrix(matrix) : matrix;
	// What is not made of whole blocks stays in floats.
	if (isFloat || matrix.inputs % 32 !== 0) return matrix;
	return quantiseMatrix(matrix, format === 'blocks4' ? 4 : 8);
}

function kindOf(matrix: StoredMatrix): string {
	if (!isBlockMatrix(matrix)) return 'floats';
	return `${matrix.bits} ${matrix.blockSize} ${matrix.offsets === undefined}`;
}

function stack(matrices: readonly StoredMatrix[]): StoredMatrix {
	const {inputs} = matrices[0]!;
	const outputs = matrices.reduce((sum, matrix) => sum + matrix.outputs, 0);
	const blocks = matrices.filter(isBlockMatrix);
	if (blocks.length < matrices.length)
		return {outputs, inputs, values: joinFloats(matrices.map(({values}) => values as Float32Array))};
	const {bits, blockSize} = blocks[0]!;
	const offsets = blocks.map(matrix => matrix.offsets).filter(list => list !== undefined);
	return {
		outputs,
		inputs,
		bits,
		blockSize,
		values: Buffer.concat(blocks.map(({values}) => values)),
		scales: joinFloats(blocks.map(({scales}) => scales)),
		...(offsets.length > 0 && {offsets: joinFloats(offsets)}),
	};
}

/** Undefined if none of them has any. */
function stackBiases(loaded: readonly LoadedProjection[]): Float32Array | undefined {
	if (loaded.every(({bias}) => bias === undefined)) return undefined;
	return joinFloats(loaded.map(({matrix, bias}) => bias ?? new Float32Array(matrix.outputs)));
}

function joinFloats(lists: readonly Float32Array[]): Float32Array {
	const joined = new Float32Array(lists.reduce((sum, list) => sum + list.length, 0));
	let at = 0;
	for (const list of lists) {
		joined.set(list, at);
		at += list.length;
	}
	return joined;
}

async function multiply(
	{graph, format}: DecoderContext,
	x: Value,
	name: string,
	matrix: StoredMatrix,
	bias: Float32Array | undefined,
): Promise<Value> {
	if (isBlockMatrix(matrix)) {
		const biasValue = bias && (await graph.tensor(`${name}.bias`, 'float32', [matrix.outputs], bias));
		return blockLinear(graph, x, await storeBlocks(graph, name, matrix), biasValue);
	}
	return linear(
		graph,
		{format: format === 'float16' ? 'float16' : 'float32', largestInteger: 127},
		x,
		name,
		matrix,
		bias,
	);
}

/** Gate and up, multiplied, and down again (Shazeer 2020, GLU variants). */
export async function feedForward(context: DecoderContext, x: Value, layer: string): Promise<Value> {
	const {graph, checkpoint} = context;
	const {width, feedForwardSize, activation} = checkpoint.dimensions;
	const [gate, up] = await project(context, x, [
		{name: `${layer}.mlp.gate_proj`, outputs: feedForwardSize, inputs: width},
		{name: `${layer}.mlp.up_proj`, outputs: feedForwardSize, inputs: width},
	]);
	const active =
		activation === 'silu'
			? // x · sigmoid(1 · x)
				graph.node('QuickGelu', [gate!], {domain: ONNXRUNTIME_DOMAIN, attributes: {alpha: 1}})
			: graph.node('Gelu', [gate!], {attributes: {approximate: 'tanh'}});
	const inner = graph.node('Mul', [active, up!]);
	const [down] = await project(context, inner, [
		{name: `${layer}.mlp.down_proj`, outputs: width, inputs: feedForwardSize},
	]);
	return down!;
}

const EMBEDDING = 'embed_tokens';

async function loadEmbedding({checkpoint, format}: DecoderContext, name: string): Promise<StoredMatrix> {
	const {vocabularySize, width} = checkpoint.dimensions;
	const matrix = await checkpoint.matrix(name, vocabularySize, width);
	// Every bit counts twice in what tokens are read from and written to, and 4 bits cannot be gathered.
	return toStored(
		isBlockMatrix(matrix) ? widenBlocks(matrix) : matrix,
		format === 'blocks4' ? 'blocks8' : format,
	);
}

/** [rows, new, width] */
export async function embedTokens(context: DecoderContext, tokens: Value): Promise<Value> {
	const {graph, checkpoint, format} = context;
	const {embeddingScale} = checkpoint.dimensions;
	const matrix = await loadEmbedding(context, EMBEDDING);
	const embedded = isBlockMatrix(matrix)
		? gatherBlocks(graph, tokens, await storeBlocks(graph, EMBEDDING, matrix))
		: graph.node('Gather', [await storeTable(graph, format, EMBEDDING, matrix), tokens]);
	return embeddingScale === 1 ? embedded : graph.node('Mul', [embedded, graph.float(embeddingScale)]);
}

/** The head of its own if there is one, or else the embedding of tokens; stored once then. */
export async function projectToVocabulary(context: DecoderContext, x: Value): Promise<Value> {
	const {graph, checkpoint, format} = context;
	const {logitLimit} = checkpoint.dimensions;
	const name = checkpoint.hasHead ? 'lm_head' : EMBEDDING;
	const matrix = await loadEmbedding(context, name);
	const logits = isBlockMatrix(matrix)
		? blockLinear(graph, x, await storeBlocks(graph, name, matrix))
		: multiplyTransposed(graph, x, await storeTable(graph, format, name, matrix));
	if (logitLimit === undefined) return logits;
	const bent = graph.node('Tanh', [graph.node('Div', [logits, graph.float(logitLimit)])]);
	return graph.node('Mul', [bent, graph.float(logitLimit)]);
}

function storeTable(
	graph: GraphBuilder,
	format: DecoderFormat,
	name: string,
	matrix: Matrix,
): Promise<Value> {
	return floatTensor(
		graph,
		format === 'float16' ? 'float16' : 'float32',
		name,
		[matrix.outputs, matrix.inputs],
		matrix.values,
	);
}
