import {corpusBleu} from '../../src/core/scoring/bleu.js';
import {foldToSimplifiedChinese} from '../../src/core/scoring/chinese-script.js';
import {corpusChrf} from '../../src/core/scoring/chrf.js';
import {
	characterErrorRate,
	type ErrorRate,
	type ErrorRateUnit,
	errorRateUnit,
	poolErrorRates,
	wordErrorRate,
} from '../../src/core/scoring/error-rate.js';
import type {DevClip} from './dev-set.js';

/** What a program wrote, by the clip's file name. A clip it wrote nothing for may be missing. */
export type TextsByFile = ReadonlyMap<string, string>;

export interface TranscriptScore {
	readonly clips: number;
	readonly unit: ErrorRateUnit;
	readonly errorRate: ErrorRate;
	/** Of Chinese, with both sides written in simplified characters. */
	readonly simplifiedErrorRate?: ErrorRate;
}

/** Error rates over the clips of each language, against what was said. Languages in the order of the clips. */
export function scoreTranscripts(
	clips: readonly DevClip[],
	texts: TextsByFile,
): Map<string, TranscriptScore> {
	return mapLanguages(clips, (ofLanguage, language) => {
		const unit = errorRateUnit(language);
		const rate = unit === 'word' ? wordErrorRate : characterErrorRate;
		const pool = (prepare: (text: string) => string) =>
			poolErrorRates(
				ofLanguage.map(({file, transcript}) => rate(prepare(transcript), prepare(texts.get(file) ?? ''))),
			);
		return {
			clips: ofLanguage.length,
			unit,
			errorRate: pool(text => text),
			...(language === 'zh' && {simplifiedErrorRate: pool(foldToSimplifiedChinese)}),
		};
	});
}

/** Word error rate over all clips whose language writes spaces. */
export function poolWordErrorRate(scores: ReadonlyMap<string, TranscriptScore>): ErrorRate {
	return poolErrorRates(
		[...scores.values()].filter(({unit}) => unit === 'word').map(({errorRate}) => errorRate),
	);
}

export interface TranslationScore {
	readonly clips: number;
	readonly bleu: number;
	readonly chrf: number;
	readonly signatures: readonly string[];
}

/** Scores of translations into English over the clips of each language that has some, and of `all` together. */
export function scoreTranslations(
	clips: readonly DevClip[],
	texts: TextsByFile,
): Map<string, TranslationScore> {
	const translated = clips.filter(({language, translations}) => language !== 'en' && 'en' in translations);
	const score = (some: readonly DevClip[]): TranslationScore => {
		const hypotheses = some.map(({file}) => texts.get(file) ?? '');
		const references = some.map(({translations}) => translations['en'] ?? '');
		const bleu = corpusBleu(hypotheses, references);
		const chrf = corpusChrf(hypotheses, references);
		return {
			clips: some.length,
			bleu: bleu.score,
			chrf: chrf.score,
			signatures: [bleu.signature, chrf.signature],
		};
	};
	return mapLanguages(translated, score).set('all', score(translated));
}

function mapLanguages<Result>(
	clips: readonly DevClip[],
	work: (ofLanguage: readonly DevClip[], language: string) => Result,
): Map<string, Result> {
	const languages = [...new Set(clips.map(({language}) => language))];
	return new Map(
		languages.map(language => [
			language,
			work(
				clips.filter(clip => clip.language === language),
				language,
			),
		]),
	);
}
