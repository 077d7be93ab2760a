import type {WhisperVocabulary} from '../../models/whisper/whisper-vocabulary.js';

/** Punctuation inside words: what comes behind it may still belong to the word before ("l'homme", "well-known"). */
const JOINING = /^['’‘-]+$/u;

/** Part of a character: U+FFFD, and no punctuation. */
const INCOMPLETE = '\uFFFD';

const PUNCTUATION = /^\s*[^\p{L}\p{M}\p{N}\s\uFFFD]+\s*$/u;

export interface Settled {
	/** What the model believes to follow. */
	readonly tokens: readonly number[];
	/** How many of them the policy would settle. */
	readonly count: number;
	/** Token that follows all of them, where the model was stopped at one. */
	readonly next: number | undefined;
	/** Whether the language writes spaces between words. */
	readonly hasSpaces: boolean;
}

/**
 * How many tokens can be settled without cutting a word, or leaving a full stop that stands there only because the
 * audio ends. Punctuation that the text goes on behind is kept: held back, it would be lost for good, because the
 * model goes on as it began.
 */
export function countWholeWords(
	{tokens, count, next, hasSpaces}: Settled,
	vocabulary: WhisperVocabulary,
): number {
	const textOf = (place: number): string | undefined => {
		const token = place < tokens.length ? tokens[place] : next;
		return token === undefined ? undefined : vocabulary.decode([token]);
	};
	const endsWord = (place: number): boolean => {
		if (vocabulary.decode(tokens.slice(0, place)).endsWith(INCOMPLETE)) return false;
		const following = textOf(place);
		if (following === undefined || !hasSpaces) return true;
		return following.startsWith(' ') || (PUNCTUATION.test(following) && !JOINING.test(following));
	};
	let whole = count;
	while (whole > 0 && !endsWord(whole)) whole--;
	if (whole === tokens.length && next === undefined) {
		while (whole > 0 && PUNCTUATION.test(textOf(whole - 1)!)) whole--;
	}
	return whole;
}
