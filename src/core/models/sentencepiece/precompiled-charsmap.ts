/**
 * What SentencePiece normalises texts by (`nmt_nfkc` and the like), as it lies in its models and in `tokenizer.json`:
 * the length of a trie, the trie as a double array of 32-bit units (Darts-clone), and the replacements, each ended by a
 * zero byte. At each place the longest match is replaced.
 */
export class PrecompiledCharsmap {
	readonly #units: Uint32Array;
	readonly #replacements: Uint8Array;

	/** @param bytes - empty for a map that changes nothing. */
	constructor(bytes: Uint8Array) {
		if (bytes.length < 4) {
			this.#units = new Uint32Array();
			this.#replacements = new Uint8Array();
			return;
		}
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		const trieBytes = Math.min(view.getUint32(0, true), bytes.length - 4);
		this.#units = Uint32Array.from({length: trieBytes >> 2}, (_, unit) => view.getUint32(4 + 4 * unit, true));
		this.#replacements = bytes.subarray(4 + trieBytes);
	}

	/** @returns the text cut where matches begin and end, each part normalised. */
	*parts(text: string): Iterable<string> {
		const bytes = utf8Encoder.encode(text);
		let at = 0;
		while (at < bytes.length) {
			const match = this.#longestMatch(bytes, at);
			const length = match?.length ?? characterLength(bytes[at]!);
			yield match === undefined
				? utf8Decoder.decode(bytes.subarray(at, at + length))
				: this.#replacement(match.value);
			at += length;
		}
	}

	normalize(text: string): string {
		return [...this.parts(text)].join('');
	}

	#longestMatch(bytes: Uint8Array, from: number): {length: number; value: number} | undefined {
		const units = this.#units;
		if (units.length === 0) return undefined;
		let found: {length: number; value: number} | undefined;
		let node = offsetOf(units[0]!);
		for (let at = from; at < bytes.length; at++) {
			node ^= bytes[at]!;
			const unit = units[node];
			// The label of a unit is its lowest byte; the highest bit is set in values only.
			if (unit === undefined || (unit & 0x8000_00ff) !== bytes[at]!) break;
			node ^= offsetOf(unit);
			const hasLeaf = ((unit >>> 8) & 1) === 1;
			if (hasLeaf) found = {length: at + 1 - from, value: units[node]! & 0x7fff_ffff};
		}
		return found;
	}

	#replacement(from: number): string {
		const to = this.#replacements.indexOf(0, from);
		return utf8Decoder.decode(this.#replacements.subarray(from, to < 0 ? undefined : to));
	}
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', {ignoreBOM: true});

function offsetOf(unit: number): number {
	return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

/** Of the UTF-8 character that begins with this byte. */
function characterLength(byte: number): number {
	if (byte < 0x80) return 1;
	if (byte < 0xe0) return 2;
	return byte < 0xf0 ? 3 : 4;
}
