/** Time of the log-mel spectrogram: `npx tsx bench/log-mel.ts`. One JSON object on stdout. */
import {createLogMel, FRAMES_PER_SECOND} from '../src/core/audio/log-mel.js';
import {describeMachine} from './machine.js';

const SECONDS = 30;
const RUNS = 40;

const frames = SECONDS * FRAMES_PER_SECOND;
// Noise: every frame costs the same whatever it holds, only zeros after the end are free.
const samples = Float32Array.from({length: SECONDS * 16_000}, () => Math.random() - 0.5);

const results = [80, 128].map(melBins => {
	const logMel = createLogMel({melBins});
	const runsMs = Array.from({length: RUNS}, () => {
		const startMs = performance.now();
		logMel.compute(samples, {frames});
		return performance.now() - startMs;
	}).sort((a, b) => a - b);
	const medianMs = runsMs[RUNS / 2]!;
	return {
		melBins,
		nanosecondsPerFrame: Math.round((medianMs * 1e6) / frames),
		fastestNanosecondsPerFrame: Math.round((runsMs[0]! * 1e6) / frames),
		msPerSecondOfAudio: Number((medianMs / SECONDS).toFixed(3)),
	};
});

console.log(
	JSON.stringify(
		{bench: 'log-mel', audioSeconds: SECONDS, runs: RUNS, results, machine: describeMachine()},
		null,
		'\t',
	),
);
