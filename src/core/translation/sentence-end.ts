/** What ends a sentence. */
const SENTENCE_END = /[.?!。？！…]["'”’»)\]]*$/u;

/** An abbreviation or an initial ("Mr.", "J.") seldom ends one. */
const ABBREVIATION = /(^|\s)\p{Lu}\p{L}{0,2}\.$/u;

/** Whether a sentence ends with this word, punctuation included. */
export function endsSentence(word: string): boolean {
	return SENTENCE_END.test(word) && !ABBREVIATION.test(word);
}
