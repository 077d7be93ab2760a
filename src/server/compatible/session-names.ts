import {InfinisstError} from '../../core/errors.js';

const MAX_NAME_CHARACTERS = 200;
/** Control characters, halves of characters, and line ends. */
const UNFIT = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** Gives sessions the names that existing clients expect: `{client or agent}_{language pair}_{unix ms}`. */
export class SessionNames {
	readonly #nowMs: () => number;
	#lastMs = 0;

	/** @param nowMs - wall time since 1970. */
	constructor(nowMs: () => number) {
		this.#nowMs = nowMs;
	}

	/**
	 * A name that no other session has: of two in one ms the second gets the next ms.
	 *
	 * @throws {InfinisstError} `OPTION_INVALID` for what must not be in a name.
	 */
	next(client: string, languagePair: string): string {
		assertPlain('client_id', client);
		assertPlain('language_pair', languagePair);
		this.#lastMs = Math.max(Math.floor(this.#nowMs()), this.#lastMs + 1);
		return `${client}_${languagePair}_${this.#lastMs}`;
	}
}

function assertPlain(parameter: string, text: string): void {
	if (text.length <= MAX_NAME_CHARACTERS && !UNFIT.test(text)) return;
	throw new InfinisstError(
		'OPTION_INVALID',
		`${parameter} may have ${MAX_NAME_CHARACTERS} characters, none of them a control character`,
	);
}
