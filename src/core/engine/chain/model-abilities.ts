import {InfinisstError} from '../../errors.js';
import type {ModelDescription} from '../../models/store/model-manifest.js';
import type {TextModelOptions} from '../../translation/text/open-text-translator.js';
import type {TextTranslatorCapabilities} from '../../translation/text/text-translator.js';
import {POLICY_NAMES, type EngineCapabilities} from '../engine.js';

/** What a model that hears will be able to do once it runs. */
export function speechCapabilities({
	name,
	languages,
	tasks,
}: {
	readonly name: string;
	readonly languages: readonly string[];
	readonly tasks: readonly string[];
}): EngineCapabilities {
	const targets = [
		...(tasks.includes('transcribe') ? ['same'] : []),
		...(tasks.includes('translate') ? ['en'] : []),
	];
	return {model: name, sourceLanguages: languages, targets, policies: POLICY_NAMES};
}

/** What a model of texts will be able to do once it is loaded. */
export function textCapabilities({
	name,
	languages,
	targets = [],
}: Pick<ModelDescription, 'name' | 'languages' | 'targets'>): TextTranslatorCapabilities {
	const pairs = new Map(languages.map(code => [code, targets.filter(target => target !== code)]));
	return {model: name, pairs};
}

/**
 * How a replica loads a model of texts that is installed.
 *
 * @throws {InfinisstError} `OPTION_INVALID` for one that hears.
 */
export function toTextModelOptions(
	{name, family, languages, targets = languages}: ModelDescription,
	graphsDirectory: string,
): TextModelOptions {
	if (family === 'whisper') {
		throw new InfinisstError('OPTION_INVALID', `${name} hears, and translates no text`, {
			hint: 'Name it first, and behind it models of texts.',
		});
	}
	return {family, graphsDirectory, name, languages, targets};
}
