import {isObject} from './expect-fields.js';

const PAIR_STATES = ['loaded', 'available', 'needs_download'] as const;

export type PairState = (typeof PAIR_STATES)[number];

export interface OfferedPair {
	/** As the server writes it, such as `English -> Chinese`. */
	readonly name: string;
	/** English names, lower case. */
	readonly source: string;
	readonly target: string;
	readonly state: PairState;
}

/**
 * The pairs in an answer of `GET /languages`. The contract names the states and no fields, so a pair is any object
 * with a text that is a pair and one that is a state, or any pair that is the name of a state.
 */
export function findOfferedPairs(body: unknown): OfferedPair[] {
	const found: OfferedPair[] = [];
	collectPairs(body, found);
	return found;
}

function collectPairs(value: unknown, found: OfferedPair[]): void {
	if (Array.isArray(value)) {
		for (const item of value) collectPairs(item, found);
		return;
	}

	if (!isObject(value)) return;
	const texts = Object.values(value).filter(field => typeof field === 'string');
	const name = texts.find(text => splitPair(text) !== undefined);
	const state = texts.find(isPairState);
	if (name !== undefined && state !== undefined) {
		found.push({name, ...splitPair(name)!, state});
		return;
	}

	for (const [key, field] of Object.entries(value)) {
		const pair = splitPair(key);
		const named = typeof field === 'string' ? field : isObject(field) ? findState(field) : undefined;
		if (pair !== undefined && isPairState(named)) found.push({name: key, ...pair, state: named});
		else collectPairs(field, found);
	}
}

function findState(value: Readonly<Record<string, unknown>>): unknown {
	return Object.values(value).find(isPairState);
}

function isPairState(value: unknown): value is PairState {
	return PAIR_STATES.some(state => state === value);
}

/** Undefined if it is no pair. */
export function splitPair(text: string): {source: string; target: string} | undefined {
	const [source, target, ...more] = text.split(/\s*(?:->|→)\s*/);
	if (source === undefined || target === undefined || more.length > 0) return undefined;
	if (source === '' || target === '') return undefined;
	return {source: source.trim().toLowerCase(), target: target.trim().toLowerCase()};
}

/** What the existing clients ask for first, and what a server that lists nothing is asked for. */
export const USUAL_PAIR = 'English -> Chinese';

/** Best first: those our recordings are in, then any. */
const PREFERRED: readonly ((pair: OfferedPair) => boolean)[] = [
	({source, target}) => source === 'english' && target !== 'english' && target !== 'same',
	({source, target}) => source === 'spanish' && target === 'english',
	({source}) => source === 'english' || source === 'spanish',
	() => true,
];

/** The pair to judge a server with: one that it can do soon, in the language of a recording that we have. */
export function choosePair(offered: readonly OfferedPair[]): string {
	for (const wanted of ['loaded', 'available'] as const) {
		const ready = offered.filter(({state}) => state === wanted);
		for (const isPreferred of PREFERRED) {
			const pair = ready.find(isPreferred);
			if (pair !== undefined) return pair.name;
		}
	}

	return USUAL_PAIR;
}
