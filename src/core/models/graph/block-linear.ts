import {expandBlocks, type BlockMatrix} from '../formats/block-matrix.js';
import {ONNXRUNTIME_DOMAIN, type GraphBuilder, type Value} from './graph-builder.js';
import type {Matrix} from './linear.js';

/** A block matrix as constants of a graph. */
export interface BlockTensors {
	readonly matrix: Omit<BlockMatrix, 'values' | 'scales' | 'offsets'>;
	readonly values: Value;
	readonly scales: Value;
	readonly offsets: Value | undefined;
}

/** Stores a block matrix; a second call with the same name shares it. */
export async function storeBlocks(
	graph: GraphBuilder,
	name: string,
	{values, scales, offsets, ...matrix}: BlockMatrix,
): Promise<BlockTensors> {
	const {outputs, inputs, blockSize, bits} = matrix;
	const blocks = inputs / blockSize;
	return {
		matrix,
		values: await graph.tensor(`${name}.blocks`, 'uint8', [outputs, blocks, (blockSize * bits) / 8], values),
		scales: await graph.tensor(`${name}.scales`, 'float32', [outputs, blocks], scales),
		offsets: offsets && (await graph.tensor(`${name}.offsets`, 'float32', [outputs, blocks], offsets)),
	};
}

/**
 * `x · matrixᵀ + bias` over the last axis; inputs are quantised to 8 bits per row and block, so rows are independent.
 * Offsets of blocks meet the sums of the inputs in these blocks, in a small product of its own: exact, where zero points
 * would have to be rounded to whole numbers.
 */
export function blockLinear(
	graph: GraphBuilder,
	x: Value,
	{matrix: {outputs, inputs, bits, blockSize}, values, scales, offsets}: BlockTensors,
	bias?: Value,
): Value {
	const product = graph.node(
		'MatMulNBits',
		[x, values, scales, ...(bias === undefined ? [] : ['', '', bias])],
		{
			domain: ONNXRUNTIME_DOMAIN,
			attributes: {
				K: BigInt(inputs),
				N: BigInt(outputs),
				bits: BigInt(bits),
				block_size: BigInt(blockSize),
				// 4: inputs are quantised to 8 bits too, which is where the speed comes from.
				accuracy_level: 4n,
			},
		},
	);
	if (offsets === undefined) return product;
	const [sums] = graph.share(`sums of ${blockSize} in ${x}`, () => {
		const blocks = graph.node('Reshape', [x, graph.integers(0, 0, inputs / blockSize, blockSize)]);
		return [graph.node('ReduceSum', [blocks, graph.integers(-1)], {attributes: {keepdims: 0n}})];
	});
	const shift = graph.node('FusedMatMul', [sums!, offsets], {
		domain: ONNXRUNTIME_DOMAIN,
		attributes: {transB: 1n},
	});
	return graph.node('Add', [product, shift]);
}

/** Rows of a block matrix of 8 bits as floats: [...indices, inputs]. */
export function gatherBlocks(
	graph: GraphBuilder,
	indices: Value,
	{matrix: {inputs}, values, scales, offsets}: BlockTensors,
): Value {
	const rowOf = (tensor: Value): Value =>
		graph.node('Unsqueeze', [graph.node('Gather', [tensor, indices]), graph.integers(-1)]);
	const numbers = graph.node('Cast', [graph.node('Gather', [values, indices])], {attributes: {to: 1n}});
	const centred = graph.node('Sub', [numbers, graph.float(128)]);
	const scaled = graph.node('Mul', [centred, rowOf(scales)]);
	const weights = offsets === undefined ? scaled : graph.node('Add', [scaled, rowOf(offsets)]);
	return graph.node('Reshape', [weights, graph.integers(0, 0, inputs)]);
}

/** Symmetric, one scale per 32 neighbours of a row, which must be made of whole blocks. */
export function quantiseMatrix({outputs, inputs, values}: Matrix, bits: 4 | 8): BlockMatrix {
	const blockSize = 32;
	const middle = 2 ** (bits - 1);
	const scales = new Float32Array(values.length / blockSize);
	const numbers = new Uint8Array((values.length * bits) / 8);
	for (let block = 0; block < scales.length; block++) {
		const start = block * blockSize;
		let extreme = 0;
		for (let index = start; index < start + blockSize; index++) {
			if (Math.abs(values[index]!) > Math.abs(extreme)) extreme = values[index]!;
		}
		// Of 4 bits none is given away: the extreme becomes -8, whatever its sign (ggml's Q4_0).
		const scale = Math.fround(bits === 4 ? extreme / -8 : Math.abs(extreme) / 127) || 1;
		scales[block] = scale;
		for (let index = start; index < start + blockSize; index++) {
			const number = Math.min(Math.round(values[index]! / scale) + middle, 2 * middle - 1);
			if (bits === 8) numbers[index] = number;
			else numbers[index >> 1]! |= number << ((index & 1) * 4);
		}
	}
	return {outputs, inputs, bits, blockSize, values: numbers, scales};
}

/** The same weights in 8 bits a number. */
export function widenBlocks(matrix: BlockMatrix): BlockMatrix {
	if (matrix.bits === 8) return matrix;
	const values = new Uint8Array(matrix.values.length * 2);
	for (const [index, pair] of matrix.values.entries()) {
		values[2 * index] = (pair & 15) + 120;
		values[2 * index + 1] = (pair >> 4) + 120;
	}
	return {...matrix, bits: 8, values};
}

/** The same weights as floats. */
export function expandMatrix(matrix: BlockMatrix): Matrix {
	return {outputs: matrix.outputs, inputs: matrix.inputs, values: expandBlocks(matrix)};
}
