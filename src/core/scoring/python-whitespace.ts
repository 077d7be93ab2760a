/**
 * What Python calls white space, which decides where sacrebleu trims and splits. JavaScript's `\s` lacks
 * U+001C to U+001F and U+0085 and has U+FEFF, which Python does not; scores would differ from the reference.
 */
const CLASS =
	'[\\t-\\r\\u001c-\\u001f \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+';
const ANYWHERE = new RegExp(CLASS, 'g');
const AT_END = new RegExp(`${CLASS}$`);
const AT_START = new RegExp(`^${CLASS}`);

/** The text without white space at its end, as Python's `str.rstrip()`. */
export function trimEndPython(text: string): string {
	return text.replace(AT_END, '');
}

/** The text without white space at both ends, as Python's `str.strip()`. */
export function trimPython(text: string): string {
	return trimEndPython(text).replace(AT_START, '');
}

/** The non-empty pieces between stretches of white space, as Python's `str.split()`. */
export function splitPython(text: string): string[] {
	return text.split(ANYWHERE).filter(piece => piece !== '');
}

/** The text without any white space. */
export function deleteWhitespacePython(text: string): string {
	return text.replace(ANYWHERE, '');
}
