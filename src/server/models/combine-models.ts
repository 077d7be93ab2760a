import {joinCombination} from '../../core/models/store/combination.js';
import type {ModelFacts, ModelPart} from './model-facts.js';

/**
 * A model that hears with models that translate its text: one recognition, and as many languages as they write.
 *
 * @param all - the first one hears; combinations with the same one count by all their parts.
 */
export function combineFacts(all: readonly ModelFacts[]): ModelFacts {
	const parts = [...new Map(all.flatMap(facts => facts.parts).map(part => [part.name, part])).values()];
	return {
		name: joinCombination(parts.map(({name}) => name)),
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
