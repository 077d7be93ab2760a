import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {GraphBuilder} from '../../../../src/core/models/graph/graph-builder.js';
import {openOnnxSession} from '../../../../src/core/models/onnx-session.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

/** y = x + 1, z = x of the type int64. */
async function writeGraph(): Promise<string> {
	const path = join(await temporaryDirectory(), 'test.onnx');
	const graph = await GraphBuilder.create('test', path);
	graph.node('Add', [graph.input('x', 'float32', ['n']), graph.float(1)], {output: 'y'});
	graph.output('y', 'float32', ['n']);
	graph.node('Identity', [graph.input('ids', 'int64', ['n'])], {output: 'z'});
	graph.output('z', 'int64', ['n']);
	await graph.write();
	return path;
}

describe('openOnnxSession()', () => {
	it('runs a graph from a file, and brings back what was asked for', async () => {
		const session = await openOnnxSession(await writeGraph());
		const inputs = {x: session.floats(Float32Array.of(1, 2), [2]), ids: session.integers([3, -4], [2])};
		const all = await session.run(inputs);
		expect(Object.keys(all).sort()).toEqual(['y', 'z']);
		expect(all['y']!.data).toEqual(Float32Array.of(2, 3));
		expect(all['z']!.data).toEqual(BigInt64Array.of(3n, -4n));
		expect(Object.keys(await session.run(inputs, ['y']))).toEqual(['y']);
		await session.close();
	});

	it('finishes running calls before it closes, and refuses new ones', async () => {
		const session = await openOnnxSession(await writeGraph());
		const inputs = {x: session.floats(Float32Array.of(1), [1]), ids: session.integers([1], [1])};
		const running = session.run(inputs, ['y']);
		await Promise.all([session.close(), session.close()]);
		expect((await running)['y']!.data).toEqual(Float32Array.of(2));
		expect((await catchRejection(session.run(inputs))).code).toBe('RESOURCE_CLOSED');
	});

	it('says which file cannot be loaded, and what to do', async () => {
		const path = join(await temporaryDirectory(), 'broken.onnx');
		await writeFile(path, 'no graph');
		for (const file of [path, join(path, 'missing.onnx')]) {
			const error = await catchRejection(openOnnxSession(file));
			expect(error.code).toBe('MODEL_CORRUPT');
			expect(error.message).toContain(file);
			expect(error.hint).toContain('models verify');
		}
	});

	it('says which devices there are where one is missing', async () => {
		const {listSupportedBackends} = (await import('onnxruntime-node')).default;
		const names = listSupportedBackends().map(({name}) => name);
		const missing = (['cuda', 'webgpu'] as const).find(device => !names.includes(device));
		if (missing === undefined) return;
		const error = await catchRejection(openOnnxSession(await writeGraph(), {device: missing}));
		expect(error.code).toBe('DEVICE_UNAVAILABLE');
		expect(error.hint).toContain('--device cpu');
	});
});
