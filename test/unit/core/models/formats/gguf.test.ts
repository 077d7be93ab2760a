import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openGguf} from '../../../../../src/core/models/formats/gguf.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {makeGguf, text, uint32, uint64} from '../../../../helpers/make-gguf.js';
import {readGoldens, unpackFloats} from '../../../../helpers/random-language-model.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

async function open(bytes: Buffer) {
	const path = join(await temporaryDirectory(), 'model.gguf');
	await writeFile(path, bytes);
	return openGguf(path);
}

const TYPES: Readonly<Record<string, number>> = {
	Q4_0: 2,
	Q4_1: 3,
	Q5_0: 6,
	Q5_1: 7,
	Q8_0: 8,
	Q4_K: 12,
	Q5_K: 13,
	Q6_K: 14,
};

const floats = Float32Array.of(1, -2, 3, 0.5, -0.25, 6);
const plain = {name: 'plain', type: 0, shape: [2, 3], bytes: new Uint8Array(floats.buffer)};

describe('openGguf', () => {
	it('reads facts of every kind', async () => {
		const file = await open(
			makeGguf({
				'general.architecture': 'llama',
				count: 7,
				base: {float: 0.5},
				isTrue: true,
				words: ['a', 'ü', ''],
				scores: [1, -2.5],
			}),
		);
		expect(Object.fromEntries(file.metadata)).toEqual({
			'general.architecture': 'llama',
			count: 7,
			base: 0.5,
			isTrue: true,
			words: ['a', 'ü', ''],
			scores: [1, -2.5],
		});
		await file.close();
	});

	it('reads a header that is longer than what it reads at first', async () => {
		const words = Array.from({length: 60_000}, (_, index) => `a word that takes some room, ${index}`);
		const file = await open(makeGguf({words}, [plain]));
		expect(file.metadata.get('words')).toEqual(words);
		expect((await file.read('plain')).values).toEqual(floats);
		await file.close();
	});

	it('reads floats of 32 and 16 bits, with the longest jumps first', async () => {
		const file = await open(
			makeGguf({}, [
				plain,
				{name: 'half', type: 1, shape: [2], bytes: Uint8Array.of(0x00, 0x3c, 0x00, 0xc0)},
				{name: 'brain', type: 30, shape: [2], bytes: Uint8Array.of(0x80, 0x3f, 0x00, 0xc0)},
			]),
		);
		expect(await file.read('plain')).toEqual({shape: [2, 3], values: floats});
		expect([...(await file.read('half')).values]).toEqual([1, -2]);
		expect([...(await file.read('brain')).values]).toEqual([1, -2]);
		expect(await file.readBlocks('plain')).toBeUndefined();
		await file.close();
	});

	it.each(Object.keys(TYPES))('reads %s as gguf-py does', async name => {
		const golden = (await readGoldens()).blocks[name]!;
		const weights = unpackFloats(golden.weights);
		const bytes = Buffer.from(golden.bytes, 'base64');
		const file = await open(
			makeGguf({}, [{name: 'w', type: TYPES[name]!, shape: [2, weights.length / 2], bytes}]),
		);
		const {values} = await file.read('w');
		await file.close();
		const largest = Math.max(...weights.map(Math.abs));
		const difference = Math.max(...values.map((value, index) => Math.abs(value - weights[index]!)));
		expect(values.length).toBe(weights.length);
		expect(difference).toBeLessThan(largest * 1e-6);
	});

	const head = (version: number, tensors: number | bigint, facts: number | bigint): Buffer =>
		Buffer.concat([Buffer.from('GGUF'), uint32(version), uint64(tensors), uint64(facts)]);
	const tensor = (axes: readonly (number | bigint)[], type: number, offset: number | bigint): Buffer =>
		Buffer.concat([
			head(3, 1, 0),
			text('w'),
			uint32(axes.length),
			...axes.map(uint64),
			uint32(type),
			uint64(offset),
			Buffer.alloc(256),
		]);
	it.each<readonly [string, Buffer, 'MODEL_CORRUPT' | 'MODEL_UNSUPPORTED', RegExp]>([
		['an empty file', Buffer.alloc(0), 'MODEL_CORRUPT', /is no GGUF file/],
		['another format', Buffer.alloc(100, 'PK'), 'MODEL_CORRUPT', /is no GGUF file/],
		['version 1', head(1, 0, 0), 'MODEL_UNSUPPORTED', /version 1, not 2 or 3/],
		['big-endian numbers', head(0x03000000, 0, 0), 'MODEL_UNSUPPORTED', /big-endian/],
		['too many tensors', head(3, 2n ** 40n, 0), 'MODEL_CORRUPT', /claims 1099511627776 tensors/],
		[
			'a count of 64 bits',
			head(3, 0, 2n ** 64n - 1n),
			'MODEL_CORRUPT',
			/claims a size of 18446744073709551615/,
		],
		[
			'a string longer than the file',
			Buffer.concat([head(3, 0, 1), uint64(1e9), Buffer.alloc(64)]),
			'MODEL_CORRUPT',
			/claims 1000000000 characters/,
		],
		[
			'a list longer than the file',
			Buffer.concat([head(3, 0, 1), text('k'), uint32(9), uint32(6), uint64(1e12), Buffer.alloc(64)]),
			'MODEL_CORRUPT',
			/claims 1000000000000 values in "k"/,
		],
		[
			'a list of lists',
			Buffer.concat([head(3, 0, 1), text('k'), uint32(9), uint32(9), uint64(1), Buffer.alloc(64)]),
			'MODEL_CORRUPT',
			/unknown type 9/,
		],
		[
			'a fact of no type',
			Buffer.concat([head(3, 0, 1), text('k'), uint32(77), Buffer.alloc(64)]),
			'MODEL_CORRUPT',
			/"k" as the unknown type 77/,
		],
		[
			'a fact twice',
			Buffer.concat([
				head(3, 0, 2),
				...[1, 2].flatMap(value => [text('k'), uint32(4), uint32(value)]),
				Buffer.alloc(64),
			]),
			'MODEL_CORRUPT',
			/has the key "k" twice/,
		],
		['a tensor without axes', tensor([], 0, 0), 'MODEL_CORRUPT', /of 0 axes/],
		['a tensor of many axes', tensor([1, 1, 1, 1, 1, 1], 0, 0), 'MODEL_CORRUPT', /of 6 axes/],
		[
			'sizes whose product overflows',
			tensor([2n ** 40n, 2n ** 40n], 0, 0),
			'MODEL_CORRUPT',
			/impossible shape/,
		],
		['an axis of nothing', tensor([0, 4], 0, 0), 'MODEL_CORRUPT', /impossible shape/],
		['a row of half a block', tensor([16, 2], 2, 0), 'MODEL_CORRUPT', /impossible shape/],
		['a tensor behind the end', tensor([4096], 0, 0), 'MODEL_CORRUPT', /"w" does not lie within the file/],
		['a tensor far away', tensor([4], 0, 2n ** 52n), 'MODEL_CORRUPT', /"w" does not lie within the file/],
		['a crooked place', tensor([4], 0, 3), 'MODEL_CORRUPT', /"w" does not lie within the file/],
		[
			'weights that are not read',
			tensor([256], 10, 0),
			'MODEL_UNSUPPORTED',
			/"w" as Q2_K, which is not read/,
		],
		[
			'an alignment of nothing',
			makeGguf({'general.alignment': 0}, [plain]),
			'MODEL_CORRUPT',
			/alignment of 0/,
		],
		[
			'half a header',
			makeGguf({'general.name': 'x'.repeat(90)}, [plain]).subarray(0, 40),
			'MODEL_CORRUPT',
			/claims/,
		],
		[
			'half of its data',
			makeGguf({}, [plain]).subarray(0, -24),
			'MODEL_CORRUPT',
			/"plain" does not lie within the file/,
		],
	])('refuses %s', async (_, bytes, code, message) => {
		await expect(catchRejection(open(bytes))).resolves.toMatchObject({
			code,
			message: expect.stringMatching(message) as string,
		});
	});

	it('never fails in another way, wherever a file is cut or a byte of it is wrong', async () => {
		const whole = makeGguf({'general.architecture': 'llama', words: ['a', 'b'], scores: [1, 2]}, [plain]);
		for (let index = 0; index < whole.length - 32; index += 3) {
			const broken = Buffer.from(whole);
			broken[index] = broken[index]! ^ 0xff;
			for (const bytes of [broken, whole.subarray(0, index)]) {
				const opened = await open(bytes).catch((error: unknown) => error);
				if (opened instanceof Error) expect(opened).toHaveProperty('code', expect.stringMatching(/^MODEL_/));
				else await (opened as Awaited<ReturnType<typeof open>>).close();
			}
		}
	});
});
