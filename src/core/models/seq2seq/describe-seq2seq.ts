import {InfinisstError} from '../../errors.js';
import {describeLanguages} from './describe-languages.js';
import {findTokenizer, possibleNames, readJsonFile, type JsonObject} from './model-folder.js';
import type {SearchDefaults, Seq2seqArchitecture, Seq2seqDescription} from './seq2seq-description.js';
import {readVocabularies, type TokenIds} from './vocabulary.js';

/**
 * Reads what the configuration files beside the weights of a translation model say.
 *
 * @param name - of the model; languages may be told by it alone. @default the folder's
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` if it is of another architecture, or its languages are not told;
 * `MODEL_CORRUPT` if a file is damaged.
 */
export async function describeSeq2seq(
	directory: string,
	layout: Seq2seqDescription['layout'],
	name = '',
): Promise<Seq2seqDescription> {
	const config = await readJsonFile(directory, 'config.json');
	const generation = {...config, ...(await readJsonFile(directory, 'generation_config.json'))};
	const tokenizer = findTokenizer(directory);
	const {special} = await readVocabularies(directory, tokenizer);
	const count = (name: string): number => {
		const value = config[name];
		if (typeof value === 'number') return value;
		throw new InfinisstError('MODEL_UNSUPPORTED', `The config.json in ${directory} says no ${name}.`, {
			hint: 'Only models of transformers, with their config.json, can be imported for translation.',
		});
	};
	const maxTokens = count('max_position_embeddings');
	const endToken = firstNumber(generation['eos_token_id']) ?? special.get('</s>') ?? 0;
	const padToken = firstNumber(generation['pad_token_id']) ?? special.get('<pad>') ?? endToken;
	return {
		architecture: parseArchitecture(config['model_type'], directory),
		dimensions: {
			width: count('d_model'),
			encoderHeads: count('encoder_attention_heads'),
			decoderHeads: count('decoder_attention_heads'),
			encoderLayers: count('encoder_layers'),
			decoderLayers: count('decoder_layers'),
			vocabularySize:
				typeof config['decoder_vocab_size'] === 'number' ? config['decoder_vocab_size'] : count('vocab_size'),
			maxTokens,
		},
		layout,
		tokenizer,
		startToken: firstNumber(generation['decoder_start_token_id']) ?? padToken,
		endToken,
		padToken,
		unknownToken: special.get('<unk>') ?? padToken,
		...describeLanguages(special, await readJsonFile(directory, 'tokenizer_config.json'), [
			name,
			...possibleNames(config, directory),
		]),
		steeringTokens: steeringTokens(special, endToken, padToken),
		badWords: readBadWords(generation, padToken),
		search: readSearch(generation, maxTokens),
	};
}

export function parseArchitecture(modelType: unknown, place: string): Seq2seqArchitecture {
	if (modelType === 'marian' || modelType === 'm2m_100') return modelType;
	throw new InfinisstError(
		'MODEL_UNSUPPORTED',
		`The model in ${place} is of the type ${String(modelType)}.`,
		{
			hint: 'Translation models can be Marian (opus-mt), M2M-100 or NLLB.',
		},
	);
}

function steeringTokens(special: TokenIds, endToken: number, padToken: number): number[] {
	return [...new Set([...special.values(), endToken, padToken])].sort((a, b) => a - b);
}

/** Those of the makers; filler is never written, whether or not they say so. */
function readBadWords(generation: JsonObject, padToken: number): number[][] {
	const listed = generation['bad_words_ids'];
	const words = Array.isArray(listed) ? (listed as number[][]) : [];
	const isListed = words.some(word => word.length === 1 && word[0] === padToken);
	return isListed ? words : [...words, [padToken]];
}

function readSearch(generation: JsonObject, maxTokens: number): SearchDefaults {
	const number = (name: string, otherwise: number): number => firstNumber(generation[name]) ?? otherwise;
	// `max_length` counts the first token, which steers.
	const limit = number('max_length', maxTokens) - 1;
	return {
		beams: number('num_beams', 1),
		lengthPenalty: number('length_penalty', 1),
		noRepeatNgram: number('no_repeat_ngram_size', 0),
		maxTokens: Math.min(limit, maxTokens - 1),
		earlyStopping: generation['early_stopping'] === true,
		renormalizes: generation['renormalize_logits'] === true,
		forcesEnd: firstNumber(generation['forced_eos_token_id']) !== undefined,
	};
}

function firstNumber(value: unknown): number | undefined {
	const first: unknown = Array.isArray(value) ? value[0] : value;
	return typeof first === 'number' ? first : undefined;
}
