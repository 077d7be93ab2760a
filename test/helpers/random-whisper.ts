import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Precision} from '../../src/core/models/precision.js';
import {buildWhisperGraphs} from '../../src/core/models/whisper/build-whisper-graphs.js';
import type {WhisperDimensions} from '../../src/core/models/whisper/whisper-dimensions.js';
import {makeTokenizer} from './whisper-tokenizer.js';
import {writeRandomCheckpoint} from './whisper-weights.js';

/** What large-v3-turbo has and base has not: 128 mel bins, a language more, fewer decoder layers. */
export const RANDOM_DIMENSIONS: WhisperDimensions = {
	width: 128,
	heads: 2,
	encoderLayers: 3,
	decoderLayers: 2,
	melBins: 128,
	vocabularySize: 51_866,
	maxEncoderFrames: 1500,
	maxTokens: 448,
};

/** Makes a small model that has learned nothing. @returns the folder of its graphs. */
export async function buildRandomWhisper(folder: string, precision: Precision): Promise<string> {
	const outputDirectory = join(folder, 'graphs');
	await mkdir(outputDirectory);
	await writeRandomCheckpoint(folder, RANDOM_DIMENSIONS);
	await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(makeTokenizer(50_257, 100)));
	await writeFile(join(folder, 'config.json'), '{}');
	await buildWhisperGraphs({sourceDirectory: folder, outputDirectory, precision});
	return outputDirectory;
}
