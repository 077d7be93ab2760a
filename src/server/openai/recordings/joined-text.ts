import {findLanguage} from '../../../core/language/language-table.js';
import type {Segment} from '../../../core/translation/translation-event.js';

/** Joins the texts of segments, with a space between them where the language writes one. */
export class JoinedText {
	readonly #targetLanguage: string;
	#text = '';

	/** @param targetLanguage - code of the language of the texts; `same` is each segment's spoken one. */
	constructor(targetLanguage: string) {
		this.#targetLanguage = targetLanguage;
	}

	get text(): string {
		return this.#text;
	}

	/** @returns what the segment adds to the text. */
	add({text, sourceLanguage}: Pick<Segment, 'text' | 'sourceLanguage'>): string {
		const language = this.#targetLanguage === 'same' ? sourceLanguage : this.#targetLanguage;
		const joinsWithoutSpaces = findLanguage(language)?.joinsWithoutSpaces ?? false;
		const addition = this.#text === '' || joinsWithoutSpaces ? text : ` ${text}`;
		this.#text += addition;
		return addition;
	}
}
