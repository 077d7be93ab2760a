import {foldToSimplifiedChinese} from '../../src/core/scoring/chinese-script.js';
import {errorRateUnit} from '../../src/core/scoring/error-rate.js';
import {normalizeText} from '../../src/core/scoring/text-normalizer.js';

/**
 * The units that error rates count (see docs/quality.md): normalised words, or characters for a language that writes
 * no spaces. Chinese is folded to simplified characters, because the model writes either.
 */
export function splitUnits(text: string, language: string): string[] {
	if (errorRateUnit(language) === 'word') return normalizeText(text).split(' ').filter(Boolean);
	const folded = language === 'zh' ? foldToSimplifiedChinese(text) : text;
	return Array.from(normalizeText(folded).replaceAll(' ', ''));
}
