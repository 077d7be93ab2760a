import {InfinisstError} from '../../errors.js';
import {BYTE_OF_CHARACTER} from '../decoding/byte-characters.js';
import {createLanguageTokenizer} from './create-language-tokenizer.js';
import type {LanguageTokenizer} from './language-tokenizer.js';
import type {TokenizerFile} from './tokenizer-file.js';

/** The part of the tokenizer library that is used; its own types do not resolve. */
interface TextEncoderOfLibrary {
	encode(text: string, options: {readonly add_special_tokens: boolean}): {readonly ids: readonly number[]};
}

type Part = Readonly<Record<string, unknown>>;

/**
 * Tokenizer of a `tokenizer.json` with byte-level BPE, or with SentencePiece's pieces as BPE: Llama, Qwen and Gemma.
 *
 * @throws {InfinisstError} `MODEL_UNSUPPORTED` for other kinds of tokens.
 */
export async function createJsonTokenizer(file: TokenizerFile, place: string): Promise<LanguageTokenizer> {
	const library = (await import('@huggingface/tokenizers')) as unknown as {
		readonly Tokenizer: new (tokenizer: unknown, config: unknown) => TextEncoderOfLibrary;
	};
	const added = file.added_tokens ?? [];
	const decoders = listParts(file.decoder, 'decoders');
	const isByteLevel = decoders.some(({type}) => type === 'ByteLevel');
	if (!isByteLevel && !decoders.some(({type}) => type === 'ByteFallback')) {
		throw new InfinisstError('MODEL_UNSUPPORTED', `${place} is a tokenizer neither of bytes nor with bytes`, {
			hint: 'Tokenizers of Llama, Qwen and Gemma models can be read.',
		});
	}
	const {plain, spaceRule} = withoutPrefix(file);
	const tokenizer = new library.Tokenizer(
		// Steering tokens that somebody writes are text like any other, unless the caller says otherwise.
		{...plain, post_processor: null, added_tokens: added.filter(({special}) => !special)},
		{},
	);
	const ids = new Map(Object.entries(file.model.vocab));
	for (const {content, id} of added) ids.set(content, id);
	const steering = new Map(added.filter(({special}) => special).map(({content, id}) => [content, id]));
	return createLanguageTokenizer({
		bytes: listBytes(ids, new Map(added.map(token => [token.id, token])), isByteLevel),
		ids,
		steering,
		encodePlain: (text, continues) => {
			const isSpaced = spaceRule === 'always' || (spaceRule === 'unless-space' && !/^\s/.test(text));
			return [
				...tokenizer.encode(isSpaced && !continues ? ` ${text}` : text, {add_special_tokens: false}).ids,
			];
		},
	});
}

function listBytes(
	ids: ReadonlyMap<string, number>,
	added: ReadonlyMap<number, {readonly content: string; readonly special: boolean}>,
	isByteLevel: boolean,
): Uint8Array[] {
	const encoder = new TextEncoder();
	const size = [...ids.values()].reduce((largest, id) => Math.max(largest, id + 1), 0);
	const bytes = new Array<Uint8Array>(size).fill(new Uint8Array(0));
	for (const [written, id] of ids) {
		const token = added.get(id);
		if (token !== undefined) bytes[id] = token.special ? new Uint8Array(0) : encoder.encode(token.content);
		else if (isByteLevel)
			bytes[id] = Uint8Array.from(
				Array.from(written).flatMap(character => BYTE_OF_CHARACTER.get(character) ?? []),
			);
		else if (/^<0x[0-9A-F]{2}>$/.test(written))
			bytes[id] = Uint8Array.of(Number.parseInt(written.slice(1, -1), 16));
		else bytes[id] = encoder.encode(written.replaceAll('▁', ' '));
	}
	return bytes;
}

/** Takes out of a tokenizer the rule that puts a space before texts: the caller knows where texts begin. */
function withoutPrefix(file: TokenizerFile): {
	plain: TokenizerFile;
	spaceRule: 'always' | 'unless-space' | 'never';
} {
	let spaceRule: 'always' | 'unless-space' | 'never' = 'never';
	const normalizers = listParts(file.normalizer, 'normalizers');
	const keptNormalizers = normalizers.filter(({type}) => type !== 'Prepend');
	if (keptNormalizers.length < normalizers.length) spaceRule = 'always';
	const preTokenizers = listParts(file.pre_tokenizer, 'pretokenizers').map(part => {
		const prepends = part['prepend_scheme'] ?? (part['add_prefix_space'] === true ? 'always' : 'never');
		if (part['type'] === 'Metaspace' && prepends !== 'never') {
			spaceRule = 'unless-space';
			return {...part, prepend_scheme: 'never', add_prefix_space: false};
		}
		if (part['type'] === 'ByteLevel' && part['add_prefix_space'] === true) {
			spaceRule = 'unless-space';
			return {...part, add_prefix_space: false};
		}
		return part;
	});
	return {
		plain: {
			...file,
			normalizer: keptNormalizers.length === 0 ? null : {type: 'Sequence', normalizers: keptNormalizers},
			pre_tokenizer: preTokenizers.length === 0 ? null : {type: 'Sequence', pretokenizers: preTokenizers},
		},
		spaceRule,
	};
}

/** The parts of a sequence; a single part is a sequence of one. */
function listParts(part: unknown, key: string): Part[] {
	if (typeof part !== 'object' || part === null) return [];
	const inner = (part as Part)[key];
	return Array.isArray(inner) ? (inner as Part[]) : [part as Part];
}
