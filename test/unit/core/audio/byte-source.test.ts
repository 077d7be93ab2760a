import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {openByteSource, type ByteSource} from '../../../../src/core/audio/byte-source.js';
import {createRandom, streamInput} from '../../../helpers/byte-stream.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

const BYTES = Uint8Array.from({length: 1000}, (_, index) => index);
const open = (pieceBytes: readonly number[] = [7, 300, 1]): Promise<ByteSource> =>
	openByteSource(streamInput(BYTES, pieceBytes));

describe('a source of bytes', () => {
	it('gives every byte once, whatever is peeked, taken and skipped', async () => {
		const random = createRandom(5);
		for (let trial = 0; trial < 50; trial++) {
			const source = await open(Array.from({length: 20}, () => Math.ceil(random() * 40)));
			let position = 0;
			while (position < BYTES.length) {
				const count = Math.ceil(random() * 60);
				expect(await source.peek(count)).toEqual(BYTES.subarray(position, position + count));
				const ways = [
					async () => (await source.read(count))!.length,
					async () => (await source.take(count)).length,
					async () => source.skip(count),
					async () => (await source.readUnits(6, count + 6))!.length,
				];
				position += await ways[Math.floor(random() * ways.length)]!();
				expect(source.positionBytes).toBe(position);
			}
			expect(await source.read()).toBeUndefined();
		}
	});

	it('reads whole units, but for the last', async () => {
		const source = await open();
		const lengths: number[] = [];
		for (let part = await source.readUnits(6); part !== undefined; part = await source.readUnits(6))
			lengths.push(part.length);
		expect(lengths.slice(0, -1).filter(length => length % 6 !== 0)).toEqual([]);
		expect(lengths.at(-1)).toBe(1000 % 6);
	});

	it('goes back to its mark', async () => {
		const source = await open();
		await source.take(10);
		source.mark();
		await source.take(500);
		await source.peek(100);
		expect(source.rewind()).toBe(true);
		expect(source.positionBytes).toBe(10);
		expect(await source.take(990)).toEqual(BYTES.subarray(10));
		expect(source.rewind()).toBe(false);
	});

	it('reads a file out of order too', async () => {
		const path = join(await temporaryDirectory(), 'bytes');
		await writeFile(path, BYTES);
		const source = await openByteSource({kind: 'file', path});
		expect(source.file?.sizeBytes).toBe(1000);
		expect(await source.file?.readAt(990, 100)).toEqual(BYTES.subarray(990));
		expect(await source.take(2000)).toEqual(BYTES);
		await source.close();
	});

	it('ends a read that waits when it is closed, and may be closed twice', async () => {
		const stream = new PassThrough();
		const source = await openByteSource({kind: 'stream', stream, name: 'test'});
		const reading = source.read();
		await Promise.all([source.close(), source.close()]);
		expect(await reading).toBeUndefined();
		expect(stream.destroyed).toBe(true);
		expect(await source.read()).toBeUndefined();
	});
});
