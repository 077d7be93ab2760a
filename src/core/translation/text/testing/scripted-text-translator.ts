import {InfinisstError} from '../../../errors.js';
import type {SourceWord, TextTranslator, TextTurn} from '../text-translator.js';

export interface ScriptedTextTranslatorOptions {
	/** Codes that are read, and those written for each. */
	readonly pairs: Readonly<Record<string, readonly string[]>>;
	/** @default 'scripted-text' */
	readonly model?: string;
	/** What a source word becomes. @default the word with the target's code behind it, such as ` bamolu-it` */
	readonly translateWord?: (word: string, target: string) => string;
	/** Told of each turn. */
	readonly onTurn?: (target: string, words: readonly SourceWord[], closes: boolean) => void;
}

/**
 * A translator of text without a model: word by word, the last one of a turn being held until the next comes or the
 * turn closes. Pure in its turns, as the contract wants it.
 */
export function createScriptedTextTranslator(options: ScriptedTextTranslatorOptions): TextTranslator {
	const {model = 'scripted-text', onTurn} = options;
	const translateWord = options.translateWord ?? ((word, target) => `${word}-${target}`);
	const pairs = new Map(Object.entries(options.pairs));
	let isClosed = false;
	return {
		capabilities: {model, pairs},
		open({sourceLanguage, target, glossary: first}, state) {
			if (isClosed) throw new InfinisstError('RESOURCE_CLOSED', `${model} was closed`);
			if (pairs.get(sourceLanguage)?.includes(target) !== true) {
				throw new InfinisstError(
					'LANGUAGE_PAIR_UNSUPPORTED',
					`${model} does not do ${sourceLanguage}-${target}`,
				);
			}
			let held = (state as SourceWord | undefined) ?? undefined;
			let glossary = first;
			const write = (word: SourceWord): TextTurn['words'][number] => {
				const known = glossary.find(({source}) => source === word.text.trim());
				return {
					...word,
					text: known === undefined ? translateWord(word.text, target) : ` ${known.target}`,
					probability: 1,
				};
			};
			return {
				translate: (turn, signal) => {
					signal?.throwIfAborted();
					onTurn?.(target, turn.words, turn.closes);
					const ready = held === undefined ? [...turn.words] : [held, ...turn.words];
					held = turn.closes ? undefined : ready.pop();
					return Promise.resolve({
						words: ready.map(write),
						tail: held === undefined ? '' : write(held).text,
					});
				},
				change: change => (glossary = change.glossary ?? glossary),
				checkpoint: () => held,
				close: () => undefined,
			};
		},
		close: () => {
			isClosed = true;
			return Promise.resolve();
		},
	};
}
