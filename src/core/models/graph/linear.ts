import {float32ToFloat16} from '../formats/float16.js';
import {ONNXRUNTIME_DOMAIN, type GraphBuilder, type Value} from './graph-builder.js';

/**
 * How a weight matrix is stored and multiplied.
 *
 * - `float32`, and `float16`: stored as half, widened at load, multiplied in float32.
 * - `int8`: a column scale per output, inputs quantised with one scale per call. Fast; but a row then depends
 *   on the others in the call, so only for calls that hold one session.
 * - `blocks8`: 8 bits with a scale per 32 weights, inputs quantised per row and block, so rows stay independent.
 */
export type WeightFormat = 'float32' | 'float16' | 'int8' | 'blocks8';

/** Weights share a scale in runs of this many; the finest that onnxruntime's kernels take, best in accuracy. */
export const BLOCK_SIZE = 32;

/** How weights are to be stored; the second only matters to `int8`. */
export interface WeightStyle {
	readonly format: WeightFormat;
	/** Largest magnitude of an integer weight: see `probeIntegerRange`. */
	readonly largestInteger: number;
}

/** A weight matrix as checkpoints store it: row-major, one row per output. */
export interface Matrix {
	readonly outputs: number;
	readonly inputs: number;
	readonly values: Float32Array;
}

/**
 * Adds `x · matrixᵀ + bias` over the last axis.
 *
 * @param name - of the weights in the graph; a second call with the same name shares them.
 */
export async function linear(
	graph: GraphBuilder,
	{format, largestInteger}: WeightStyle,
	x: Value,
	name: string,
	matrix: Matrix,
	bias?: Float32Array,
): Promise<Value> {
	const {outputs, inputs} = matrix;
	const biasValue = bias && (await graph.tensor(`${name}.bias`, 'float32', [outputs], bias));
	switch (format) {
		case 'float32':
		case 'float16': {
			const weight = await floatTensor(graph, format, `${name}.weight`, [inputs, outputs], transpose(matrix));
			const product = graph.node('MatMul', [x, weight]);
			return biasValue === undefined ? product : graph.node('Add', [product, biasValue]);
		}
		case 'int8': {
			const {values, scales} = quantiseColumns(matrix, largestInteger);
			const weight = await graph.tensor(`${name}.int8`, 'int8', [inputs, outputs], values);
			const scale = await graph.tensor(`${name}.scales`, 'float32', [outputs], scales);
			const zero = await graph.tensor(`${name}.zeros`, 'int8', [outputs], new Int8Array(outputs));
			const [quantised, inputScale, inputZero] = quantiseInput(graph, x);
			return graph.node(
				'MatMulIntegerToFloat',
				[
					quantised!,
					weight,
					inputScale!,
					scale,
					inputZero!,
					zero,
					...(biasValue === undefined ? [] : [biasValue]),
				],
				{domain: ONNXRUNTIME_DOMAIN},
			);
		}
		case 'blocks8': {
			const [weight, scales] = await blockTensors(graph, name, matrix);
			return blockProduct(graph, x, weight, scales, matrix, biasValue);
		}
	}
}

/** Weights and scales of {@link WeightFormat} `blocks8`, shapes [outputs, blocks, 32] and [outputs, blocks]. */
export async function blockTensors(
	graph: GraphBuilder,
	name: string,
	matrix: Matrix,
): Promise<[Value, Value]> {
	const blocks = matrix.inputs / BLOCK_SIZE;
	const {values, scales} = quantiseBlocks(matrix);
	return [
		await graph.tensor(`${name}.blocks`, 'uint8', [matrix.outputs, blocks, BLOCK_SIZE], values),
		await graph.tensor(`${name}.scales`, 'float32', [matrix.outputs, blocks], scales),
	];
}

export function blockProduct(
	graph: GraphBuilder,
	x: Value,
	weight: Value,
	scales: Value,
	{outputs, inputs}: Pick<Matrix, 'outputs' | 'inputs'>,
	bias?: Value,
): Value {
	return graph.node('MatMulNBits', [x, weight, scales, ...(bias === undefined ? [] : ['', '', bias])], {
		domain: ONNXRUNTIME_DOMAIN,
		attributes: {
			K: BigInt(inputs),
			N: BigInt(outputs),
			bits: 8n,
			block_size: BigInt(BLOCK_SIZE),
			// 4: inputs are quantised to 8 bits too, which is where the speed comes from.
			accuracy_level: 4n,
		},
	});
}

/** A constant of floats; `float16` is stored as half and widened once, when the graph is loaded. */
export async function floatTensor(
	graph: GraphBuilder,
	format: WeightFormat,
	name: string,
	shape: readonly number[],
	values: Float32Array,
): Promise<Value> {
	if (format !== 'float16') return graph.tensor(name, 'float32', shape, values);
	const stored = await graph.tensor(`${name}.half`, 'float16', shape, float32ToFloat16(values));
	return graph.share(`widened ${name}`, () => [graph.node('Cast', [stored], {attributes: {to: 1n}})])[0]!;
}

/** One input that feeds several int8 products is quantised once. */
function quantiseInput(graph: GraphBuilder, x: Value): readonly Value[] {
	return graph.share(`quantised ${x}`, () => graph.nodes('DynamicQuantizeLinear', [x], 3));
}

/** a · bᵀ over the last two axes, without turning b first. */
export function multiplyTransposed(graph: GraphBuilder, a: Value, b: Value): Value {
	return graph.node('FusedMatMul', [a, b], {domain: ONNXRUNTIME_DOMAIN, attributes: {transB: 1n}});
}

function transpose({outputs, inputs, values}: Matrix): Float32Array {
	const turned = new Float32Array(values.length);
	for (let output = 0; output < outputs; output++) {
		for (let input = 0; input < inputs; input++)
			turned[input * outputs + output] = values[output * inputs + input]!;
	}
	return turned;
}

/** Symmetric, one scale per output, turned to [inputs, outputs]. */
function quantiseColumns(
	{outputs, inputs, values}: Matrix,
	largestInteger: number,
): {values: Int8Array; scales: Float32Array} {
	const quantised = new Int8Array(values.length);
	const scales = new Float32Array(outputs);
	for (let output = 0; output < outputs; output++) {
		const row = values.subarray(output * inputs, (output + 1) * inputs);
		const scale = largestMagnitude(row) / largestInteger || 1;
		scales[output] = scale;
		for (let input = 0; input < inputs; input++)
			quantised[input * outputs + output] = Math.round(row[input]! / scale);
	}
	return {values: quantised, scales};
}

/** Symmetric around 128, one scale per {@link BLOCK_SIZE} neighbours of a row. */
function quantiseBlocks({values}: Matrix): {values: Uint8Array; scales: Float32Array} {
	const quantised = new Uint8Array(values.length);
	const scales = new Float32Array(values.length / BLOCK_SIZE);
	for (let block = 0; block < scales.length; block++) {
		const start = block * BLOCK_SIZE;
		const scale = largestMagnitude(values.subarray(start, start + BLOCK_SIZE)) / 127 || 1;
		scales[block] = scale;
		for (let index = start; index < start + BLOCK_SIZE; index++)
			quantised[index] = Math.round(values[index]! / scale) + 128;
	}
	return {values: quantised, scales};
}

function largestMagnitude(values: Float32Array): number {
	let largest = 0;
	for (const value of values) {
		const magnitude = Math.abs(value);
		if (magnitude > largest) largest = magnitude;
	}
	return largest;
}
