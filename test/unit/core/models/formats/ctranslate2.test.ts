import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openCTranslate2} from '../../../../../src/core/models/formats/ctranslate2.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

interface Variable {
	readonly name: string;
	readonly shape: readonly number[];
	/** CTranslate2's number of the type: 0 float32, 1 int8, 4 float16, 5 bfloat16. */
	readonly type: number;
	readonly bytes: Buffer;
	/** What the file says, if that is not the truth. */
	readonly lengthBytes?: number;
}

function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32LE(value);
	return bytes;
}

/** Length in 16 bits with the closing zero counted, the characters, the zero. */
function text(value: string): Buffer {
	const characters = Buffer.from(`${value}\0`);
	return Buffer.concat([Buffer.of(characters.length & 255, characters.length >> 8), characters]);
}

function floats(...values: readonly number[]): Buffer {
	return Buffer.from(Float32Array.from(values).buffer);
}

/** A `model.bin` as the converter writes it. */
function makeModel(
	variables: readonly Variable[],
	aliases: readonly (readonly [string, string])[] = [],
	version = 6,
): Buffer {
	return Buffer.concat([
		uint32(version),
		text('WhisperSpec'),
		uint32(3),
		uint32(variables.length),
		...variables.flatMap(({name, shape, type, bytes, lengthBytes}) => [
			text(name),
			Buffer.of(shape.length),
			...shape.map(uint32),
			Buffer.of(type),
			uint32(lengthBytes ?? bytes.length),
			bytes,
		]),
		uint32(aliases.length),
		...aliases.flatMap(([alias, target]) => [text(alias), text(target)]),
	]);
}

async function writeModel(bytes: Uint8Array): Promise<string> {
	const path = join(await temporaryDirectory(), 'model.bin');
	await writeFile(path, bytes);
	return path;
}

const matrix: Variable = {name: 'a/weight', shape: [2, 3], type: 0, bytes: floats(1, 2, 3, 4, 5, 6)};
const half: Variable = {name: 'b/weight', shape: [2], type: 4, bytes: Buffer.of(0x00, 0x3c, 0x00, 0xc0)};
const brain: Variable = {name: 'c/weight', shape: [1], type: 5, bytes: Buffer.of(0x49, 0x40)};
const scalar: Variable = {name: 'd/heads', shape: [], type: 1, bytes: Buffer.of(8)};

describe('openCTranslate2()', () => {
	it.each([5, 6])('reads names, shapes and weights of version %d', async version => {
		const file = await openCTranslate2(
			await writeModel(makeModel([matrix, half, brain, scalar], [], version)),
		);
		expect(file.specification).toBe('WhisperSpec');
		expect(file.names).toEqual(['a/weight', 'b/weight', 'c/weight', 'd/heads']);
		expect(file.shape('a/weight')).toEqual([2, 3]);
		expect(file.shape('d/heads')).toEqual([]);
		expect(file.shape('e')).toBeUndefined();
		expect(await file.read('a/weight')).toEqual({
			shape: [2, 3],
			values: Float32Array.of(1, 2, 3, 4, 5, 6),
		});
		expect((await file.read('b/weight')).values).toEqual(Float32Array.of(1, -2));
		expect((await file.read('c/weight')).values).toEqual(Float32Array.of(3.140625));
		await file.close();
	});

	it('finds a tensor by its alias too, and ignores an alias of nothing', async () => {
		const aliases = [
			['decoder/projection/weight', 'a/weight'],
			['x', 'nowhere'],
		] as const;
		const file = await openCTranslate2(await writeModel(makeModel([matrix, half], aliases)));
		expect(await file.read('decoder/projection/weight')).toEqual(await file.read('a/weight'));
		expect(file.shape('x')).toBeUndefined();
		await file.close();
	});

	it('reads an index that is longer than one look into the file', async () => {
		const variables = Array.from({length: 400}, (_, index): Variable => {
			return {name: `layer_${index}/${'x'.repeat(index)}`, shape: [1], type: 0, bytes: floats(index)};
		});
		const file = await openCTranslate2(await writeModel(makeModel(variables)));
		for (const [index, {name}] of variables.entries())
			expect((await file.read(name)).values).toEqual(Float32Array.of(index));
		await file.close();
	});

	it('may be read from several sides at once, and closed twice', async () => {
		const file = await openCTranslate2(await writeModel(makeModel([matrix, half])));
		const [a, b] = await Promise.all([file.read('a/weight'), file.read('b/weight')]);
		expect([a.values.length, b.values.length]).toEqual([6, 2]);
		await Promise.all([file.close(), file.close()]);
	});

	it.each([0, 4, 7, 0x746f6f6c])('refuses version %d and says which it reads', async version => {
		const error = await catchRejection(openCTranslate2(await writeModel(makeModel([matrix], [], version))));
		expect(error.code).toBe('MODEL_UNSUPPORTED');
		expect(error.message).toContain('version 5 or 6');
		expect(error.message).toContain(String(version));
	});

	it('refuses a model that is cut anywhere', async () => {
		const whole = makeModel([matrix, half], [['c', 'a/weight']]);
		const codes = new Set<string>();
		for (let length = 0; length < whole.length; length++) {
			const path = await writeModel(whole.subarray(0, length));
			codes.add((await catchRejection(openCTranslate2(path))).code);
		}
		expect([...codes]).toEqual(['MODEL_CORRUPT']);
	});

	it.each([
		['has more bytes than its shape', {...matrix, lengthBytes: 28}],
		['is of a type that there is not', {...matrix, type: 9}],
	])('refuses a tensor that %s', async (_title, variable) => {
		const error = await catchRejection(openCTranslate2(await writeModel(makeModel([variable]))));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain('"a/weight"');
	});

	it('refuses weights that are quantised already when they are read, naming them', async () => {
		const file = await openCTranslate2(await writeModel(makeModel([scalar])));
		const error = await catchRejection(file.read('d/heads'));
		expect(error.code).toBe('MODEL_UNSUPPORTED');
		expect(error.message).toContain('"d/heads"');
		await file.close();
	});

	it('says which tensor is missing', async () => {
		const file = await openCTranslate2(await writeModel(makeModel([matrix])));
		const error = await catchRejection(file.read('encoder/conv1/weight'));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain('"encoder/conv1/weight"');
		await file.close();
	});
});
