import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {expandBlocks, type BlockMatrix} from '../../../../../src/core/models/formats/block-matrix.js';
import {GGUF_TYPES} from '../../../../../src/core/models/formats/gguf-types.js';
import {
	blockLinear,
	gatherBlocks,
	quantiseMatrix,
	storeBlocks,
	widenBlocks,
} from '../../../../../src/core/models/graph/block-linear.js';
import {GraphBuilder} from '../../../../../src/core/models/graph/graph-builder.js';
import {openOnnxSession} from '../../../../../src/core/models/onnx-session.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {readGoldens, unpackFloats} from '../../../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

const goldens = await readGoldens();

/** Two rows of two blocks, as gguf-py reads them, and as this program keeps them. */
function takeGolden(name: string): {weights: Float32Array; matrix: BlockMatrix} {
	const {bytes, weights: packed} = goldens.blocks[name]!;
	const weights = unpackFloats(packed);
	const type = [...GGUF_TYPES.values()].find(known => known.name === name)!;
	return {weights, matrix: type.unpack!(Buffer.from(bytes, 'base64'), 2, weights.length / 2)};
}

/** Whole numbers of which every 16 have the same largest: rounding them to 8 bits changes nothing. */
function wholeNumbers(length: number): Float32Array {
	const random = createRandom(7);
	return Float32Array.from({length}, (_, index) =>
		index % 16 === 3 ? 127 : Math.floor(random() * 255) - 127,
	);
}

async function runGraph(
	matrix: BlockMatrix,
	x: Float32Array,
): Promise<{product: Float32Array; rows: Float32Array}> {
	const path = join(await temporaryDirectory(), 'blocks.onnx');
	const graph = await GraphBuilder.create('blocks', path);
	const input = graph.input('x', 'float32', ['batch', 'rows', matrix.inputs]);
	const wide = await storeBlocks(graph, 'wide', widenBlocks(matrix));
	const product = blockLinear(graph, input, await storeBlocks(graph, 'w', matrix));
	graph.node('Identity', [product], {output: 'product'});
	graph.output('product', 'float32', ['batch', 'rows', matrix.outputs]);
	const indices = graph.input('indices', 'int64', ['batch', 'indices']);
	graph.node('Identity', [gatherBlocks(graph, indices, wide)], {output: 'rows'});
	graph.output('rows', 'float32', ['batch', 'indices', matrix.inputs]);
	await graph.write();
	const session = await openOnnxSession(path);
	const count = x.length / matrix.inputs;
	const results = await session.run({
		x: session.floats(x, [1, count, matrix.inputs]),
		indices: session.integers(Array.from({length: matrix.outputs}, (_, row) => row).reverse(), [
			1,
			matrix.outputs,
		]),
	});
	await session.close();
	return {product: results['product']!.data as Float32Array, rows: results['rows']!.data as Float32Array};
}

/** Largest difference, as a share of the largest value. */
function differenceOf(result: ArrayLike<number>, truth: ArrayLike<number>): number {
	expect(result.length).toBe(truth.length);
	let largest = 0;
	let difference = 0;
	for (let index = 0; index < truth.length; index++) {
		largest = Math.max(largest, Math.abs(truth[index]!));
		difference = Math.max(difference, Math.abs(result[index]! - truth[index]!));
	}
	return difference / largest;
}

function multiply(x: Float32Array, weights: Float32Array, inputs: number): Float64Array {
	const outputs = weights.length / inputs;
	return Float64Array.from({length: (x.length / inputs) * outputs}, (_, place) => {
		const [row, output] = [Math.floor(place / outputs), place % outputs];
		let sum = 0;
		for (let input = 0; input < inputs; input++)
			sum += x[row * inputs + input]! * weights[output * inputs + input]!;
		return sum;
	});
}

describe.each(Object.keys(goldens.blocks))('weights of a GGUF file in %s', name => {
	it('are multiplied and looked up in a graph as what gguf-py reads', async () => {
		const {weights, matrix} = takeGolden(name);
		const x = wholeNumbers(3 * matrix.inputs);
		const {product, rows} = await runGraph(matrix, x);
		expect(differenceOf(product, multiply(x, weights, matrix.inputs))).toBeLessThan(1e-5);
		const reversed = [...weights.subarray(matrix.inputs), ...weights.subarray(0, matrix.inputs)];
		expect(differenceOf(rows, reversed)).toBeLessThan(1e-6);
	});
});

describe.each([4, 8] as const)('floats that are put into %i bits', bits => {
	const random = createRandom(11);
	const values = Float32Array.from({length: 5 * 64}, () => random() * 2 - 1);
	const matrix = quantiseMatrix({outputs: 5, inputs: 64, values}, bits);

	it('are off by half a step of their block at most', () => {
		const expanded = expandBlocks(matrix);
		for (const [index, value] of values.entries()) {
			const scale = Math.abs(matrix.scales[Math.floor(index / 32)]!);
			// Of 4 bits one end has a number less: what is largest on that side is off by a whole step.
			const most = bits === 4 ? scale : scale / 2;
			expect(Math.abs(expanded[index]! - value)).toBeLessThanOrEqual(most * 1.0001);
		}
	});

	it('are multiplied in a graph as what they were put into', async () => {
		const x = wholeNumbers(2 * 64);
		const {product, rows} = await runGraph(matrix, x);
		const expanded = expandBlocks(matrix);
		expect(differenceOf(product, multiply(x, expanded, 64))).toBeLessThan(1e-5);
		expect(differenceOf(rows.subarray(4 * 64), expanded.subarray(0, 64))).toBeLessThan(1e-6);
	});
});
