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
}

/** Chosen on the development set (docs/live.md). */
const SETTINGS: Readonly<Record<LatencyMultiplier, LatencySettings>> = {
	1: {
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
		stepMs: 1000,
		holdFrames: 100,
		sureHoldFrames: 30,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 2000,
		pauseMs: 600,
		keepMs: 6000,
		capMs: 10_000,
	},
	3: {
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
		stepMs: 2000,
		holdFrames: 150,
		sureHoldFrames: 60,
		sureProbability: 0.9,
		sureNextProbability: 0.5,
		minWindowMs: 3000,
		pauseMs: 800,
		keepMs: 6000,
		capMs: 12_000,
	},
};

export function latencySettings(multiplier: LatencyMultiplier): LatencySettings {
	return SETTINGS[multiplier];
}
