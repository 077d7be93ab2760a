import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import {openSafetensors, openShardedSafetensors} from '../formats/safetensors.js';
import type {WeightFile} from '../formats/weight-file.js';
import type {Matrix} from '../graph/linear.js';

/** Weights of an encoder-decoder model by the names of transformers, without `model.` before them. */
export interface Seq2seqCheckpoint {
	/** A matrix, for example `encoder.layers.0.fc1`. */
	matrix(name: string): Promise<Matrix>;
	vector(name: string): Promise<Float32Array>;
	/** Token vectors of one side, which are often one matrix for all. */
	embedding(side: 'encoder' | 'decoder' | 'output'): Promise<Matrix>;
	/** Under the same name, the same matrix. */
	embeddingName(side: 'encoder' | 'decoder' | 'output'): string;
	/** Added to the logits; undefined where there is none. */
	logitsBias(): Promise<Float32Array | undefined>;
	close(): Promise<void>;
}

/** Where the token vectors of a side may lie: tied ones are stored once, under any of their names. */
const EMBEDDINGS = {
	encoder: ['encoder.embed_tokens.weight', 'shared.weight', 'decoder.embed_tokens.weight', 'lm_head.weight'],
	decoder: ['decoder.embed_tokens.weight', 'shared.weight', 'lm_head.weight', 'encoder.embed_tokens.weight'],
	output: ['lm_head.weight', 'decoder.embed_tokens.weight', 'shared.weight', 'encoder.embed_tokens.weight'],
} as const;

/**
 * Opens the weights in a folder: `model.safetensors` or a sharded checkpoint.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if there is none.
 */
export async function openSeq2seqCheckpoint(directory: string): Promise<Seq2seqCheckpoint> {
	const single = join(directory, 'model.safetensors');
	if (existsSync(single)) return createCheckpoint(await openSafetensors(single), single);
	const sharded = join(directory, 'model.safetensors.index.json');
	if (existsSync(sharded)) return createCheckpoint(await openShardedSafetensors(sharded), sharded);
	throw new InfinisstError('MODEL_UNSUPPORTED', `No weights in ${directory}`, {
		hint: 'The folder must hold model.safetensors, model.safetensors.index.json or the exported graphs in onnx/.',
	});
}

function createCheckpoint(file: WeightFile, path: string): Seq2seqCheckpoint {
	const find = (name: string): string | undefined =>
		[`model.${name}`, name].find(stored => file.shape(stored) !== undefined);
	const require = (name: string): string => {
		const stored = find(name);
		if (stored !== undefined) return stored;
		throw new InfinisstError('MODEL_UNSUPPORTED', `${path} has no tensor "${name}"`, {
			hint: 'Only checkpoints of Marian, M2M-100 and NLLB models of transformers can be imported for translation.',
		});
	};
	const readMatrix = async (stored: string): Promise<Matrix> => {
		const {shape, values} = await file.read(stored);
		return {outputs: shape[0]!, inputs: shape[1]!, values};
	};
	const embeddingName = (side: 'encoder' | 'decoder' | 'output'): string =>
		EMBEDDINGS[side].map(find).find(name => name !== undefined) ?? require('shared.weight');
	return {
		matrix: name => readMatrix(require(`${name}.weight`)),
		vector: async name => (await file.read(require(name))).values,
		embedding: side => readMatrix(embeddingName(side)),
		embeddingName,
		logitsBias: async () => {
			const stored = find('final_logits_bias');
			return stored === undefined ? undefined : (await file.read(stored)).values;
		},
		close: () => file.close(),
	};
}
