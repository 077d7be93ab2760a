import type {ModelFacts, ModelPart} from './model-facts.js';

/** Between the names of a combination's models. No name has one: it would not be safe as a file's. */
const JOINT = '+';

/** `whisper-base+opus-mt-en-de` is what hears and what translates the text. */
export function joinNames(parts: readonly string[]): string {
	return parts.join(JOINT);
}

/** The models that a name means; the name itself where it is one. */
export function splitName(name: string): readonly string[] {
	const parts = name.split(JOINT);
	return parts.every(part => part !== '') ? parts : [name];
}

/**
 * A model that hears with models that translate its text: one recognition, and as many languages as they write.
 *
 * @param all - the first one hears; combinations with the same one count by all their parts.
 */
export function combineFacts(all: readonly ModelFacts[]): ModelFacts {
	const parts = [...new Map(all.flatMap(facts => facts.parts).map(part => [part.name, part])).values()];
	return {
		name: joinNames(parts.map(({name}) => name)),
		...summarizeParts(parts),
		sourceLanguages: all[0]!.sourceLanguages.filter(code =>
			all.every(({sourceLanguages}) => sourceLanguages.includes(code)),
		),
		targets: [...new Set(all.flatMap(({targets}) => targets))],
	};
}

function summarizeParts(
	parts: readonly ModelPart[],
): Pick<ModelFacts, 'parts' | 'sizeBytes' | 'isInstalled'> {
	return {
		parts,
		sizeBytes: parts.reduce((sum, {sizeBytes}) => sum + sizeBytes, 0),
		isInstalled: parts.every(({isInstalled}) => isInstalled),
	};
}
