/** Says of each trouble that it began and that it is over, and nothing in between. */
export class TroubleLog {
	readonly #say: (text: string) => void;
	readonly #open = new Map<string, string>();

	/** @param say - is given one sentence. */
	constructor(say: (text: string) => void) {
		this.#say = say;
	}

	begin(key: string, text: string): void {
		if (!this.#open.has(key)) this.#say(text);
		this.#open.set(key, text);
	}

	end(key: string, text: string): void {
		if (this.#open.delete(key)) this.#say(text);
	}
}
