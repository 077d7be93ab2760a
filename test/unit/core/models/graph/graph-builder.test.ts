import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {GraphBuilder} from '../../../../../src/core/models/graph/graph-builder.js';
import {
	decodeModel,
	type GraphMessage,
	type TensorMessage,
} from '../../../../../src/core/models/graph/onnx-messages.js';
import {openOnnxSession} from '../../../../../src/core/models/onnx-session.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

interface Written {
	readonly path: string;
	readonly graph: GraphMessage;
	readonly data: Buffer;
}

async function writeGraph(fill: (graph: GraphBuilder) => Promise<void>): Promise<Written> {
	const path = join(await temporaryDirectory(), 'test.onnx');
	const builder = await GraphBuilder.create('test', path);
	await fill(builder);
	await builder.write();
	return {path, graph: decodeModel(await readFile(path)).graph, data: await readFile(`${path}.data`)};
}

function external(tensor: TensorMessage): {location: string; offset: number; length: number} {
	const entries = Object.fromEntries(tensor.externalData!.map(({key, value}) => [key, value]));
	return {
		location: entries['location']!,
		offset: Number(entries['offset']),
		length: Number(entries['length']),
	};
}

function ramp(length: number): Float32Array {
	return Float32Array.from({length}, (_, index) => index);
}

describe('GraphBuilder', () => {
	it('keeps small tensors in the graph and puts large ones beside it, each on a page of its own', async () => {
		const {graph, data} = await writeGraph(async builder => {
			await builder.tensor('small', 'float32', [255], ramp(255));
			await builder.tensor('first', 'float32', [1025], ramp(1025));
			await builder.tensor('second', 'float32', [16, 16], ramp(256));
		});
		const [small, first, second] = graph.initializer as [TensorMessage, TensorMessage, TensorMessage];
		expect(small.dataLocation).toBeUndefined();
		expect(new Float32Array(new Uint8Array(small.rawData!).buffer)).toEqual(ramp(255));
		expect(external(first)).toEqual({location: 'test.onnx.data', offset: 0, length: 4100});
		expect(external(second)).toEqual({location: 'test.onnx.data', offset: 8192, length: 1024});
		expect(data.length).toBe(8192 + 1024);
		const bytes = new Uint8Array(data.subarray(8192));
		expect(new Float32Array(bytes.buffer)).toEqual(ramp(256));
		expect(second.dims).toEqual([16, 16]);
	});

	it('stores a tensor once, however often it is asked for by its name', async () => {
		const {graph, data} = await writeGraph(async builder => {
			const name = await builder.tensor('shared', 'float32', [1024], ramp(1024));
			expect(await builder.tensor('shared', 'float32', [1024], ramp(1024))).toBe(name);
			expect(builder.integers(1, 2)).toBe(builder.integers(1, 2));
			expect(builder.float(0.5)).toBe(builder.float(0.5));
			expect(builder.integers(1, 2)).not.toBe(builder.integers(12));
			expect(builder.integer(1)).not.toBe(builder.integers(1));
		});
		expect(graph.initializer!.map(({name}) => name).filter(name => name === 'shared')).toHaveLength(1);
		expect(new Set(graph.initializer!.map(({name}) => name)).size).toBe(graph.initializer!.length);
		expect(data.length).toBe(4096);
	});

	it('adds what is shared once, and gives its values to all who ask', async () => {
		let made = 0;
		const {graph} = await writeGraph(builder => {
			const x = builder.input('x', 'float32', ['n']);
			const make = (): string[] => {
				made++;
				return [builder.node('Relu', [x])];
			};
			expect(builder.share('relu', make)).toEqual(builder.share('relu', make));
			return Promise.resolve();
		});
		expect(made).toBe(1);
		expect(graph.node).toHaveLength(1);
	});

	it('gives a view of a larger buffer only its own bytes', async () => {
		const {data} = await writeGraph(async builder => {
			await builder.tensor('view', 'float32', [256], ramp(1000).subarray(300, 556));
		});
		expect(new Float32Array(new Uint8Array(data).buffer)[0]).toBe(300);
		expect(data.length).toBe(1024);
	});

	it('writes a graph that onnxruntime computes', async () => {
		const {path} = await writeGraph(async builder => {
			const x = builder.input('x', 'float32', ['rows', 300]);
			const table = await builder.tensor('table', 'float32', [300], ramp(300));
			const sum = builder.node('Add', [x, table]);
			const [left] = builder.nodes('Split', [sum, builder.integers(100, 200)], 2, {attributes: {axis: -1n}});
			builder.node('LeakyRelu', [left!], {output: 'y', attributes: {alpha: 0.5}});
			builder.output('y', 'float32', ['rows', 100]);
		});
		const session = await openOnnxSession(path);
		const input = Float32Array.from({length: 600}, (_, index) => (index < 300 ? 1 : -100));
		const {y} = await session.run({x: session.floats(input, [2, 300])});
		expect(y!.dims).toEqual([2, 100]);
		expect([...(y!.data as Float32Array)]).toEqual([
			...Array.from({length: 100}, (_, index) => index + 1),
			...Array.from({length: 100}, (_, index) => (index - 100) * 0.5),
		]);
		await session.close();
	});

	it('does not write over a graph that exists', async () => {
		const {path} = await writeGraph(() => Promise.resolve());
		await expect(GraphBuilder.create('again', path)).rejects.toMatchObject({code: 'EEXIST'});
	});
});
