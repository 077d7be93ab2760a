/**
 * Time of voice activity detection, ours against Silero's graph as published: `npx tsx bench/voice-activity.ts`.
 * One JSON object on stdout.
 */
import {InferenceSession, Tensor} from 'onnxruntime-node';
import {findSileroModel} from '../src/core/audio/silero/silero-weights.js';
import {openVoiceActivityDetector, WINDOW_SAMPLES} from '../src/core/audio/voice-activity.js';
import {describeMachine} from './machine.js';

const SECONDS = 60;
const RUNS = 9;

// Noise: a window costs the same whatever it holds.
const samples = Float32Array.from({length: SECONDS * 16_000}, () => Math.random() - 0.5);

const openStartMs = performance.now();
const detector = await openVoiceActivityDetector();
const openMs = performance.now() - openStartMs;

const published = await InferenceSession.create(findSileroModel(), {
	intraOpNumThreads: 1,
	interOpNumThreads: 1,
	extra: {session: {intra_op: {allow_spinning: '0'}}},
});

async function detectAsPublished(): Promise<void> {
	const rate = new Tensor('int64', BigInt64Array.of(16_000n), []);
	let state = new Tensor('float32', new Float32Array(256), [2, 1, 128]);
	for (let start = 64; start + WINDOW_SAMPLES <= samples.length; start += WINDOW_SAMPLES) {
		const seen = samples.slice(start - 64, start + WINDOW_SAMPLES);
		const answer = await published.run({
			input: new Tensor('float32', seen, [1, seen.length]),
			state,
			sr: rate,
		});
		state = answer['stateN'] as typeof state;
	}
}

async function detectInBlocks(blockSamples: number): Promise<void> {
	const stream = detector.stream();
	for (let start = 0; start < samples.length; start += blockSamples)
		await stream.push(samples.subarray(start, start + blockSamples));
}

const contestants = {
	'as published, window by window': detectAsPublished,
	'one block': () => detectInBlocks(samples.length),
	'blocks of 1.024 s': () => detectInBlocks(32 * WINDOW_SAMPLES),
	'blocks of 0.256 s': () => detectInBlocks(8 * WINDOW_SAMPLES),
	'blocks of 0.032 s': () => detectInBlocks(WINDOW_SAMPLES),
};

const runsMs = Object.fromEntries(Object.keys(contestants).map(name => [name, [] as number[]]));
// Interleaved, so that a change in the machine's load meets all of them.
for (let run = 0; run < RUNS; run++) {
	for (const [name, detect] of Object.entries(contestants)) {
		const startMs = performance.now();
		await detect();
		runsMs[name]!.push(performance.now() - startMs);
	}
}
await published.release();
await detector.close();

const msPerSecondOfAudio = Object.fromEntries(
	Object.entries(runsMs).map(([name, times]) => {
		const medianMs = times.sort((a, b) => a - b)[(RUNS - 1) / 2]!;
		return [name, Number((medianMs / SECONDS).toFixed(3))];
	}),
);
console.log(
	JSON.stringify(
		{
			bench: 'voice-activity',
			audioSeconds: SECONDS,
			runs: RUNS,
			openMs: Math.round(openMs),
			msPerSecondOfAudio,
			machine: describeMachine(),
		},
		null,
		'\t',
	),
);
