import type {WhisperVocabulary} from './whisper-vocabulary.js';

/** A word and the tokens it is written with, by their place in the sequence. */
export interface TokenWord {
	/** With its leading space, where there is one. */
	readonly text: string;
	readonly from: number;
	/** Not included. */
	readonly to: number;
}

const REPLACEMENT = '\uFFFD';

/** Languages that write no spaces between words: each character stands for itself (OpenAI's tokenizer). */
const WITHOUT_SPACES = new Set(['zh', 'ja', 'th', 'lo', 'my', 'yue', 'km']);

/** Whether a language writes spaces between words. */
export function writesSpaces(language: string): boolean {
	return !WITHOUT_SPACES.has(language);
}

/** Punctuation that belongs to the word after it, and to the word before it. */
const OPENING = /^[\s"'“¿([{\-«„‚‘]+$/u;
const CLOSING = /^[\s"'.。,，!！?？:：”)\]}、;；»’…-]+$/u;

/** Punctuation that ends a word though no space follows; apostrophes and hyphens do not ("l'homme"). */
const BREAKING = /[—–…]$/u;

/**
 * Groups text tokens into words: at spaces, or in languages without them wherever a character is complete;
 * punctuation joins the word it belongs to.
 */
export function splitWords(
	tokens: readonly number[],
	vocabulary: WhisperVocabulary,
	language: string,
): TokenWord[] {
	const characters = splitCharacters(tokens, vocabulary);
	const words = writesSpaces(language) ? joinAtSpaces(characters) : characters;
	return attachPunctuation(words);
}

/** Smallest runs of tokens whose text holds no cut character. */
function splitCharacters(tokens: readonly number[], vocabulary: WhisperVocabulary): TokenWord[] {
	const pieces: TokenWord[] = [];
	let from = 0;
	for (let to = 1; to <= tokens.length; to++) {
		const text = vocabulary.decode(tokens.slice(from, to));
		if (text.includes(REPLACEMENT) && to < tokens.length) continue;
		pieces.push({text, from, to});
		from = to;
	}
	return pieces;
}

function joinAtSpaces(pieces: readonly TokenWord[]): TokenWord[] {
	const words: TokenWord[] = [];
	for (const piece of pieces) {
		const before = words.at(-1);
		if (before === undefined || piece.text.startsWith(' ') || BREAKING.test(before.text)) words.push(piece);
		else words[words.length - 1] = join(before, piece);
	}
	return words;
}

function attachPunctuation(words: readonly TokenWord[]): TokenWord[] {
	const attached: TokenWord[] = [];
	let opening: TokenWord | undefined;
	for (const word of words) {
		const before = attached.at(-1);
		if (
			before !== undefined &&
			opening === undefined &&
			CLOSING.test(word.text) &&
			!word.text.startsWith(' ')
		) {
			attached[attached.length - 1] = join(before, word);
		} else if (OPENING.test(word.text)) {
			opening = opening === undefined ? word : join(opening, word);
		} else {
			attached.push(opening === undefined ? word : join(opening, word));
			opening = undefined;
		}
	}
	if (opening !== undefined) {
		const before = attached.pop();
		attached.push(before === undefined ? opening : join(before, opening));
	}
	return attached;
}

function join(a: TokenWord, b: TokenWord): TokenWord {
	return {text: a.text + b.text, from: a.from, to: b.to};
}
