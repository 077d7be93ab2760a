/** Finds tokens in a text that are matched as they are written; of several at one place the longest. */
export class WrittenTokens {
	/** By first character, longest first. */
	readonly #tokens = new Map<string, {readonly text: string; readonly id: number}[]>();

	constructor(tokens: Iterable<readonly [text: string, id: number]>) {
		for (const [text, id] of tokens) {
			if (text === '') continue;
			const first = text[0]!;
			const known = this.#tokens.get(first);
			if (known === undefined) this.#tokens.set(first, [{text, id}]);
			else known.push({text, id});
		}
		for (const list of this.#tokens.values()) list.sort((a, b) => b.text.length - a.text.length);
	}

	/** The text in order, as tokens that were found and what stands between them. */
	split(text: string): (number | string)[] {
		const parts: (number | string)[] = [];
		let plainFrom = 0;
		for (let at = 0; at < text.length;) {
			const found = this.#tokens.get(text[at]!)?.find(token => text.startsWith(token.text, at));
			if (found === undefined) {
				at++;
				continue;
			}
			if (at > plainFrom) parts.push(text.slice(plainFrom, at));
			parts.push(found.id);
			at += found.text.length;
			plainFrom = at;
		}
		if (plainFrom < text.length) parts.push(text.slice(plainFrom));
		return parts;
	}
}
