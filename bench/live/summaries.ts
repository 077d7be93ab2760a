import {corpusBleu} from '../../src/core/scoring/bleu.js';
import {corpusChrf} from '../../src/core/scoring/chrf.js';
import {
	characterErrorRate,
	type ErrorRate,
	errorRateUnit,
	poolErrorRates,
	wordErrorRate,
} from '../../src/core/scoring/error-rate.js';
import {foldToSimplifiedChinese} from '../../src/core/scoring/chinese-script.js';
import {mean, quantile} from '../kit/statistics.js';
import {normalisedErasure} from './flicker.js';
import type {LiveInput} from './live-input.js';
import {transcriptOf} from './paced-client.js';
import type {InputRun, RunOutcome} from './run-inputs.js';
import {measureCaptionLags, measureTranslationLags} from './word-lag.js';

export interface LagSummary {
	/** Words that it is of. */
	readonly words: number;
	readonly meanMs: number;
	readonly p50Ms: number;
	readonly p95Ms: number;
	readonly maxMs: number;
}

export function summariseLags(lags: readonly number[]): LagSummary {
	return {
		words: lags.length,
		meanMs: mean(lags),
		p50Ms: quantile(lags, 0.5),
		p95Ms: quantile(lags, 0.95),
		// Not by spreading: a long run has more words than a call may have arguments.
		maxMs: quantile(lags, 1),
	};
}

export function captionLags(runs: readonly InputRun[], blockMs: number): LagSummary {
	return summariseLags(
		runs.flatMap(({input, record}) => measureCaptionLags(input.spoken, record, input.language, blockMs)),
	);
}

export function translationLags(runs: readonly InputRun[], blockMs: number): LagSummary {
	return summariseLags(runs.flatMap(({record}) => measureTranslationLags(record, 'en', blockMs)));
}

export interface CaptionQuality {
	/** Of the live texts, languages that write spaces pooled. */
	readonly live: ErrorRate;
	/** Of the whole-file texts of the same recordings. */
	readonly whole: ErrorRate;
	/** Live in percent less whole file in percent. */
	readonly pointsBehind: number;
	/** Of the live texts held against the whole-file texts instead of what people wrote down. */
	readonly liveAgainstWhole: ErrorRate;
	/** By language: live and whole; Chinese in characters, both sides simplified. */
	readonly languages: Readonly<Record<string, {readonly live: ErrorRate; readonly whole: ErrorRate}>>;
}

/** Live texts and whole-file texts against what was said. */
export function scoreCaptions(runs: readonly InputRun[]): CaptionQuality {
	const scored = runs.map(({input, record}) => {
		const live = transcriptOf(record);
		return {
			language: input.language,
			live: rateText(input.transcript, live, input.language),
			whole: rateText(input.transcript, input.wholeCaptions, input.language),
			liveAgainstWhole: rateText(input.wholeCaptions, live, input.language),
		};
	});
	const inWords = scored.filter(({language}) => errorRateUnit(language) === 'word');
	const live = poolErrorRates(inWords.map(score => score.live));
	const whole = poolErrorRates(inWords.map(score => score.whole));
	return {
		live,
		whole,
		pointsBehind: 100 * (live.rate - whole.rate),
		liveAgainstWhole: poolErrorRates(inWords.map(score => score.liveAgainstWhole)),
		languages: Object.fromEntries(
			[...new Set(scored.map(({language}) => language))].map(language => {
				const own = scored.filter(score => score.language === language);
				return [
					language,
					{
						live: poolErrorRates(own.map(score => score.live)),
						whole: poolErrorRates(own.map(score => score.whole)),
					},
				];
			}),
		),
	};
}

/** Error rate of some texts against what was said, languages that write spaces pooled. */
export function rateCaptions(
	texts: readonly {readonly input: LiveInput; readonly text: string}[],
): ErrorRate {
	return poolErrorRates(
		texts
			.filter(({input}) => errorRateUnit(input.language) === 'word')
			.map(({input, text}) => rateText(input.transcript, text, input.language)),
	);
}

export interface TranslationQuality {
	readonly clips: number;
	readonly live: {readonly bleu: number; readonly chrf: number};
	readonly whole: {readonly bleu: number; readonly chrf: number};
	readonly signatures: readonly string[];
}

/** Live translations and whole-file translations against the references, of the inputs that have some. */
export function scoreTranslations(runs: readonly InputRun[]): TranslationQuality {
	const translated = runs.filter(({input}) => input.english !== undefined);
	const references = translated.map(({input}) => input.english!.reference);
	const score = (hypotheses: string[]) => {
		const bleu = corpusBleu(hypotheses, references);
		const chrf = corpusChrf(hypotheses, references);
		return {bleu, chrf};
	};
	const live = score(translated.map(({record}) => transcriptOf(record).trim()));
	const whole = score(translated.map(({input}) => input.english!.whole));
	return {
		clips: translated.length,
		live: {bleu: live.bleu.score, chrf: live.chrf.score},
		whole: {bleu: whole.bleu.score, chrf: whole.chrf.score},
		signatures: [live.bleu.signature, live.chrf.signature],
	};
}

export interface CostSummary {
	readonly audioSeconds: number;
	/** Processor seconds for a second of audio. */
	readonly cpuPerAudioSecond: number;
	/** Processor cores that were busy on average. */
	readonly busyCores: number;
	/** The same of the clients. */
	readonly clientBusyCores: number;
	readonly residentBytes: number;
	readonly flicker: number;
	readonly retractedCharacters: number;
	readonly unfinishedSessions: number;
	/** The most that a client wrote a block late. */
	readonly worstDelayMs: number;
	readonly guards: Readonly<Record<string, number>>;
	readonly batchSizes: Readonly<Record<number, number>>;
	readonly meanBatchSize: number;
	readonly queueWaitMs: RunOutcome['queueWaitMs'];
}

export function summariseCost(outcome: RunOutcome): CostSummary {
	const {runs, batchSizes, wallMs, audioMs} = outcome;
	const records = runs.map(({record}) => record);
	const steps = Object.entries(batchSizes).map(([size, count]) => ({size: Number(size), count}));
	const stepCount = steps.reduce((sum, {count}) => sum + count, 0);
	return {
		audioSeconds: audioMs / 1000,
		cpuPerAudioSecond: outcome.engineCpuMs / audioMs,
		busyCores: outcome.engineCpuMs / wallMs,
		clientBusyCores: outcome.clientCpuMs / wallMs,
		residentBytes: outcome.residentBytes,
		flicker: normalisedErasure(records.map(({flicker}) => flicker)),
		retractedCharacters: records.reduce((sum, record) => sum + record.retractedCharacters, 0),
		unfinishedSessions: records.filter(({isComplete}) => !isComplete).length,
		worstDelayMs: Math.max(...records.map(record => record.worstDelayMs)),
		guards: outcome.guards,
		batchSizes,
		meanBatchSize: steps.reduce((sum, {size, count}) => sum + size * count, 0) / stepCount,
		queueWaitMs: outcome.queueWaitMs,
	};
}

function rateText(reference: string, hypothesis: string, language: string): ErrorRate {
	if (errorRateUnit(language) === 'word') return wordErrorRate(reference, hypothesis);
	return characterErrorRate(foldToSimplifiedChinese(reference), foldToSimplifiedChinese(hypothesis));
}
