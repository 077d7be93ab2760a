import {InfinisstError} from '../../errors.js';
import {selectExport} from '../decoder-lm/exported-files.js';
import {hubGraphNames} from '../seq2seq/hub-graphs.js';

/** Small files that some importer or tokenizer reads. */
const COMPANIONS = new Set([
	'added_tokens.json',
	'chat_template.jinja',
	'config.json',
	'generation_config.json',
	'merges.txt',
	'model.safetensors.index.json',
	'normalizer.json',
	'preprocessor_config.json',
	'sentencepiece.bpe.model',
	'source.spm',
	'special_tokens_map.json',
	'target.spm',
	'target_vocab.json',
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
 * the first format of CTranslate2, safetensors, sharded safetensors, graphs of an encoder-decoder model, GGUF, graphs of a language model, and the files that go with it.
 *
 * @param paths - relative, with `/`; those in subfolders are left out, but for the graphs in `onnx/`.
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
			`${place} has neither model.bin (CTranslate2) nor model.safetensors nor a GGUF file${others.length > 0 ? `, only ${others.join(', ')}` : ''}.`,
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
	const shards = paths.filter(path => SHARD.test(path)).sort();
	if (shards.length > 0) return shards;
	const graphs = selectExportedGraphs(paths);
	if (graphs.length > 0) return graphs;
	const gguf = selectGguf(paths);
	return gguf.length > 0 ? gguf : selectExport(paths);
}

/** Of the same weights in several sizes the one that most people take; those split over files must be merged first. */
function selectGguf(paths: readonly string[]): string[] {
	const whole = paths
		.filter(path => /^[^/]+\.gguf$/.test(path) && !/-\d{5}-of-\d{5}\.gguf$/.test(path))
		.sort();
	const best = GGUF_PREFERENCES.map(kind => whole.find(path => path.toUpperCase().includes(kind)));
	const chosen = best.find(path => path !== undefined) ?? whole[0];
	return chosen === undefined ? [] : [chosen];
}

const GGUF_PREFERENCES = ['Q4_K_M', 'Q8_0', 'Q5_K_M', 'Q6_K', 'Q4_0'];

/** The smallest of the exports of an encoder-decoder model: they are run as they are. */
function selectExportedGraphs(paths: readonly string[]): string[] {
	for (const suffix of ['_quantized', '_int8', '', '_fp16']) {
		const {encoder, decoder} = hubGraphNames(suffix);
		if (!paths.includes(encoder) || !paths.includes(decoder)) continue;
		return [encoder, decoder, `${encoder}_data`, `${decoder}_data`].filter(path => paths.includes(path));
	}
	return [];
}
