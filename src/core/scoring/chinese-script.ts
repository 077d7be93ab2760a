import {Converter} from 'opencc-js/t2cn';

/** The package's own declarations name their neighbours without extension, which Node's resolution refuses. */
const createConverter = Converter as (options: {from: 't'; to: 'cn'}) => (text: string) => string;

let fold: ((text: string) => string) | undefined;

/**
 * The text with traditional Chinese characters written as simplified ones, everything else unchanged. Recognisers
 * write either script for the same speech, so a character error rate counts the choice of script unless both sides
 * are folded first.
 */
export function foldToSimplifiedChinese(text: string): string {
	// Built at the first use: its dictionaries take a moment.
	fold ??= createConverter({from: 't', to: 'cn'});
	return fold(text);
}
