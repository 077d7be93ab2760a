import type {SessionEvent} from '../../src/core/session/session-event.js';
import {
	LiveTranslation,
	TICK_SAMPLES,
	type LiveTranslationOptions,
	type LiveTranslationState,
	type TickResult,
} from '../../src/core/translation/live/live-translation.js';
import {positionAudio, scriptedDetector, type ScriptedWhisper} from './scripted-whisper.js';

export interface LiveRunOptions extends Partial<LiveTranslationOptions> {
	readonly model: ScriptedWhisper;
	readonly speech: readonly (readonly [number, number])[];
	/** Of the detector where there is speech, 0..1. @default 0.95 */
	readonly speechProbability?: number;
	readonly durationMs: number;
	readonly stepFactor?: number;
	/** Flushed here. */
	readonly flushAtMs?: readonly number[];
	/** Called after each tick, with what it brought. */
	readonly onTick?: (result: TickResult, translation: LiveTranslation) => void;
	/** Goes on from its own state, in a new one, after each tick. @default false */
	readonly isInterrupted?: boolean;
}

export interface LiveRun {
	readonly events: readonly SessionEvent[];
	readonly ticks: readonly TickResult[];
	readonly guards: Readonly<Record<string, number>>;
}

/** A scripted session from its begin to its end, as {@link LiveSession} runs one. */
export async function runLive({
	model,
	speech,
	speechProbability,
	durationMs,
	stepFactor = 1,
	flushAtMs = [],
	onTick,
	isInterrupted = false,
	...options
}: LiveRunOptions): Promise<LiveRun> {
	const guards: Record<string, number> = {};
	const detector = scriptedDetector(speech, speechProbability);
	const open = (state?: LiveTranslationState): Promise<LiveTranslation> =>
		LiveTranslation.open(
			{
				sourceLanguage: 'en',
				targets: ['same'],
				latencyMultiplier: 1,
				policy: 'align-att',
				partials: true,
				words: false,
				prompt: undefined,
				...options,
			},
			{
				model,
				detector,
				guard: name => void (guards[name] = (guards[name] ?? 0) + 1),
				signal: new AbortController().signal,
			},
			state,
		);
	let translation = await open();
	const ticks: TickResult[] = [];
	const take = async (result: TickResult): Promise<void> => {
		ticks.push(result);
		onTick?.(result, translation);
		if (!isInterrupted) return;
		const from = translation.firstSample;
		translation = await open(structuredClone(translation.state()));
		translation.push(positionAudio((result.heardSample - from) / 16, from / 16));
	};
	const stops = [...flushAtMs.map(at => at * 16), durationMs * 16];
	for (const [order, stop] of stops.entries()) {
		while (translation.heardSample + TICK_SAMPLES <= stop) {
			translation.push(positionAudio(TICK_SAMPLES / 16, translation.heardSample / 16));
			await take(await translation.tick({stepFactor}));
		}
		translation.push(positionAudio((stop - translation.heardSample) / 16, translation.heardSample / 16));
		await take(await translation.finish(stop, order === stops.length - 1));
	}
	return {events: ticks.flatMap(({events}) => events), ticks, guards};
}

/** The transcript of a target. */
export function transcript(events: readonly SessionEvent[], target = 'same'): string {
	return events
		.flatMap(event => (event.type === 'text-final' && event.target === target ? [event.text] : []))
		.join('');
}

/** Each final of a target with how much had been heard. */
export function finals(events: readonly SessionEvent[], target = 'same'): {text: string; audioMs: number}[] {
	return events.flatMap(event =>
		event.type === 'text-final' && event.target === target
			? [{text: event.text, audioMs: event.audioMs}]
			: [],
	);
}
