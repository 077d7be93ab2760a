import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {GraphBuilder} from '../../../../../src/core/models/graph/graph-builder.js';
import {linear, type Matrix, type WeightFormat} from '../../../../../src/core/models/graph/linear.js';
import {openOnnxSession} from '../../../../../src/core/models/onnx-session.js';
import {createRandom} from '../../../../../src/core/util/random.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

const INPUTS = 96;
const OUTPUTS = 40;

/** Roughly normal: the sum of four uniform numbers, of variance 1. */
function noise(length: number, seed: number): Float32Array {
	const random = createRandom(seed);
	return Float32Array.from({length}, () => (random() + random() + random() + random() - 2) * Math.sqrt(3));
}

const matrix: Matrix = {outputs: OUTPUTS, inputs: INPUTS, values: noise(OUTPUTS * INPUTS, 1)};
const bias = noise(OUTPUTS, 2);

function multiply(x: Float32Array, withBias: boolean): Float64Array {
	return Float64Array.from({length: (x.length / INPUTS) * OUTPUTS}, (_, place) => {
		const [row, output] = [Math.floor(place / OUTPUTS), place % OUTPUTS];
		let sum = withBias ? bias[output]! : 0;
		for (let input = 0; input < INPUTS; input++)
			sum += x[row * INPUTS + input]! * matrix.values[output * INPUTS + input]!;
		return sum;
	});
}

/** Runs `x · matrixᵀ (+ bias)` on onnxruntime. */
async function run(format: WeightFormat, x: Float32Array, withBias: boolean): Promise<Float32Array> {
	const path = join(await temporaryDirectory(), 'linear.onnx');
	const graph = await GraphBuilder.create('linear', path);
	const input = graph.input('x', 'float32', ['batch', 'rows', INPUTS]);
	const product = await linear(
		graph,
		{format, largestInteger: 127},
		input,
		'fc',
		matrix,
		withBias ? bias : undefined,
	);
	graph.node('Identity', [product], {output: 'y'});
	graph.output('y', 'float32', ['batch', 'rows', OUTPUTS]);
	await graph.write();
	const session = await openOnnxSession(path);
	const {y} = await session.run({x: session.floats(x, [1, x.length / INPUTS, INPUTS])});
	await session.close();
	return y!.data as Float32Array;
}

/** Root of the mean square of the error, to that of the product itself. */
function relativeError(result: Float32Array, truth: Float64Array): number {
	expect(result.length).toBe(truth.length);
	let error = 0;
	let energy = 0;
	for (const [index, value] of truth.entries()) {
		error += (result[index]! - value) ** 2;
		energy += value ** 2;
	}
	return Math.sqrt(error / energy);
}

// The errors of rounding: 24 and 11 bits of fraction; 8-bit steps of 1/127 of a largest value of about three
// deviations give 0.7 % for each of the two factors.
const bounds: [WeightFormat, number][] = [
	['float32', 1e-6],
	['float16', 5e-4],
	['int8', 0.02],
	['blocks8', 0.015],
];

describe('linear()', () => {
	describe.each(bounds)('in %s', (format, bound) => {
		it.each([
			['a row', 1],
			['seven rows', 7],
		])(`multiplies %s, with and without bias, within ${bound} of the exact product`, async (_title, rows) => {
			const x = noise(rows * INPUTS, 3);
			expect(relativeError(await run(format, x, true), multiply(x, true))).toBeLessThan(bound);
			expect(relativeError(await run(format, x, false), multiply(x, false))).toBeLessThan(bound);
		});

		it('gives the bias alone for zeros', async () => {
			expect(await run(format, new Float32Array(INPUTS), true)).toEqual(bias);
		});
	});

	it.each<[WeightFormat]>([['float32'], ['float16'], ['blocks8']])(
		'in %s gives a row the same bits whatever lies beside it',
		async format => {
			const x = noise(4 * INPUTS, 4);
			const louder = x.map((value, index) => (index < INPUTS ? value : value * 1000));
			const alone = await run(format, x.slice(0, INPUTS), true);
			expect((await run(format, x, true)).slice(0, OUTPUTS)).toEqual(alone);
			expect((await run(format, louder, true)).slice(0, OUTPUTS)).toEqual(alone);
		},
	);

	it('in int8 lets a row depend on its neighbours, which is why it is for single sessions', async () => {
		const x = noise(4 * INPUTS, 4);
		const louder = x.map((value, index) => (index < INPUTS ? value : value * 1000));
		const quiet = (await run('int8', x, true)).slice(0, OUTPUTS);
		expect((await run('int8', louder, true)).slice(0, OUTPUTS)).not.toEqual(quiet);
	});

	it('shares weights between calls of the same name', async () => {
		const path = join(await temporaryDirectory(), 'shared.onnx');
		const graph = await GraphBuilder.create('shared', path);
		const x = graph.input('x', 'float32', ['batch', INPUTS]);
		const first = await linear(graph, {format: 'float32', largestInteger: 127}, x, 'fc', matrix, bias);
		const second = await linear(graph, {format: 'float32', largestInteger: 127}, x, 'fc', matrix, bias);
		graph.node('Sub', [first, second], {output: 'y'});
		graph.output('y', 'float32', ['batch', OUTPUTS]);
		await graph.write();
		const session = await openOnnxSession(path);
		const {y} = await session.run({x: session.floats(noise(INPUTS, 5), [1, INPUTS])});
		expect(new Set(y!.data as Float32Array)).toEqual(new Set([0]));
		await session.close();
	});

	it.each<[WeightFormat]>([['int8'], ['blocks8']])(
		'in %s takes a matrix with a row of zeros',
		async format => {
			const path = join(await temporaryDirectory(), 'zeros.onnx');
			const graph = await GraphBuilder.create('zeros', path);
			const x = graph.input('x', 'float32', ['batch', INPUTS]);
			const zeros = {outputs: 2, inputs: INPUTS, values: new Float32Array(2 * INPUTS)};
			graph.node('Identity', [await linear(graph, {format, largestInteger: 127}, x, 'fc', zeros)], {
				output: 'y',
			});
			graph.output('y', 'float32', ['batch', 2]);
			await graph.write();
			const session = await openOnnxSession(path);
			const {y} = await session.run({x: session.floats(noise(INPUTS, 6), [1, INPUTS])});
			// The kernel of blocks subtracts two large sums.
			for (const value of y!.data as Float32Array) expect(Math.abs(value)).toBeLessThan(1e-3);
			await session.close();
		},
	);
});
