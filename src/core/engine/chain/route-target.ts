import {InfinisstError} from '../../errors.js';
import {findLanguage} from '../../language/language-table.js';
import type {TextTranslator, TextTranslatorCapabilities} from '../../translation/text/text-translator.js';
import type {EngineCapabilities} from '../engine.js';

/** What speech models translate into, and so the way from any language to whatever can be written from it. */
const PIVOT = 'en';

/** What a way is sought among: models that are loaded, or could be. */
interface Translating {
	readonly capabilities: TextTranslatorCapabilities;
}

/** How a target is come by. */
export interface TargetRoute<Translator extends Translating = TextTranslator> {
	readonly target: string;
	/** What the speech model writes for it: `same`, or a code. */
	readonly heard: string;
	/** What that is translated by; absent where it is the target itself. */
	readonly text?: {readonly translator: Translator; readonly sourceLanguage: string};
}

/**
 * The way from what is spoken to a target: what the speech model writes itself, else a translation of its captions,
 * else one of its English.
 *
 * @param source - a code, or `auto`: then captions may be in any language, and only English is sure.
 * @throws {InfinisstError} `LANGUAGE_PAIR_UNSUPPORTED` if no model knows a way.
 */
export function routeTarget<Translator extends Translating>(
	{source, target}: {readonly source: string; readonly target: string},
	speech: EngineCapabilities,
	translators: readonly Translator[],
): TargetRoute<Translator> {
	const isCaption = target === 'same' || target === source;
	if (isCaption && speech.targets.includes('same')) return {target, heard: 'same'};
	if (speech.targets.includes(target)) return {target, heard: target};
	for (const [sourceLanguage, heard] of [
		[source, 'same'],
		[PIVOT, PIVOT],
	] as const) {
		const isHeard = speech.targets.includes(heard);
		const translator = translators.find(({capabilities}) =>
			capabilities.pairs.get(sourceLanguage)?.includes(target),
		);
		if (isHeard && translator !== undefined) return {target, heard, text: {translator, sourceLanguage}};
	}

	throw new InfinisstError(
		'LANGUAGE_PAIR_UNSUPPORTED',
		`No model here translates ${source === 'auto' ? 'from any language' : nameOf(source)} into ${nameOf(target)}`,
		{hint: `Possible are ${listTargets(speech, translators).join(', ')}.`},
	);
}

/** What can be written from a language that is known when somebody speaks: codes, and `same`. */
export function listTargets(speech: EngineCapabilities, translators: readonly Translating[]): string[] {
	const written = new Set(speech.targets);
	// Without a way through English, captions of the languages that are understood remain.
	const sources = speech.targets.includes(PIVOT) ? [PIVOT] : speech.sourceLanguages;
	for (const {capabilities} of translators) {
		for (const source of sources) {
			for (const target of capabilities.pairs.get(source) ?? []) written.add(target);
		}
	}
	return [...written];
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
