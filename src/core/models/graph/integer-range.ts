import {rm, mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {openOnnxSession} from '../onnx-session.js';
import {GraphBuilder} from './graph-builder.js';

/** As wide as the products of a Whisper head, so that the kernel in use is the one that is tried. */
const SIZE = 64;

/** All 8 bits of a signed weight. */
const FULL_RANGE = 127;

/** Two products of a byte with such a weight always fit into 16 bits. */
const SAFE_RANGE = 63;

/**
 * Largest magnitude of an 8-bit weight whose product with bytes is exact on this machine. Processors without
 * VNNI add pairs of products in 16 bits, where 2 · 255 · 127 is cut off; weights of 7 bits are always safe.
 */
export async function probeIntegerRange(): Promise<number> {
	const directory = await mkdtemp(join(tmpdir(), 'infinisst-probe-'));
	try {
		const path = join(directory, 'probe.onnx');
		const graph = await GraphBuilder.create('integer_product', path);
		const bytes = graph.input('bytes', 'uint8', ['rows', SIZE]);
		const weights = await graph.tensor(
			'weights',
			'int8',
			[SIZE, SIZE],
			new Int8Array(SIZE * SIZE).fill(FULL_RANGE),
		);
		graph.node('Cast', [graph.node('MatMulInteger', [bytes, weights])], {
			output: 'product',
			attributes: {to: 1n},
		});
		graph.output('product', 'float32', ['rows', SIZE]);
		await graph.write();
		const session = await openOnnxSession(path);
		try {
			// One row and many take different kernels.
			for (const rows of [1, SIZE]) {
				const input = session.unsignedBytes(new Uint8Array(rows * SIZE).fill(255), [rows, SIZE]);
				const {product} = await session.run({bytes: input});
				const isExact = (product!.data as Float32Array).every(value => value === SIZE * 255 * FULL_RANGE);
				if (!isExact) return SAFE_RANGE;
			}
			return FULL_RANGE;
		} finally {
			await session.close();
		}
	} finally {
		await rm(directory, {recursive: true, force: true});
	}
}
