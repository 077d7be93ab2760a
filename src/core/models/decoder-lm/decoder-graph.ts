import {GraphBuilder, ONNXRUNTIME_DOMAIN, type Value} from '../graph/graph-builder.js';
import type {DecoderCheckpoint} from './decoder-checkpoint.js';
import type {DecoderDimensions} from './decoder-dimensions.js';
import {
	embedTokens,
	feedForward,
	project,
	projectToVocabulary,
	rmsNorm,
	type DecoderContext,
	type DecoderFormat,
} from './decoder-layers.js';

/** Far below any score, so that what is masked weighs exactly 0 after the softmax. */
const MASKED = -1e9;

/**
 * Writes one step of a decoder-only model for any number of rows, each a text of its own with a past of its own length.
 *
 * Inputs: `tokens` [rows, new] and their `positions`; `wanted` [rows, 1, 1], which of the new tokens to give logits for.
 * Of layers that look at everything `past_lengths` [rows], `cosines` and `sines` [positions, head size / 2]; of layers with
 * a window the same with `sliding_` before their names. Per layer `past_key.i`, turned to their positions, and
 * `past_value.i` [rows, key-value heads, capacity, head size]: of a layer with a window those of the newest tokens only,
 * as many as its `past_lengths` say. What lies beyond is ignored, so the caller keeps them in place and appends, and
 * nothing is copied in a step.
 *
 * Outputs: `logits` [rows, 1, vocabulary]; per layer `new_key.i`, without positions, and `new_value.i`
 * [rows, key-value heads, new, head size].
 */
export async function writeDecoderLmGraph(
	path: string,
	checkpoint: DecoderCheckpoint,
	format: DecoderFormat,
	onLayer: (layer: number) => void,
): Promise<void> {
	const graph = await GraphBuilder.create('decoder_lm', path);
	try {
		const context: DecoderContext = {graph, checkpoint, format};
		const {width, layers, vocabularySize, sliding, architecture} = checkpoint.dimensions;
		const normalisesResults = architecture === 'gemma3_text';
		const step = describeStep(graph, checkpoint);
		let x = await embedTokens(context, step.tokens);
		for (let layer = 0; layer < layers; layer++) {
			onLayer(layer);
			const name = `layers.${layer}`;
			const view = sliding?.layers.includes(layer) === true ? step.sliding! : step.whole!;
			const normal = await rmsNorm(context, x, `${name}.input_layernorm`, width);
			const attended = await attend(context, normal, layer, {view, positions: step.positions});
			const added = normalisesResults
				? await rmsNorm(context, attended, `${name}.post_attention_layernorm`, width)
				: attended;
			x = graph.node('Add', [x, added]);
			const inner = normalisesResults ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
			const fed = await feedForward(context, await rmsNorm(context, x, `${name}.${inner}`, width), name);
			const addedAgain = normalisesResults
				? await rmsNorm(context, fed, `${name}.post_feedforward_layernorm`, width)
				: fed;
			x = graph.node('Add', [x, addedAgain]);
		}
		const last = graph.node('GatherND', [x, step.wanted], {attributes: {batch_dims: 1n}});
		const logits = await projectToVocabulary(context, await rmsNorm(context, last, 'norm', width));
		graph.node('Identity', [logits], {output: 'logits'});
		graph.output('logits', 'float32', ['rows', 1, vocabularySize]);
		await graph.write();
	} finally {
		await graph.destroy();
	}
}

/** What layers of one kind may look at, and at which positions. */
interface View {
	readonly cosines: Value;
	readonly sines: Value;
	/** Added to scores: [rows, 1, queries of a key-value head · new, capacity + new]. */
	readonly mask: Value;
	/** What scores are made of: capacity and new. */
	readonly lengths: Value;
}

interface Step {
	readonly tokens: Value;
	readonly wanted: Value;
	readonly positions: Value;
	/** Undefined where no layer looks at it. */
	readonly whole: View | undefined;
	readonly sliding: View | undefined;
}

function describeStep(graph: GraphBuilder, {dimensions}: DecoderCheckpoint): Step {
	const {sliding, layers} = dimensions;
	const tokens = graph.input('tokens', 'int64', ['rows', 'new']);
	const positions = graph.input('positions', 'int64', ['rows', 'new']);
	const wanted = graph.input('wanted', 'int64', ['rows', 1, 1]);
	const step = {tokens, wanted, positions};
	const firstWhole = Array.from({length: layers}, (_, layer) => layer).find(
		layer => sliding?.layers.includes(layer) !== true,
	);
	const firstSliding = sliding?.layers[0];
	return {
		...step,
		whole:
			firstWhole === undefined
				? undefined
				: describeView(graph, dimensions, {...step, prefix: '', layer: firstWhole, window: undefined}),
		sliding:
			firstSliding === undefined
				? undefined
				: describeView(graph, dimensions, {
						...step,
						prefix: 'sliding_',
						layer: firstSliding,
						window: sliding!.window,
					}),
	};
}

interface ViewOptions {
	readonly tokens: Value;
	readonly prefix: string;
	/** One of those that look at it. */
	readonly layer: number;
	/** Tokens seen, the present one included; undefined for all. */
	readonly window: number | undefined;
}

function describeView(
	graph: GraphBuilder,
	{headSize, heads, keyValueHeads}: DecoderDimensions,
	{tokens, prefix, layer, window}: ViewOptions,
): View {
	const table = (name: string): Value =>
		graph.input(`${prefix}${name}`, 'float32', ['positions', headSize / 2]);
	const pastLengths = graph.input(`${prefix}past_lengths`, 'int64', ['rows']);
	const range = (length: Value): Value =>
		graph.node('Range', [
			graph.integer(0),
			graph.node('Squeeze', [length, graph.integers(0)]),
			graph.integer(1),
		]);
	const join = (axis: number, ...values: readonly Value[]): Value =>
		graph.node('Concat', values, {attributes: {axis: BigInt(axis)}});
	const isNear = (distance: Value): Value => graph.node('Less', [distance, graph.integer(window!)]);

	const rows = sizeOf(graph, tokens, 0);
	const added = sizeOf(graph, tokens, 1);
	const capacity = sizeOf(graph, `past_key.${layer}`, 2);
	const steps = range(added);
	const places = range(capacity);
	const asked = graph.node('Unsqueeze', [steps, graph.integers(1)]);
	const lengths = graph.node('Unsqueeze', [pastLengths, graph.integers(1, 2, 3)]);
	const isFilled = graph.node('Less', [places, lengths]);
	const isEarlier = graph.node('LessOrEqual', [steps, asked]);
	let [pastSeen, newSeen] = [isFilled, isEarlier];
	if (window !== undefined) {
		const distance = graph.node('Sub', [graph.node('Add', [lengths, asked]), places]);
		pastSeen = graph.node('And', [isFilled, isNear(distance)]);
		newSeen = graph.node('And', [isEarlier, isNear(graph.node('Sub', [asked, steps]))]);
	}
	const everywhere = join(0, rows, graph.integers(1), added, graph.integers(1));
	const seen = join(
		-1,
		graph.node('Expand', [pastSeen, everywhere]),
		graph.node('Expand', [newSeen, everywhere]),
	);
	const mask = graph.node('Where', [seen, graph.float(0), graph.float(MASKED)]);
	const group = heads / keyValueHeads;
	return {
		cosines: table('cosines'),
		sines: table('sines'),
		mask: group === 1 ? mask : graph.node('Tile', [mask, graph.integers(1, 1, group, 1)]),
		lengths: join(0, capacity, added),
	};
}

async function attend(
	context: DecoderContext,
	x: Value,
	layer: number,
	{view, positions}: {readonly view: View; readonly positions: Value},
): Promise<Value> {
	const {graph, checkpoint} = context;
	const {width, heads, keyValueHeads, headSize, architecture, queryScale, rotaryPairs} =
		checkpoint.dimensions;
	const name = `layers.${layer}.self_attn`;
	const [query, key, value] = (await project(context, x, [
		{name: `${name}.q_proj`, outputs: heads * headSize, inputs: width},
		{name: `${name}.k_proj`, outputs: keyValueHeads * headSize, inputs: width},
		{name: `${name}.v_proj`, outputs: keyValueHeads * headSize, inputs: width},
	])) as [Value, Value, Value];
	const normalisesHeads = architecture === 'qwen3' || architecture === 'gemma3_text';
	const split = async (
		projected: Value,
		{count, norm, output}: {readonly count: number; readonly norm?: string; readonly output?: string},
	): Promise<Value> => {
		const parts = graph.node('Reshape', [projected, graph.integers(0, 0, count, headSize)]);
		const normal =
			norm !== undefined && normalisesHeads
				? await rmsNorm(context, parts, `${name}.${norm}`, headSize)
				: parts;
		return graph.node('Transpose', [normal], {
			attributes: {perm: [0, 2, 1, 3]},
			...(output !== undefined && {output}),
		});
	};
	const keys = {count: keyValueHeads, norm: 'k_norm', output: `new_key.${layer}`};
	const newKey = await split(key, keys);
	const newValue = await split(value, {count: keyValueHeads, output: `new_value.${layer}`});
	const cacheShape = (length: string): readonly (number | string)[] => [
		'rows',
		keyValueHeads,
		length,
		headSize,
	];
	for (const made of [newKey, newValue]) graph.output(made, 'float32', cacheShape('new'));
	const capacity = `capacity.${layer}`;
	const pastKey = graph.input(`past_key.${layer}`, 'float32', cacheShape(capacity));
	const pastValue = graph.input(`past_value.${layer}`, 'float32', cacheShape(capacity));

	const turn = (heads4: Value): Value =>
		graph.node('RotaryEmbedding', [heads4, positions, view.cosines, view.sines], {
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {interleaved: rotaryPairs === 'neighbours' ? 1n : 0n},
		});
	// Queries of one key-value head stand behind one another, so that no key is copied for them.
	const regroup = (x4: Value, count: number): Value =>
		heads === keyValueHeads ? x4 : graph.node('Reshape', [x4, graph.integers(0, count, -1, headSize)]);

	const asked = regroup(turn(await split(query, {count: heads, norm: 'q_norm'})), keyValueHeads);
	const score = (turned: Value): Value =>
		graph.node('FusedMatMul', [asked, turned], {
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {transB: 1n, alpha: queryScale},
		});
	const scores = graph.node('Concat', [score(pastKey), score(turn(newKey))], {attributes: {axis: -1n}});
	const masked = graph.node('Add', [scores, view.mask]);
	const weights = graph.node('Softmax', [masked], {attributes: {axis: -1n}});
	const [pastWeights, newWeights] = graph.nodes('Split', [weights, view.lengths], 2, {
		attributes: {axis: -1n},
	});
	const seen = graph.node('Add', [
		graph.node('MatMul', [pastWeights!, pastValue]),
		graph.node('MatMul', [newWeights!, newValue]),
	]);
	const times = graph.node('Transpose', [regroup(seen, heads)], {attributes: {perm: [0, 2, 1, 3]}});
	const joined = graph.node('Reshape', [times, graph.integers(0, 0, heads * headSize)]);
	const [projected] = await project(context, joined, [
		{name: `${name}.o_proj`, outputs: width, inputs: heads * headSize},
	]);
	return projected!;
}

/** Length of an axis, as a list of one. */
function sizeOf(graph: GraphBuilder, value: Value, axis: number): Value {
	return graph.node('Shape', [value], {attributes: {start: BigInt(axis), end: BigInt(axis + 1)}});
}
