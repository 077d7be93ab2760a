import {InfinisstError} from '../../errors.js';

/** Small files that some importer or tokenizer reads. */
const COMPANIONS = new Set([
	'added_tokens.json',
	'config.json',
	'generation_config.json',
	'merges.txt',
	'model.safetensors.index.json',
	'normalizer.json',
	'preprocessor_config.json',
	'special_tokens_map.json',
	'tokenizer.json',
	'tokenizer_config.json',
	'vocab.json',
	'vocabulary.json',
	'vocabulary.txt',
]);

/** Parts of a checkpoint too large for one file; those of float32 copies have another name. */
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;

/**
 * Chooses from the files of a repository or folder those needed to run the model: one set of weights, in
 * the first format of CTranslate2, safetensors, sharded safetensors, and the files that go with it.
 *
 * @param paths - relative, with `/`; those in subfolders are left out.
 * @returns small files first, so that an unsuitable model is noticed before its weights are fetched.
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if there are no weights in such a format.
 */
export function selectWeightFiles(paths: readonly string[], place: string): string[] {
	const companions = paths.filter(path => COMPANIONS.has(path));
	const weights = selectWeights(paths);
	if (weights.length === 0) {
		const others = paths.filter(path => /\.(bin|pt|pth|ckpt|onnx|gguf|h5|msgpack)$/.test(path)).slice(0, 3);
		throw new InfinisstError(
			'MODEL_UNSUPPORTED',
			`${place} has neither model.bin (CTranslate2) nor model.safetensors${others.length > 0 ? `, only ${others.join(', ')}` : ''}.`,
			{hint: 'Take a repository with one of these, or convert the weights to safetensors first.'},
		);
	}
	const isSharded = SHARD.test(weights[0]!);
	return [...companions.filter(path => isSharded || path !== 'model.safetensors.index.json'), ...weights];
}

function selectWeights(paths: readonly string[]): string[] {
	for (const name of ['model.bin', 'model.safetensors']) {
		if (paths.includes(name)) return [name];
	}
	return paths.filter(path => SHARD.test(path)).sort();
}
