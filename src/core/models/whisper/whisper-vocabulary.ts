import {BYTE_OF_CHARACTER} from '../decoding/byte-characters.js';

/**
 * Text of tokens. GPT-2's byte-level encoding (Radford et al. 2019, section 2.2): every byte of UTF-8 is
 * written as one printable character; bytes that are printable stand for themselves, the others are
 * moved up from 256 on, in order.
 */
export class WhisperVocabulary {
	readonly #tokens: readonly string[];

	/** @param tokens - as the tokenizer's vocabulary writes them, by id. */
	constructor(tokens: readonly string[]) {
		this.#tokens = tokens;
	}

	/** Ids of the tokens that hold neither letter nor digit, but whole characters. */
	punctuation(): ReadonlySet<number> {
		return new Set([...this.#tokens.keys()].filter(id => PUNCTUATION.test(this.decode([id]))));
	}

	/** Text of a run of tokens. A character cut at either end becomes U+FFFD. */
	decode(ids: readonly number[]): string {
		const bytes: number[] = [];
		for (const id of ids) {
			for (const character of this.#tokens[id] ?? '') {
				const byte = BYTE_OF_CHARACTER.get(character);
				if (byte !== undefined) bytes.push(byte);
			}
		}
		return utf8.decode(Uint8Array.from(bytes));
	}
}

/** U+FFFD stands for part of a character. */
const PUNCTUATION = /^\s*[^\p{L}\p{M}\p{N}\s\uFFFD]+\s*$/u;

const utf8 = new TextDecoder();

/** The part of a `tokenizer.json` that names the tokens. */
export interface TokenizerFile {
	readonly model: {readonly vocab: Readonly<Record<string, number>>};
}

/** Tokens by id. Steering tokens, from `specialFrom` on, have no text and are left out. */
export function listTokens({model}: TokenizerFile, specialFrom: number): string[] {
	const tokens = new Array<string>(specialFrom).fill('');
	for (const [token, id] of Object.entries(model.vocab)) {
		if (id < specialFrom) tokens[id] = token;
	}
	return tokens;
}
