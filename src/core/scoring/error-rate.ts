import {type EditStep, alignUnits} from './edit-alignment.js';
import {type TextNormalizer, normalizeText} from './text-normalizer.js';

export type ErrorRateUnit = 'word' | 'character';

export interface ErrorCounts {
	readonly matches: number;
	readonly substitutions: number;
	/** Units of the hypothesis that the reference does not have. */
	readonly insertions: number;
	/** Units of the reference that the hypothesis does not have. */
	readonly deletions: number;
}

export interface ErrorRate extends ErrorCounts {
	/** Errors for each unit of the reference: 0 is perfect, above 1 is possible. Without reference, the errors. */
	readonly rate: number;
	readonly referenceUnits: number;
}

export interface AlignedErrorRate extends ErrorRate {
	/** Normalised units, which the steps' indices count. */
	readonly reference: readonly string[];
	readonly hypothesis: readonly string[];
	readonly steps: readonly EditStep[];
}

/** Codes of languages written without spaces between words, whose usual measure is the character error rate. */
const WRITTEN_WITHOUT_SPACES = new Set(['zh', 'yue', 'ja', 'th', 'lo', 'my', 'km', 'bo']);

/** The unit that error rates of a language are usually counted in, for example `character` for `zh`. */
export function errorRateUnit(language: string): ErrorRateUnit {
	return WRITTEN_WITHOUT_SPACES.has(language) ? 'character' : 'word';
}

export interface ErrorRateOptions {
	/** @default 'basic' */
	readonly normalizer?: TextNormalizer;
}

/** Word error rate of one text, with the alignment it was counted from. */
export function wordErrorRate(
	reference: string,
	hypothesis: string,
	{normalizer = 'basic'}: ErrorRateOptions = {},
): AlignedErrorRate {
	const units = (text: string) => normalizeText(text, normalizer).split(' ').filter(Boolean);
	return rateUnits(units(reference), units(hypothesis));
}

/** Character error rate of one text: code points, spaces not counted. */
export function characterErrorRate(
	reference: string,
	hypothesis: string,
	{normalizer = 'basic'}: ErrorRateOptions = {},
): AlignedErrorRate {
	const units = (text: string) => Array.from(normalizeText(text, normalizer).replaceAll(' ', ''));
	return rateUnits(units(reference), units(hypothesis));
}

/** The rate over several texts: their errors over their units, so that a long text weighs more than a short one. */
export function poolErrorRates(counts: Iterable<ErrorCounts>): ErrorRate {
	const pooled = {matches: 0, substitutions: 0, insertions: 0, deletions: 0};
	for (const {matches, substitutions, insertions, deletions} of counts) {
		pooled.matches += matches;
		pooled.substitutions += substitutions;
		pooled.insertions += insertions;
		pooled.deletions += deletions;
	}
	return rateCounts(pooled);
}

function rateUnits(reference: readonly string[], hypothesis: readonly string[]): AlignedErrorRate {
	const steps = alignUnits(reference, hypothesis);
	const count = (type: EditStep['type']) => steps.filter(step => step.type === type).length;
	const counts = {
		matches: count('match'),
		substitutions: count('substitution'),
		insertions: count('insertion'),
		deletions: count('deletion'),
	};
	return {...rateCounts(counts), reference, hypothesis, steps};
}

function rateCounts(counts: ErrorCounts): ErrorRate {
	const referenceUnits = counts.matches + counts.substitutions + counts.deletions;
	const errors = counts.substitutions + counts.insertions + counts.deletions;
	return {...counts, rate: errors / Math.max(1, referenceUnits), referenceUnits};
}
