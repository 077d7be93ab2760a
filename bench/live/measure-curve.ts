import type {LatencyMultiplier} from '../../src/core/engine/engine.js';
import type {Clock} from '../../src/core/util/clock.js';
import type {LiveInput} from './live-input.js';
import type {LiveContestant, LiveTask} from './live-stream.js';
import {transcriptOf} from './paced-client.js';
import {type InputRun, runInputs} from './run-inputs.js';
import {
	type CaptionQuality,
	captionLags,
	type CostSummary,
	type LagSummary,
	scoreCaptions,
	scoreTranslations,
	summariseCost,
	type TranslationQuality,
	translationLags,
} from './summaries.js';

/** One point of the quality-latency curve. */
export interface CurvePoint {
	readonly task: LiveTask;
	readonly latencyMultiplier: LatencyMultiplier;
	/** Of whole recordings, played as fast as they are taken; undefined when only paced ones were played. */
	readonly full?: {
		readonly captions?: CaptionQuality;
		readonly translations?: TranslationQuality;
		readonly cost: CostSummary;
	};
	/** Of recordings, some of them cut, played at the pace of speech. */
	readonly paced?: {
		readonly lag: LagSummary;
		readonly captions?: CaptionQuality;
		readonly cost: CostSummary;
		/** Recordings whose text up to the cut is that of the unpaced run, of those compared. */
		readonly sameText?: {readonly same: number; readonly of: number};
	};
}

export interface CurveOptions {
	readonly contestant: LiveContestant;
	readonly task: LiveTask;
	readonly latencyMultiplier: LatencyMultiplier;
	/** Whole recordings for quality; none to leave it out. */
	readonly full: readonly LiveInput[];
	/** Recordings for lag; none to leave it out. */
	readonly paced: readonly LiveInput[];
	/** Paced sessions at a time. */
	readonly atOnce: number;
	readonly blockMs: number;
	readonly clock: Clock;
}

/** A program that says nothing for so long after the end is not waited for. */
export const DRAIN_MS = 30_000;

/** Measures one point of the curve. */
export async function measureCurvePoint(options: CurveOptions): Promise<CurvePoint> {
	const {contestant, task, latencyMultiplier, blockMs, clock, atOnce} = options;
	const common = {contestant, task, latencyMultiplier, blockMs, clock};
	const full =
		options.full.length === 0
			? undefined
			: await runInputs(options.full, {
					...common,
					...{pace: 'unpaced', atOnce: 1, staggerMs: 0},
				});
	const paced =
		options.paced.length === 0
			? undefined
			: await runInputs(options.paced, {...common, pace: 'paced', atOnce, staggerMs: 370, drainMs: DRAIN_MS});
	return {
		task,
		latencyMultiplier,
		...(full !== undefined && {
			full: {
				...(task === 'transcribe'
					? {captions: scoreCaptions(full.runs)}
					: {translations: scoreTranslations(full.runs)}),
				cost: summariseCost(full),
			},
		}),
		...(paced !== undefined && {
			paced: {
				lag: task === 'transcribe' ? captionLags(paced.runs, blockMs) : translationLags(paced.runs, blockMs),
				...(task === 'transcribe' && {captions: scoreCaptions(paced.runs)}),
				cost: summariseCost(paced),
				...(full !== undefined && {sameText: compareTexts(full.runs, paced.runs)}),
			},
		}),
	};
}

/** Text that came before a recording was cut must be the beginning of the whole recording's text. */
function compareTexts(
	full: readonly InputRun[],
	paced: readonly InputRun[],
): {readonly same: number; readonly of: number} {
	const pairs = paced.flatMap(({input, record}) => {
		const whole = full.find(run => run.input.name === input.name);
		if (whole === undefined) return [];
		const isCut = whole.input.audioMs > input.audioMs;
		const finals = record.finals.filter(({audioMs}) => !isCut || (audioMs ?? 0) < input.audioMs);
		return [{text: transcriptOf({finals}), whole: transcriptOf(whole.record), isCut}];
	});
	const same = pairs.filter(({text, whole, isCut}) => (isCut ? whole.startsWith(text) : whole === text));
	return {same: same.length, of: pairs.length};
}
