import {splitPython, trimEndPython, trimPython} from './python-whitespace.js';

/**
 * How text is cut into the tokens BLEU counts, under the names sacrebleu gives them.
 *
 * - `13a`: the international default, mteval-v13a: punctuation apart from words.
 * - `zh`: every Chinese character and full-width mark on its own, the rest nearly as `13a`.
 * - `char`: every code point on its own.
 * - `none`: split at white space only, for text that is already tokenised.
 */
export const BLEU_TOKENIZERS = ['13a', 'zh', 'char', 'none'] as const;

export type BleuTokenizer = (typeof BLEU_TOKENIZERS)[number];

/**
 * Code points that `zh` puts on their own, found by putting every code point through sacrebleu 2.6.0. The odd
 * borders are the reference's: U+2001 to U+2A6D covers curly quotes and dashes, U+20000 and up is missing.
 */
const SPLIT_BY_ZH =
	/[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]/gu;

/** The tokens of one line, none of them empty and none with white space in it. */
export function tokenizeForBleu(line: string, tokenizer: BleuTokenizer): string[] {
	const text = trimEndPython(line);
	switch (tokenizer) {
		case '13a':
			return splitPython(separatePunctuation(` ${decodeMarkup(text)} `));
		case 'zh':
			return splitPython(separatePunctuation(trimPython(text).replace(SPLIT_BY_ZH, ' $& ')));
		case 'char':
			return splitPython(Array.from(text).join(' '));
		case 'none':
			return splitPython(text);
	}
}

/** What is left of SGML in old test sets. One after another: `&amp;lt;` ends as `<`, as in the reference. */
function decodeMarkup(text: string): string {
	return text
		.replaceAll('<skipped>', '')
		.replaceAll('-\n', '')
		.replaceAll('\n', ' ')
		.replaceAll('&quot;', '"')
		.replaceAll('&amp;', '&')
		.replaceAll('&lt;', '<')
		.replaceAll('&gt;', '>');
}

/** Apostrophe and hyphen stay inside words; period and comma stay inside numbers. */
function separatePunctuation(text: string): string {
	return text
		.replace(/[{-~[-` -&(-+:-@/]/gu, ' $& ')
		.replace(/([^0-9])([.,])/gu, '$1 $2 ')
		.replace(/([.,])([^0-9])/gu, ' $1 $2')
		.replace(/([0-9])(-)/gu, '$1 $2 ');
}
