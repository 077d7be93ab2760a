import {findLanguage} from '../../../language/language-table.js';
import type {TargetWord, TextTranslator} from '../text-translator.js';

export interface OracleTranslatorOptions {
	/** Code of the language that is spoken. */
	readonly sourceLanguage: string;
	/** What a talk means, by the code of the language it is told in. */
	readonly translations: Readonly<Record<string, string>>;
	/** Where its last word begins, or a little before: ms of its audio. */
	readonly lastWordMs: number;
}

/**
 * A translator that knows one talk by heart, and writes as much of its translation as was said of it: whatever its text
 * lacks was lost by what carries it.
 */
export function createOracleTranslator({
	sourceLanguage,
	translations,
	lastWordMs,
}: OracleTranslatorOptions): TextTranslator {
	return {
		capabilities: {model: 'oracle', pairs: new Map([[sourceLanguage, Object.keys(translations)]])},
		open({target}, state) {
			const words = splitWords(translations[target]!, target);
			let told = (state as number | undefined) ?? 0;
			return {
				translate: ({words: said}) => {
					const [first, last] = [said[0], said.at(-1)];
					if (first === undefined || last === undefined) return Promise.resolve({words: [], tail: ''});
					const share = Math.min(1, last.endMs / lastWordMs);
					const fresh = words.slice(told, Math.floor(words.length * share));
					told += fresh.length;
					const span = {startMs: first.startMs, endMs: last.endMs, probability: 1};
					return Promise.resolve({words: fresh.map((text): TargetWord => ({text, ...span})), tail: ''});
				},
				change: () => undefined,
				checkpoint: () => told,
				close: () => undefined,
			};
		},
		close: () => Promise.resolve(),
	};
}

function splitWords(text: string, code: string): readonly string[] {
	if (findLanguage(code)?.joinsWithoutSpaces === true) return Array.from(text);
	return text.split(' ').map(word => ` ${word}`);
}
