import {crossShape, type CrossTensor} from '../decoding/decoder-batch.js';
import type {GraphBuilder, Value} from '../graph/graph-builder.js';
import {multiplyTransposed, type WeightFormat} from '../graph/linear.js';
import {crossTensors, type CrossFormat} from './cross-tensors.js';
import {HEAD_SIZE} from './whisper-dimensions.js';
import {splitHeads, type LayerContext} from './whisper-layers.js';

/** Integers need a decoder that computes with integers anyway; the exact formats stay exact. */
export function crossFormatOf(decoder: WeightFormat): CrossFormat {
	return decoder === 'blocks8' ? 'int8' : 'float32';
}

/** Puts out what the decoder will look at, from keys and values [1, frames, width] of one layer. */
export function outputCrossTensors(
	context: LayerContext,
	format: CrossFormat,
	layer: number,
	[key, value]: readonly [Value, Value],
): void {
	const {graph} = context;
	const made =
		format === 'int8'
			? quantise(context, key, value)
			: [splitHeads(context, key), splitHeads(context, value)];
	for (const [index, tensor] of crossTensors(format).entries()) {
		const name = `${tensor.name}.${layer}`;
		graph.node('Identity', [made[index]!], {output: name});
		graph.output(name, tensor.type, shapeOf(context, tensor, 'batch'));
	}
}

function shapeOf({checkpoint}: LayerContext, tensor: CrossTensor, rows: string): (number | string)[] {
	return crossShape(tensor, {heads: checkpoint.dimensions.heads, headSize: HEAD_SIZE}, rows, 'frames');
}

/** In the order of `TENSORS.int8`. Each channel of a head has a scale of its own, since some are far larger than others. */
function quantise(context: LayerContext, key: Value, value: Value): Value[] {
	const {graph} = context;
	const [keys, keyScale] = quantiseChannels(graph, splitHeads(context, key), context.largestInteger);
	const [values, valueScale] = quantiseChannels(graph, splitHeads(context, value), context.largestInteger);
	const turned = graph.node('Transpose', [keys], {attributes: {perm: [0, 1, 3, 2]}});
	const sum = graph.node('ReduceSum', [turned, graph.integers(-2)], {attributes: {keepdims: 1n}});
	const offset = graph.node('Mul', [sum, graph.float(128)]);
	return [toInt8(graph, turned), keyScale, offset, toInt8(graph, values), valueScale];
}

/** [1, heads, frames, size] to whole numbers, still floats, and their scales [1, heads, 1, size]. */
function quantiseChannels(graph: GraphBuilder, x: Value, largest: number): [Value, Value] {
	const scale = graph.node('Div', [largestMagnitude(graph, x, -2), graph.float(largest)]);
	return [graph.node('Round', [graph.node('Div', [x, scale])]), scale];
}

function toInt8(graph: GraphBuilder, whole: Value): Value {
	return graph.node('QuantizeLinear', [whole, graph.float(1), graph.int8(0)]);
}

function toUint8(graph: GraphBuilder, x: Value, zero: number): Value {
	return graph.node('QuantizeLinear', [x, graph.float(1), graph.uint8(zero)]);
}

function largestMagnitude(graph: GraphBuilder, x: Value, axis: number): Value {
	const largest = graph.node('ReduceMax', [graph.node('Abs', [x]), graph.integers(axis)], {
		attributes: {keepdims: 1n},
	});
	// An all-zero channel must not divide by zero.
	return graph.node('Max', [largest, graph.float(1e-20)]);
}

/**
 * Lets queries [rows, heads, new, size] look at the audio of one layer.
 *
 * @param mask - added to the scores: [rows, 1, 1, frames].
 * @returns what they saw, of the same shape, and how they looked: [rows, heads, new, frames].
 */
export function attendAudio(
	context: LayerContext,
	format: CrossFormat,
	layer: number,
	query: Value,
	mask: Value,
): {readonly seen: Value; readonly weights: Value} {
	const {graph} = context;
	const inputs = crossTensors(format).map(tensor =>
		graph.input(`${tensor.name}.${layer}`, tensor.type, shapeOf(context, tensor, 'rows')),
	);
	const soften = (scores: Value): Value =>
		graph.node('Softmax', [graph.node('Add', [scores, mask])], {attributes: {axis: -1n}});
	if (format === 'float32') {
		const [key, value] = inputs as [Value, Value];
		const weights = soften(multiplyTransposed(graph, query, key));
		return {weights, seen: graph.node('MatMul', [weights, value])};
	}
	const [key, keyScale, keyOffset, value, valueScale] = inputs as [Value, Value, Value, Value, Value];
	const weights = soften(scoreIntegers(graph, query, key, keyScale, keyOffset));
	return {weights, seen: weighIntegers(graph, weights, value, valueScale)};
}

/** Each query is scaled to 8 bits of its own. */
function scoreIntegers(
	graph: GraphBuilder,
	query: Value,
	key: Value,
	keyScale: Value,
	keyOffset: Value,
): Value {
	const scaled = graph.node('Mul', [query, keyScale]);
	const largest = largestMagnitude(graph, scaled, -1);
	const whole = graph.node('Mul', [scaled, graph.node('Div', [graph.float(127), largest])]);
	const product = multiplyIntegers(graph, toUint8(graph, whole, 128), key);
	return graph.node('Mul', [
		graph.node('Sub', [product, keyOffset]),
		graph.node('Div', [largest, graph.float(127)]),
	]);
}

/**
 * Weights are split into two times 8 bits: in one, the many small weights beside a large one would all
 * become 0, and what they hold together may be half of it.
 */
function weighIntegers(graph: GraphBuilder, weights: Value, value: Value, valueScale: Value): Value {
	const largest = graph.node('ReduceMax', [weights, graph.integers(-1)], {attributes: {keepdims: 1n}});
	const scaled = graph.node('Mul', [weights, graph.node('Div', [graph.float(255), largest])]);
	const high = graph.node('Floor', [scaled]);
	const low = graph.node('Mul', [graph.node('Sub', [scaled, high]), graph.float(255)]);
	const sum = graph.node('Add', [
		multiplyIntegers(graph, toUint8(graph, high, 0), value),
		graph.node('Mul', [multiplyIntegers(graph, toUint8(graph, low, 0), value), graph.float(1 / 255)]),
	]);
	const scale = graph.node('Mul', [graph.node('Div', [largest, graph.float(255)]), valueScale]);
	return graph.node('Mul', [sum, scale]);
}

function multiplyIntegers(graph: GraphBuilder, a: Value, b: Value): Value {
	return graph.node('Cast', [graph.node('MatMulInteger', [a, b])], {attributes: {to: 1n}});
}
