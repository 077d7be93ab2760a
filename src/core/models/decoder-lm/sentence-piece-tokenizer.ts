import {createLanguageTokenizer} from './create-language-tokenizer.js';
import type {LanguageTokenizer} from './language-tokenizer.js';
import type {SentencePieceFile} from './tokenizer-file.js';
import {WrittenTokens} from './written-tokens.js';

/** SentencePiece writes spaces so. */
const SPACE = '▁';

/**
 * Tokenizer of a SentencePiece vocabulary with scores: of all neighbours that make a piece together, those with the
 * highest score are joined first, the left ones of equals (Kudo & Richardson 2018, "BPE" models; as llama.cpp does).
 * What has no piece is written in bytes.
 */
export function createSentencePieceTokenizer(file: SentencePieceFile): LanguageTokenizer {
	const {pieces, scores, kinds, addsSpace} = file;
	const {steering, written, byte: byteTokens, unused} = kinds;
	const ids = new Map<string, number>();
	for (const [id, piece] of pieces.entries()) if (!ids.has(piece)) ids.set(piece, id);
	const special = new Set([...steering, ...unused, ...byteTokens]);
	// Only plain pieces take part in joining; what is matched as it is was taken out of the text before.
	const joinable = new Map([...ids].filter(([, id]) => !special.has(id)));
	const byteIds = new Array<number>(256).fill(-1);
	for (const id of byteTokens) byteIds[byteOf(pieces[id]!)] = id;
	const found = new WrittenTokens(written.map(id => [pieces[id]!, id]));
	const asWritten = new Set(written);
	const encoder = new TextEncoder();
	const silent = new Set([...steering, ...unused]);
	const bytes = pieces.map((piece, id) => {
		if (silent.has(id)) return new Uint8Array(0);
		if (byteIds.includes(id) && special.has(id)) return Uint8Array.of(byteOf(piece));
		return encoder.encode(asWritten.has(id) ? piece : piece.replaceAll(SPACE, ' '));
	});
	const bytesAsTokens = (text: string): number[] =>
		[...encoder.encode(text)].map(byte => byteIds[byte]!).filter(id => id >= 0);
	const encodeFragment = (text: string): number[] =>
		join(text.replaceAll(' ', SPACE), joinable, scores).flatMap(
			symbol => joinable.get(symbol) ?? bytesAsTokens(symbol),
		);
	return createLanguageTokenizer({
		bytes,
		ids,
		steering: new Map(steering.map(id => [pieces[id]!, id])),
		encodePlain: (text, continues) =>
			found
				.split(text)
				.flatMap((part, index) =>
					typeof part === 'number'
						? part
						: encodeFragment(addsSpace && !continues && index === 0 ? ` ${part}` : part),
				),
	});
}

/** Of `<0x0A>`. */
function byteOf(piece: string): number {
	return Number.parseInt(piece.slice(1, -1), 16);
}

interface Symbol {
	text: string;
	/** Neighbours by index; -1 at the ends. */
	left: number;
	right: number;
}

interface Pair {
	readonly left: number;
	readonly right: number;
	/** Of the pair when it was found: it is out of date if its parts have changed. */
	readonly text: string;
	readonly score: number;
}

function join(text: string, ids: ReadonlyMap<string, number>, scores: readonly number[]): string[] {
	const symbols: Symbol[] = Array.from(text, (character, index) => ({
		text: character,
		left: index - 1,
		right: index + 1,
	}));
	if (symbols.length === 0) return [];
	symbols.at(-1)!.right = -1;
	const heap = new PairHeap();
	const consider = (left: number, right: number): void => {
		if (left < 0 || right < 0) return;
		const joined = symbols[left]!.text + symbols[right]!.text;
		const id = ids.get(joined);
		if (id !== undefined) heap.push({left, right, text: joined, score: scores[id]!});
	};
	for (let index = 1; index < symbols.length; index++) consider(index - 1, index);
	for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
		const left = symbols[pair.left]!;
		const right = symbols[pair.right]!;
		if (left.text === '' || right.text === '' || left.text + right.text !== pair.text) continue;
		left.text = pair.text;
		right.text = '';
		left.right = right.right;
		if (right.right >= 0) symbols[right.right]!.left = pair.left;
		consider(left.left, pair.left);
		consider(pair.left, left.right);
	}
	return symbols.map(symbol => symbol.text).filter(symbol => symbol !== '');
}

/** Highest score first, of equals the one furthest left. */
class PairHeap {
	readonly #pairs: Pair[] = [];

	push(pair: Pair): void {
		const pairs = this.#pairs;
		let index = pairs.push(pair) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!isBefore(pairs[index]!, pairs[parent]!)) break;
			this.#swap(index, parent);
			index = parent;
		}
	}

	pop(): Pair | undefined {
		const pairs = this.#pairs;
		const first = pairs[0];
		const last = pairs.pop();
		if (pairs.length === 0 || last === undefined) return first;
		pairs[0] = last;
		for (let index = 0; ;) {
			let best = index;
			for (const child of [2 * index + 1, 2 * index + 2]) {
				if (child < pairs.length && isBefore(pairs[child]!, pairs[best]!)) best = child;
			}
			if (best === index) return first;
			this.#swap(index, best);
			index = best;
		}
	}

	#swap(a: number, b: number): void {
		[this.#pairs[a], this.#pairs[b]] = [this.#pairs[b]!, this.#pairs[a]!];
	}
}

function isBefore(a: Pair, b: Pair): boolean {
	return a.score === b.score ? a.left < b.left : a.score > b.score;
}
