/**
 * CPU time of decoding, mixing and resampling one second of audio, by format: `npx tsx bench/decode.ts`.
 * Needs ffmpeg and the shared recordings. One JSON object on stdout.
 */
import {execFileSync} from 'node:child_process';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {SAMPLE_RATE_HZ} from '../src/core/audio/audio-source.js';
import {openAudio} from '../src/core/audio/open-audio.js';
import {median} from './kit/statistics.js';
import {describeMachine} from './machine.js';

const SECONDS = 300;
const RUNS = 5;
const speech = fileURLToPath(new URL('../../shared/audio/dev/en_jfk.flac', import.meta.url));

/** Options of ffmpeg for each input; 48 kHz stereo is what most recordings are. */
const INPUTS: Readonly<Record<string, readonly string[]>> = {
	'16k-mono.wav': ['-ar', '16000', '-ac', '1'],
	'16k-mono.flac': ['-ar', '16000', '-ac', '1'],
	'44k-stereo.wav': ['-ar', '44100', '-ac', '2'],
	'48k-stereo.wav': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.flac': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.mp3': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.ogg': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.opus': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.m4a': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.webm': ['-ar', '48000', '-ac', '2'],
	'48k-stereo.aiff': ['-ar', '48000', '-ac', '2'],
};

async function decode(path: string): Promise<{cpuMs: number; firstBlockMs: number; seconds: number}> {
	const startMs = performance.now();
	const startCpu = process.cpuUsage();
	const audio = await openAudio({kind: 'file', path}, {});
	let samples = 0;
	let firstBlockMs = 0;
	for await (const block of audio.samples) {
		if (samples === 0) firstBlockMs = performance.now() - startMs;
		samples += block.length;
	}
	const {user, system} = process.cpuUsage(startCpu);
	return {cpuMs: (user + system) / 1000, firstBlockMs, seconds: samples / SAMPLE_RATE_HZ};
}

const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
try {
	const results: Record<string, unknown>[] = [];
	for (const [name, options] of Object.entries(INPUTS)) {
		const path = join(folder, name);
		execFileSync('ffmpeg', [
			'-v',
			'error',
			'-stream_loop',
			'-1',
			'-i',
			speech,
			'-t',
			String(SECONDS),
			...options,
			path,
		]);
		const runs: Awaited<ReturnType<typeof decode>>[] = [];
		for (let run = 0; run < RUNS; run++) runs.push(await decode(path));
		results.push({
			input: name,
			cpuMsPerSecondOfAudio: Number(median(runs.map(({cpuMs, seconds}) => cpuMs / seconds)).toFixed(3)),
			firstBlockMsCold: Number(runs[0]!.firstBlockMs.toFixed(1)),
			firstBlockMsWarm: Number(median(runs.slice(1).map(run => run.firstBlockMs)).toFixed(1)),
			decodedSeconds: runs[0]!.seconds,
		});
	}
	console.log(
		JSON.stringify(
			{bench: 'decode', audioSeconds: SECONDS, runs: RUNS, results, machine: describeMachine()},
			null,
			'\t',
		),
	);
} finally {
	await rm(folder, {recursive: true});
}
