import {InfinisstError} from '../../errors.js';
import type {GgufFile} from '../formats/gguf.js';
import type {PieceKind, SentencePieceFile, TokenizerFile} from './tokenizer-file.js';

/** How texts are cut before tokens are looked for, by the names of `tokenizer.ggml.pre` (llama.cpp, `llama-vocab.cpp`). */
const LLAMA3_PATTERN =
	"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN_PATTERN = LLAMA3_PATTERN.replace('\\p{N}{1,3}', '\\p{N}');
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const PRE_TOKENIZERS: Readonly<Record<string, {readonly pattern: string; readonly ignoreMerges?: boolean}>> =
	{
		'llama-bpe': {pattern: LLAMA3_PATTERN, ignoreMerges: true},
		llama3: {pattern: LLAMA3_PATTERN, ignoreMerges: true},
		'llama-v3': {pattern: LLAMA3_PATTERN, ignoreMerges: true},
		qwen2: {pattern: QWEN_PATTERN},
		'deepseek-r1-qwen': {pattern: QWEN_PATTERN},
		'gpt-2': {pattern: GPT2_PATTERN},
	};

/** Numbers of `tokenizer.ggml.token_type`; 1 is plain text. */
const KINDS: Readonly<Record<number, PieceKind>> = {
	2: 'steering',
	3: 'steering',
	4: 'written',
	5: 'unused',
	6: 'byte',
};

/**
 * Makes a tokenizer file of what a GGUF file says about its tokens.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for kinds of tokenizers that are not read; `MODEL_CORRUPT` if lists are
 * missing or of different lengths.
 */
export function readGgufTokenizer(
	{metadata}: Pick<GgufFile, 'metadata'>,
	place: string,
): TokenizerFile | SentencePieceFile {
	const kind = metadata.get('tokenizer.ggml.model');
	const tokens = metadata.get('tokenizer.ggml.tokens');
	const types = metadata.get('tokenizer.ggml.token_type');
	if (!isListOf(tokens, 'string') || tokens.length === 0) throw corrupt(place, 'lists no tokens');
	const isTyped = types !== undefined;
	if (isTyped && (!isListOf(types, 'number') || types.length !== tokens.length))
		throw corrupt(place, 'does not say for every token of what type it is');
	const kindOf = (id: number): PieceKind | undefined => (isTyped ? KINDS[types[id]!] : undefined);
	if (kind === 'llama') return readSentencePieces(metadata, tokens, kindOf, place);
	if (kind === 'gpt2') return readBytePairs(metadata, tokens, kindOf, place);
	throw new InfinisstError(
		'MODEL_UNSUPPORTED',
		`${place} has a tokenizer of the kind ${JSON.stringify(kind ?? 'none')}`,
		{
			hint: 'Tokenizers of the kinds "llama" and "gpt2" can be read.',
		},
	);
}

type Metadata = GgufFile['metadata'];

function readSentencePieces(
	metadata: Metadata,
	pieces: readonly string[],
	kindOf: (id: number) => PieceKind | undefined,
	place: string,
): SentencePieceFile {
	const scores = metadata.get('tokenizer.ggml.scores');
	if (!isListOf(scores, 'number') || scores.length !== pieces.length)
		throw corrupt(place, 'does not give every token a score');
	const listKind = (kind: PieceKind): number[] => [...pieces.keys()].filter(id => kindOf(id) === kind);
	const bytes = listKind('byte');
	if (bytes.some(id => !/^<0x[0-9A-Fa-f]{2}>$/.test(pieces[id]!)))
		throw corrupt(place, 'has tokens for bytes that name none');
	return {
		model: {type: 'sentencepiece-scores'},
		pieces,
		scores,
		kinds: {
			steering: listKind('steering'),
			written: listKind('written'),
			byte: bytes,
			unused: listKind('unused'),
		},
		addsSpace: metadata.get('tokenizer.ggml.add_space_prefix') !== false,
	};
}

function readBytePairs(
	metadata: Metadata,
	tokens: readonly string[],
	kindOf: (id: number) => PieceKind | undefined,
	place: string,
): TokenizerFile {
	const merges = metadata.get('tokenizer.ggml.merges');
	if (!isListOf(merges, 'string')) throw corrupt(place, 'lists no merges');
	const name = metadata.get('tokenizer.ggml.pre') ?? 'gpt-2';
	const pre = typeof name === 'string' ? PRE_TOKENIZERS[name] : undefined;
	if (pre === undefined) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${place} cuts texts in the way ${JSON.stringify(name)}`, {
			hint: `These ways are known: ${Object.keys(PRE_TOKENIZERS).join(', ')}.`,
		});
	}
	const added = [...tokens.keys()].filter(id => kindOf(id) === 'steering' || kindOf(id) === 'written');
	const isAdded = new Set(added);
	return {
		added_tokens: added.map(id => ({
			id,
			content: tokens[id]!,
			special: kindOf(id) === 'steering',
			single_word: false,
			lstrip: false,
			rstrip: false,
			normalized: false,
		})),
		normalizer: null,
		pre_tokenizer: {
			type: 'Sequence',
			pretokenizers: [
				{type: 'Split', pattern: {Regex: pre.pattern}, behavior: 'Isolated', invert: false},
				{type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false},
			],
		},
		decoder: {type: 'ByteLevel'},
		model: {
			type: 'BPE',
			vocab: Object.fromEntries(
				tokens
					.map((token, id) => [token, id] as const)
					.filter(([, id]) => !isAdded.has(id) && kindOf(id) !== 'unused'),
			),
			merges,
			ignore_merges: pre.ignoreMerges ?? false,
		},
	};
}

function isListOf<Type extends 'string' | 'number'>(
	value: unknown,
	type: Type,
): value is readonly (Type extends 'string' ? string : number)[] {
	return Array.isArray(value) && value.every(item => typeof item === type);
}

function corrupt(place: string, problem: string): InfinisstError {
	return new InfinisstError('MODEL_CORRUPT', `${place} ${problem}`, {
		hint: "Convert the model again with a present version of llama.cpp's tools.",
	});
}
