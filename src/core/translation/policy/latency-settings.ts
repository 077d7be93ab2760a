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
	/** A window is not looked at before it has so much audio from its first speech on. */
	readonly minWindowMs: number;
	/** A pause of this length closes a window. */
	readonly pauseMs: number;
	/** A window that is longer is cut at a word. */
	readonly capMs: number;
}

/** Chosen on the development set (docs/live.md). */
const SETTINGS: Readonly<Record<LatencyMultiplier, LatencySettings>> = {
	1: {
		stepMs: 1000,
		holdFrames: 30,
		sureHoldFrames: 30,
		sureProbability: 2,
		minWindowMs: 2000,
		pauseMs: 600,
		capMs: 10_000,
	},
	2: {
		stepMs: 1000,
		holdFrames: 50,
		sureHoldFrames: 50,
		sureProbability: 2,
		minWindowMs: 2000,
		pauseMs: 600,
		capMs: 10_000,
	},
	3: {
		stepMs: 2000,
		holdFrames: 50,
		sureHoldFrames: 50,
		sureProbability: 2,
		minWindowMs: 2000,
		pauseMs: 800,
		capMs: 12_000,
	},
	4: {
		stepMs: 2000,
		holdFrames: 80,
		sureHoldFrames: 80,
		sureProbability: 2,
		minWindowMs: 3000,
		pauseMs: 1000,
		capMs: 15_000,
	},
};

export function latencySettings(multiplier: LatencyMultiplier): LatencySettings {
	return SETTINGS[multiplier];
}
