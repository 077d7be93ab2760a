/** Between the names of a combination's models. No name has one: it would not be safe as a file's. */
const JOINT = '+';

/** `whisper-base+opus-mt-en-de` is what hears and what translates the text. */
export function joinCombination(parts: readonly string[]): string {
	return parts.join(JOINT);
}

/** The models that a name means; the name itself where it is one. */
export function splitCombination(name: string): readonly string[] {
	const parts = name.split(JOINT);
	return parts.every(part => part !== '') ? parts : [name];
}
