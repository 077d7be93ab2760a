import type {ErrorRate} from '../../src/core/scoring/error-rate.js';
import type {DevClip} from './dev-set.js';
import {LONGEST_GOLDEN_SECONDS} from './reference-texts.js';
import {
	poolWordErrorRate,
	scoreTranscripts,
	scoreTranslations,
	type TextsByFile,
	type TranscriptScore,
	type TranslationScore,
} from './score-texts.js';
import {formatTable} from './table.js';

export interface QualityScore {
	readonly transcripts: Readonly<Record<string, TranscriptScore>>;
	/** Word error rates over the languages with spaces: all clips, those that fit one window, longer ones. */
	readonly words: {readonly all: ErrorRate; readonly short: ErrorRate; readonly long: ErrorRate};
	readonly translations: Readonly<Record<string, TranslationScore>>;
}

export interface QualityResults {
	readonly bench: 'quality';
	readonly machine: Readonly<Record<string, unknown>>;
	readonly clips: readonly string[];
	readonly reference: QualityScore;
	/** By precision. */
	readonly runs: Record<string, QualityScore & {readonly date: string}>;
}

/** Scores what one program wrote for the clips, in their own language and in English. */
export function scoreQuality(
	clips: readonly DevClip[],
	transcripts: TextsByFile,
	translations: TextsByFile,
): QualityScore {
	const poolWords = (some: readonly DevClip[]) => poolWordErrorRate(scoreTranscripts(some, transcripts));
	return {
		transcripts: Object.fromEntries(scoreTranscripts(clips, transcripts)),
		words: {
			all: poolWords(clips),
			short: poolWords(clips.filter(({seconds}) => seconds <= LONGEST_GOLDEN_SECONDS)),
			long: poolWords(clips.filter(({seconds}) => seconds > LONGEST_GOLDEN_SECONDS)),
		},
		translations: Object.fromEntries(scoreTranslations(clips, translations)),
	};
}

/** The tables of docs/quality.md. */
export function formatQuality({reference, runs}: QualityResults): string {
	const names = Object.keys(runs);
	const systems = [reference, ...Object.values(runs)];
	const header = (title: string) => [title, 'clips', 'reference', ...names];
	const rateRow = (title: string, clips: string, rate: (score: QualityScore) => ErrorRate | undefined) => [
		`${title} (${rate(reference)?.referenceUnits ?? 0})`,
		clips,
		...systems.map(system => formatPercent(rate(system))),
	];
	const errorRates = Object.entries(reference.transcripts).flatMap(([language, {clips, unit}]) => {
		const rows = [
			rateRow(
				`${language}, ${unit === 'word' ? 'words' : 'characters'}`,
				String(clips),
				score => score.transcripts[language]?.errorRate,
			),
		];
		if (reference.transcripts[language]?.simplifiedErrorRate !== undefined) {
			rows.push(
				rateRow(
					`${language}, both sides simplified`,
					String(clips),
					score => score.transcripts[language]?.simplifiedErrorRate,
				),
			);
		}
		return rows;
	});
	const groups = [
		rateRow('all clips', '', ({words}) => words.all),
		rateRow(`clips up to ${LONGEST_GOLDEN_SECONDS} s`, '', ({words}) => words.short),
		rateRow('longer clips', '', ({words}) => words.long),
	];
	const translations = Object.entries(reference.translations).map(([language, {clips}]) => [
		language === 'all' ? 'all' : `${language} to en`,
		String(clips),
		...systems.map(({translations: scores}) => {
			const score = scores[language];
			return score === undefined ? '-' : `${score.bleu.toFixed(1)} / ${score.chrf.toFixed(1)}`;
		}),
	]);
	return [
		'Error rate in percent (in brackets: words or characters of the reference text):',
		formatTable(header('language'), errorRates),
		'Word error rate in percent over the languages that write spaces:',
		formatTable(header('group'), groups),
		'BLEU / chrF of the translation into English:',
		formatTable(header('direction'), translations),
		`Signatures: \`${reference.translations['all']?.signatures.join('`, `') ?? ''}\`.`,
	].join('\n\n');
}

function formatPercent(rate: ErrorRate | undefined): string {
	return rate === undefined || rate.referenceUnits === 0 ? '-' : (100 * rate.rate).toFixed(1);
}
