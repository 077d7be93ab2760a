import type {LatencyMultiplier} from '../../engine/engine.js';

/** How eager a live session is. One row for each latency multiplier. */
export interface LatencySettings {
	/** Audio between two looks. */
	readonly stepMs: number;
	/** A token is settled when so many frames (20 ms each) of audio lie behind the frame it was read from, ... */
	readonly holdFrames: number;
	/** ... or so many, if it is likely or was foreseen at the last look. */
	readonly sureHoldFrames: number;
	/** From here on a token is likely, 0..1. */
	readonly sureProbability: number;
	/** The token behind a likely one must have this, so that the likely one is known to end there. */
	readonly sureNextProbability: number;
	/** A window is not looked at before it has so much audio from its first speech on. */
	readonly minWindowMs: number;
	/** A pause of this length makes everything before it final, ... */
	readonly pauseMs: number;
	/** ... and closes the window, if that is as long as this. */
	readonly keepMs: number;
	/** A window that is longer is cut at a word. */
	readonly capMs: number;
	/** Silence behind the audio of an open look. */
	readonly silenceMs: number;
	/** Whether to write on behind what may be settled: what is foreseen now is sure at the next look. */
	readonly looksAhead: boolean;
}

/** What is the same for all multipliers. With less silence behind the audio the decoder reads again what it has read (docs/live.md). */
const COMMON = {silenceMs: 1000, looksAhead: true} as const;

/** Chosen on the development set (docs/live.md). */
const SETTINGS: Readonly<Record<LatencyMultiplier, LatencySettings>> = {
	1: {
		...COMMON,
		stepMs: 768,
		holdFrames: 50,
		sureHoldFrames: 20,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 2000,
		pauseMs: 600,
		keepMs: 6000,
		capMs: 10_000,
	},
	2: {
		...COMMON,
		stepMs: 1000,
		holdFrames: 75,
		sureHoldFrames: 25,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 2000,
		pauseMs: 600,
		keepMs: 6000,
		capMs: 10_000,
	},
	3: {
		...COMMON,
		stepMs: 1500,
		holdFrames: 120,
		sureHoldFrames: 50,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 2500,
		pauseMs: 700,
		keepMs: 6000,
		capMs: 10_000,
	},
	4: {
		...COMMON,
		stepMs: 1500,
		holdFrames: 120,
		sureHoldFrames: 60,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 2500,
		pauseMs: 700,
		keepMs: 6000,
		capMs: 10_000,
	},
};

export function latencySettings(multiplier: LatencyMultiplier): LatencySettings {
	return SETTINGS[multiplier];
}

/** Settings that cost a third less, for sessions that wait for each other; chosen in load runs (docs/live.md). */
export function spareSettings(settings: LatencySettings): LatencySettings {
	return {
		...settings,
		keepMs: Math.min(settings.keepMs, 2000),
		capMs: Math.min(settings.capMs, 5000),
		silenceMs: Math.min(settings.silenceMs, 500),
		looksAhead: false,
	};
}
