import {readFile} from 'node:fs/promises';

/** Written beside the compiled code by `scripts/write-silero-graph.js`; absent where sources run uncompiled. */
export const BLOCK_GRAPH_FILE = new URL('silero-block.onnx', import.meta.url);

/**
 * The graph of {@link buildSileroBlockGraph}: as the build left it, which is read in 2 ms, or built now, which
 * takes 60 ms, most of them for loading the protocol buffer library.
 *
 * @throws {InfinisstError} `MODEL_CORRUPT` if it must be built and the weights are not there.
 */
export async function readSileroBlockGraph(): Promise<Uint8Array> {
	try {
		return await readFile(BLOCK_GRAPH_FILE);
	} catch {
		const [{buildSileroBlockGraph}, {readSileroWeights}] = await Promise.all([
			import('./silero-block-graph.js'),
			import('./silero-weights.js'),
		]);
		return buildSileroBlockGraph(await readSileroWeights());
	}
}
