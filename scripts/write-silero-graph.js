/**
 * Last step of the build: leaves the graph of the voice activity model beside the compiled code, so that a
 * run need not build it.
 */
import {writeFile} from 'node:fs/promises';
import {BLOCK_GRAPH_FILE} from '../dist/core/audio/silero/read-block-graph.js';
import {buildSileroBlockGraph} from '../dist/core/audio/silero/silero-block-graph.js';
import {readSileroWeights} from '../dist/core/audio/silero/silero-weights.js';

await writeFile(BLOCK_GRAPH_FILE, buildSileroBlockGraph(await readSileroWeights()));
