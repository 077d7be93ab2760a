import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openSafetensors, openShardedSafetensors} from '../../../../../src/core/models/formats/safetensors.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {
	makeSafetensors,
	makeSafetensorsHeader,
	writeSafetensors,
	type TensorToWrite,
} from '../../../../helpers/make-safetensors.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

function floats(shape: readonly number[], ...values: readonly number[]): TensorToWrite {
	return {dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer)};
}

async function writeBytes(bytes: Uint8Array): Promise<string> {
	const path = join(await temporaryDirectory(), 'model.safetensors');
	await writeFile(path, bytes);
	return path;
}

const tensors: Record<string, TensorToWrite> = {
	'conv.weight': floats([2, 2], 1, 2, 3, 4),
	half: {dtype: 'F16', shape: [2], bytes: Uint8Array.of(0x00, 0x3c, 0x00, 0xc0)},
	brain: {dtype: 'BF16', shape: [1], bytes: Uint8Array.of(0x49, 0x40)},
};

describe('openSafetensors()', () => {
	it('reads names, shapes and weights, and skips the metadata', async () => {
		const file = await openSafetensors(await writeBytes(makeSafetensors(tensors)));
		expect(file.names).toEqual(['conv.weight', 'half', 'brain']);
		expect(file.shape('conv.weight')).toEqual([2, 2]);
		expect(file.shape('other')).toBeUndefined();
		expect(await file.read('conv.weight')).toEqual({shape: [2, 2], values: Float32Array.of(1, 2, 3, 4)});
		expect((await file.read('half')).values).toEqual(Float32Array.of(1, -2));
		expect((await file.read('brain')).values).toEqual(Float32Array.of(3.140625));
		await Promise.all([file.close(), file.close()]);
	});

	it('leaves out tensors of types that no model here uses', async () => {
		const withBooleans = {...tensors, mask: {dtype: 'BOOL', shape: [1], bytes: Uint8Array.of(1)}};
		const file = await openSafetensors(await writeBytes(makeSafetensors(withBooleans)));
		expect(file.names).toEqual(Object.keys(tensors));
		await file.close();
	});

	it('says which tensor is missing', async () => {
		const file = await openSafetensors(await writeBytes(makeSafetensors(tensors)));
		const error = await catchRejection(file.read('proj_out.weight'));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain('"proj_out.weight"');
		await file.close();
	});

	it('refuses a file that is cut anywhere', async () => {
		const whole = makeSafetensors(tensors);
		const codes = new Set<string>();
		for (let length = 0; length < whole.length; length++) {
			codes.add((await catchRejection(openSafetensors(await writeBytes(whole.subarray(0, length))))).code);
		}
		expect([...codes]).toEqual(['MODEL_CORRUPT']);
	});

	const data = Buffer.alloc(16);
	const entry = (parts: object): Buffer =>
		Buffer.concat([
			makeSafetensorsHeader({w: {dtype: 'F32', shape: [4], data_offsets: [0, 16], ...parts}}),
			data,
		]);

	it.each([
		[
			'whose header would be longer than the file',
			Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]), data]),
		],
		['whose header would be of astronomic length', Buffer.alloc(64, 0xff)],
		['whose header is no JSON', makeSafetensorsHeader('{"w":')],
		['whose header is a list', makeSafetensorsHeader('[1]')],
		['whose header is null', makeSafetensorsHeader('null')],
		['with a tensor past the end', entry({data_offsets: [4, 20]})],
		['with a tensor before the beginning', entry({data_offsets: [-8, 8]})],
		['with a tensor that ends before it begins', entry({data_offsets: [16, 0]})],
		['with a tensor of fewer bytes than its shape needs', entry({data_offsets: [0, 12]})],
		['with a tensor of more bytes than its shape needs', entry({shape: [3]})],
		['with a tensor at half a byte', entry({data_offsets: [0.5, 16.5]})],
		['with a tensor that has no place', entry({data_offsets: undefined})],
		['with a tensor that has no shape', entry({shape: undefined})],
		['with a tensor of negative size', entry({shape: [-2, -2]})],
		['with a tensor that is null', makeSafetensorsHeader({w: null})],
	])('refuses a file %s', async (_title, bytes) => {
		const path = await writeBytes(bytes);
		const error = await catchRejection(openSafetensors(path));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain(path);
	});
});

describe('openShardedSafetensors()', () => {
	async function writeCheckpoint(weightMap: unknown): Promise<string> {
		const parent = await temporaryDirectory();
		const folder = join(parent, 'model');
		await mkdir(join(folder, 'folder'), {recursive: true});
		// What must not be reached.
		for (const other of [parent, join(folder, 'folder')])
			await writeSafetensors(join(other, 'one.safetensors'), {a: floats([2], 1, 2)});
		await writeSafetensors(join(folder, 'one.safetensors'), {a: floats([2], 1, 2), b: floats([1], 3)});
		await writeSafetensors(join(folder, 'two.safetensors'), {c: floats([1], 4)});
		const index = join(folder, 'model.safetensors.index.json');
		await writeFile(
			index,
			typeof weightMap === 'string' ? weightMap : JSON.stringify({weight_map: weightMap}),
		);
		return index;
	}

	it('finds each tensor in the file that the index names', async () => {
		const file = await openShardedSafetensors(
			await writeCheckpoint({a: 'one.safetensors', b: 'one.safetensors', c: 'two.safetensors'}),
		);
		expect(file.names).toEqual(['a', 'b', 'c']);
		expect(file.shape('a')).toEqual([2]);
		expect(file.shape('d')).toBeUndefined();
		const read = await Promise.all(['a', 'b', 'c'].map(name => file.read(name)));
		expect(read.map(({values}) => [...values])).toEqual([[1, 2], [3], [4]]);
		await Promise.all([file.close(), file.close()]);
	});

	it('says which tensor is in no file', async () => {
		const file = await openShardedSafetensors(
			await writeCheckpoint({a: 'one.safetensors', d: 'two.safetensors'}),
		);
		for (const name of ['d', 'e']) {
			const error = await catchRejection(file.read(name));
			expect(error.code).toBe('MODEL_CORRUPT');
			expect(error.message).toContain(`"${name}"`);
		}
		await file.close();
	});

	it.each([
		['../one.safetensors'],
		['folder/one.safetensors'],
		['..\\one.safetensors'],
		['/etc/passwd'],
		['..'],
		['.'],
		[''],
		[7],
	])('refuses an index that names %j as a file', async name => {
		const error = await catchRejection(openShardedSafetensors(await writeCheckpoint({a: name})));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain('index.json names a file that is no shard beside it');
	});

	it('says which file of the checkpoint is missing', async () => {
		const index = await writeCheckpoint({a: 'one.safetensors', c: 'three.safetensors'});
		const error = await catchRejection(openShardedSafetensors(index));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain('three.safetensors');
	});

	it.each([['{"weight_map":'], ['null'], ['[]'], ['{}'], ['{"weight_map":[]}']])(
		'refuses an index that reads %s',
		async text => {
			const error = await catchRejection(openShardedSafetensors(await writeCheckpoint(text)));
			expect(error.code).toBe('MODEL_CORRUPT');
		},
	);
});
