import {GraphBuilder, ONNXRUNTIME_DOMAIN, type Value} from '../graph/graph-builder.js';
import type {DecoderCheckpoint} from './decoder-checkpoint.js';
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
 * Inputs: `tokens` [rows, new]; `past_lengths` [rows]; `wanted` [rows, 1, 1], which of the new tokens to give logits for;
 * `cosines`, `sines` [positions, head size / 2], and `sliding_cosines`, `sliding_sines` where layers with a window have
 * other ones: at least as many positions as the longest row and `capacity` have; and per layer `past_key.i`,
 * `past_value.i` [rows, key-value heads, capacity, head size], keys without positions. What lies beyond a row's length is
 * ignored, so the caller keeps them in place and appends, and nothing is copied in a step.
 *
 * Outputs: `logits` [rows, 1, vocabulary]; per layer `new_key.i`, `new_value.i` [rows, key-value heads, new, head size].
 *
 * An entry's position is its place: the keys of the past are turned to their positions whenever they are looked at, in
 * one pass over memory that the scores read anyway. So entries may be taken out and the others pushed together.
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
			const view = sliding?.layers.includes(layer) === true ? step.sliding! : step.whole;
			const normal = await rmsNorm(context, x, `${name}.input_layernorm`, width);
			const attended = await attend(context, normal, layer, view);
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

/** What a layer may look at, and at which positions. */
interface View {
	readonly cosines: Value;
	readonly sines: Value;
	/** Added to scores: [rows, 1, 1 or new, capacity] and [new, new]. */
	readonly pastMask: Value;
	readonly newMask: Value;
	readonly newPositions: Value;
}

interface Step {
	readonly tokens: Value;
	readonly wanted: Value;
	readonly whole: View;
	readonly sliding: View | undefined;
}

function describeStep(graph: GraphBuilder, {dimensions}: DecoderCheckpoint): Step {
	const {headSize, sliding} = dimensions;
	const tokens = graph.input('tokens', 'int64', ['rows', 'new']);
	const pastLengths = graph.input('past_lengths', 'int64', ['rows']);
	const wanted = graph.input('wanted', 'int64', ['rows', 1, 1]);
	const table = (name: string): Value => graph.input(name, 'float32', ['positions', headSize / 2]);
	const size = (value: Value, axis: number): Value =>
		graph.node('Squeeze', [sizeOf(graph, value, axis), graph.integers(0)]);
	const range = (length: Value): Value => graph.node('Range', [graph.integer(0), length, graph.integer(1)]);
	const mask = (allowed: Value): Value => graph.node('Where', [allowed, graph.float(0), graph.float(MASKED)]);

	const steps = range(size(tokens, 1));
	const newPositions = graph.node('Add', [graph.node('Unsqueeze', [pastLengths, graph.integers(1)]), steps]);
	const places = range(size('past_key.0', 2));
	const asked = graph.node('Unsqueeze', [steps, graph.integers(1)]);
	const given = graph.node('Unsqueeze', [steps, graph.integers(0)]);
	const isEarlier = graph.node('LessOrEqual', [given, asked]);
	const isFilled = graph.node('Less', [
		places,
		graph.node('Unsqueeze', [pastLengths, graph.integers(1, 2, 3)]),
	]);
	const whole: View = {
		cosines: table('cosines'),
		sines: table('sines'),
		pastMask: mask(isFilled),
		newMask: mask(isEarlier),
		newPositions,
	};
	if (sliding === undefined) return {tokens, wanted, whole, sliding: undefined};

	const isNear = (distance: Value): Value => graph.node('Less', [distance, graph.integer(sliding.window)]);
	const pastDistance = graph.node('Sub', [
		graph.node('Unsqueeze', [newPositions, graph.integers(1, 3)]),
		places,
	]);
	return {
		tokens,
		wanted,
		whole,
		sliding: {
			cosines: table('sliding_cosines'),
			sines: table('sliding_sines'),
			pastMask: mask(graph.node('And', [isFilled, isNear(pastDistance)])),
			newMask: mask(graph.node('And', [isEarlier, isNear(graph.node('Sub', [asked, given]))])),
			newPositions,
		},
	};
}

async function attend(context: DecoderContext, x: Value, layer: number, view: View): Promise<Value> {
	const {graph, checkpoint} = context;
	const {width, heads, keyValueHeads, headSize, architecture, queryScale} = checkpoint.dimensions;
	const name = `layers.${layer}.self_attn`;
	const [query, key, value] = (await project(context, x, [
		{name: `${name}.q_proj`, outputs: heads * headSize, inputs: width},
		{name: `${name}.k_proj`, outputs: keyValueHeads * headSize, inputs: width},
		{name: `${name}.v_proj`, outputs: keyValueHeads * headSize, inputs: width},
	])) as [Value, Value, Value];
	const normalisesHeads = architecture === 'qwen3' || architecture === 'gemma3_text';
	const split = async (projected: Value, count: number, norm?: string): Promise<Value> => {
		const parts = graph.node('Reshape', [projected, graph.integers(0, 0, count, headSize)]);
		const normal =
			norm !== undefined && normalisesHeads
				? await rmsNorm(context, parts, `${name}.${norm}`, headSize)
				: parts;
		return graph.node('Transpose', [normal], {attributes: {perm: [0, 2, 1, 3]}});
	};
	const newKey = await split(key, keyValueHeads, 'k_norm');
	const newValue = await split(value, keyValueHeads);
	const cacheShape = (length: string): readonly (number | string)[] => [
		'rows',
		keyValueHeads,
		length,
		headSize,
	];
	for (const [kind, made] of [
		['new_key', newKey],
		['new_value', newValue],
	] as const) {
		graph.node('Identity', [made], {output: `${kind}.${layer}`});
		graph.output(`${kind}.${layer}`, 'float32', cacheShape('new'));
	}
	const pastKey = graph.input(`past_key.${layer}`, 'float32', cacheShape('capacity'));
	const pastValue = graph.input(`past_value.${layer}`, 'float32', cacheShape('capacity'));

	// The past begins at position 0 in every row, which is what one number for all rows means to the operator.
	const fromStart = graph.integers(0);
	const rotate = (heads4: Value, positions: Value): Value =>
		graph.node('RotaryEmbedding', [heads4, positions, view.cosines, view.sines], {
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {interleaved: checkpoint.dimensions.rotaryPairs === 'neighbours' ? 1n : 0n},
		});
	// Queries of one key-value head stand behind one another, so that no key is copied for them.
	const regroup = (x4: Value, count: number): Value => {
		if (heads === keyValueHeads) return x4;
		const ends = [0, 3].map(axis => sizeOf(graph, x4, axis)) as [Value, Value];
		const shape = graph.node('Concat', [ends[0], graph.integers(count, -1), ends[1]], {
			attributes: {axis: 0n},
		});
		return graph.node('Reshape', [x4, shape]);
	};
	const group = (perHead: Value): Value => regroup(perHead, keyValueHeads);
	const ungroup = (grouped: Value): Value => regroup(grouped, heads);

	const asked = group(rotate(await split(query, heads, 'q_norm'), view.newPositions));
	const score = (keys: Value, mask: Value): Value => {
		const product = graph.node('FusedMatMul', [asked, keys], {
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {transB: 1n, alpha: queryScale},
		});
		return graph.node('Add', [ungroup(product), mask]);
	};
	const pastScores = score(rotate(pastKey, fromStart), view.pastMask);
	const newScores = score(rotate(newKey, view.newPositions), view.newMask);
	const scores = graph.node('Concat', [pastScores, newScores], {attributes: {axis: -1n}});
	const weights = graph.node('Softmax', [scores], {attributes: {axis: -1n}});
	const lengths = graph.node('Concat', [sizeOf(graph, pastScores, 3), sizeOf(graph, newScores, 3)], {
		attributes: {axis: 0n},
	});
	const [pastWeights, newWeights] = graph.nodes('Split', [weights, lengths], 2, {attributes: {axis: -1n}});
	const seen = graph.node('Add', [
		graph.node('MatMul', [group(pastWeights!), pastValue]),
		graph.node('MatMul', [group(newWeights!), newValue]),
	]);
	const times = graph.node('Transpose', [ungroup(seen)], {attributes: {perm: [0, 2, 1, 3]}});
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
