/** A term that an answer does not have yet. */
export interface MissingTerm {
	readonly term: string;
	/** As it would be written next. */
	readonly tokens: readonly number[];
}

/** Where a term could stand. */
export interface TermPlace {
	/** Tokens of the answer before it. */
	readonly at: number;
	readonly tokens: readonly number[];
}

interface NotedPlace extends TermPlace {
	readonly nearness: number;
}

/**
 * Remembers where a model came nearest to each term while it wrote an answer, so that a term it passed over can be put
 * there. Each is put once.
 */
export class TermPlaces {
	readonly #taken = new Set<string>();
	readonly #places = new Map<string, NotedPlace>();
	#first: number;

	/** @param first - tokens of the answer that must stay as they are. */
	constructor(first: number) {
		this.#first = first;
	}

	/** @param nearness - of each term, comparable between places; the more, the nearer. */
	note(at: number, missing: readonly MissingTerm[], nearness: readonly number[]): void {
		if (at < this.#first) return;
		for (const [index, {term, tokens}] of missing.entries()) {
			const near = nearness[index]!;
			const known = this.#places.get(term);
			if (this.#taken.has(term) || (known !== undefined && known.nearness >= near)) continue;
			this.#places.set(term, {at, tokens, nearness: near});
		}
		// What is there by now needs no place.
		const sought = new Set(missing.map(({term}) => term));
		for (const term of this.#places.keys()) if (!sought.has(term)) this.#places.delete(term);
	}

	/** The place that comes first; all behind it is to be written, and noted, anew. */
	take(): TermPlace | undefined {
		const [first] = [...this.#places].sort(([, one], [, other]) => one.at - other.at);
		if (first === undefined) return undefined;
		const [term, place] = first;
		this.#taken.add(term);
		this.#places.clear();
		this.#first = place.at + place.tokens.length;
		return place;
	}
}
