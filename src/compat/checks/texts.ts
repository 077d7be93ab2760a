/** Characters compared at the beginning of two texts. */
const BEGINNING = 8;

export function hasText(frame: string): boolean {
	return frame.trim() !== '';
}

/** Whether two texts are the same at the beginning, which is settled first; ends may still change. */
export function beginsAlike(one: string, other: string): boolean {
	const [left, right] = [beginningOf(one), beginningOf(other)];
	const length = Math.min(left.length, right.length);
	return length > 0 && left.slice(0, length) === right.slice(0, length);
}

export function longest(texts: readonly string[]): string {
	return texts.reduce((one, other) => (other.length > one.length ? other : one), '');
}

/** Letters and digits only: punctuation is revised last. */
function beginningOf(text: string): string {
	return text
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}]/gu, '')
		.slice(0, BEGINNING);
}
