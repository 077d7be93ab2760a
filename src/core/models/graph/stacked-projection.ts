import type {GraphBuilder, Value} from './graph-builder.js';
import {linear, type Matrix, type WeightStyle} from './linear.js';

/** Weights of one of several products of the same input. */
export interface Projection {
	readonly matrix: Matrix;
	readonly bias: Float32Array;
}

/** As a projection whose results are `scale` times as large; the same one for 1. */
export function scaleProjection({matrix, bias}: Projection, scale: number): Projection {
	if (scale === 1) return {matrix, bias};
	return {
		matrix: {...matrix, values: matrix.values.map(value => value * scale)},
		bias: bias.map(value => value * scale),
	};
}

/** Multiplies by several matrices at one go. @returns the products, in their order. */
export async function projectStacked(
	graph: GraphBuilder,
	style: WeightStyle,
	x: Value,
	name: string,
	projections: readonly Projection[],
): Promise<Value[]> {
	const {inputs} = projections[0]!.matrix;
	const outputs = projections.reduce((sum, {matrix}) => sum + matrix.outputs, 0);
	const values = new Float32Array(outputs * inputs);
	const bias = new Float32Array(outputs);
	let row = 0;
	for (const projection of projections) {
		values.set(projection.matrix.values, row * inputs);
		bias.set(projection.bias, row);
		row += projection.matrix.outputs;
	}
	const product = await linear(graph, style, x, name, {outputs, inputs, values}, bias);
	return graph.nodes('Split', [product], projections.length, {
		attributes: {axis: -1n, num_outputs: BigInt(projections.length)},
	});
}
