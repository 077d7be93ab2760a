import type {LatencyMultiplier} from '../../../core/engine/engine.js';
import type {SessionEvent} from '../../../core/session/session-event.js';

/** What people see of a live session; data for the views. */
export interface LiveState {
	readonly phase: 'listening' | 'ending';
	/** Of what was heard so far. */
	readonly audioMs: number;
	/** Loudness just now, dB below full scale, -100..0. */
	readonly levelDecibels: number;
	/** Undefined until something was looked at. */
	readonly lagMs: number | undefined;
	/** Code of the language spoken; undefined until it is known. */
	readonly sourceLanguage: string | undefined;
	/** Codes, and `same`. */
	readonly targets: readonly string[];
	readonly latencyMultiplier: LatencyMultiplier;
	/** Segments that are complete, of all targets, in the order of their ends. Only ever grows. */
	readonly finished: readonly FinishedText[];
	/** By target. */
	readonly open: ReadonlyMap<string, OpenText>;
}

export interface FinishedText {
	readonly target: string;
	/** Code of the language it is in. */
	readonly language: string;
	readonly text: string;
}

/** The segment of a target that is not complete yet. */
export interface OpenText {
	/** Code of the language it is in. */
	readonly language: string;
	/** Never changes again. */
	readonly final: string;
	/** What is likely to follow. */
	readonly partial: string;
}

export function createLiveState(parts: {
	readonly sourceLanguage: string;
	readonly targets: readonly string[];
	readonly latencyMultiplier: LatencyMultiplier;
}): LiveState {
	return {
		phase: 'listening',
		audioMs: 0,
		levelDecibels: -100,
		lagMs: undefined,
		sourceLanguage: parts.sourceLanguage === 'auto' ? undefined : parts.sourceLanguage,
		targets: parts.targets,
		latencyMultiplier: parts.latencyMultiplier,
		finished: [],
		open: new Map(),
	};
}

/** The state after an event of the session. */
export function followSession(state: LiveState, event: SessionEvent): LiveState {
	switch (event.type) {
		case 'text-final':
			return withOpen(state, event.target, ({final}) => ({
				language: event.language,
				final: final + event.text,
				// What was guessed may just have become final; the next guess comes with the same look.
				partial: '',
			}));
		case 'text-partial':
			return withOpen(state, event.target, ({final}) => ({
				language: event.language,
				final,
				partial: event.text,
			}));
		case 'segment-ended': {
			const open = new Map(state.open);
			open.delete(event.target);
			const {target, language, text} = event;
			return {...state, open, finished: [...state.finished, {target, language, text}]};
		}
		case 'language-detected':
			return {...state, sourceLanguage: event.language};
		case 'lag-measured':
			return {...state, lagMs: event.lagMs};
		case 'warning-raised':
		case 'stretch-ended':
		case 'session-ended':
			return state;
	}
}

function withOpen(state: LiveState, target: string, change: (text: OpenText) => OpenText): LiveState {
	const before = state.open.get(target) ?? {language: '', final: '', partial: ''};
	return {...state, open: new Map(state.open).set(target, change(before))};
}
