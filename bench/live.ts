/**
 * Live translation: how good and how late one speaker's text is, and how many speakers a machine bears. docs/live.md
 * says how everything is counted.
 *
 *     npm run bench:live -- --curve                  16 minutes: one session, captions and English, multipliers 1 to 4
 *     npm run bench:live -- --curve --fast            6 minutes: only the texts, nothing at the pace of speech
 *     npm run bench:live -- --load                   10 minutes: 1 to 32 sessions at multipliers 1 and 2
 *     npm run bench:live -- --batching                5 minutes: 8 and 16 sessions, with batches and without
 *     npm run bench:live -- --peer whisperlivekit     8 minutes: the same clips through WhisperLiveKit
 *     npm run bench:live -- --peer whisperlivekit-localagreement    with its other policy
 *     npm run bench:live -- --curve --load --batching --quick    6 minutes in all, to see that it works
 *
 * `--transport process` runs the model in child processes behind the router instead of in threads. `--docs` writes the
 * tables of docs/live.md from all sections there are. Results lie in bench/results/live.json, plots beside it.
 * Needs a quiet machine with Linux, and ../shared.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {LATENCY_MULTIPLIERS, type LatencyMultiplier} from '../src/core/engine/engine.js';
import {systemClock} from '../src/core/util/clock.js';
import {readDevSet} from './kit/dev-set.js';
import {renderPlot} from './kit/plot.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath} from './kit/results-file.js';
import {createEngineContestant} from './live/engine-contestant.js';
import {type LiveInput, readClipInput, readLoadInputs} from './live/live-input.js';
import {formatLiveResults, plotCurve, plotLoad} from './live/live-report.js';
import {type MeasuredWith, readLiveResults, writeLiveResults} from './live/live-results.js';
import type {LiveContestant, LiveTask} from './live/live-stream.js';
import {type CurvePoint, measureCurvePoint} from './live/measure-curve.js';
import {
	largestServed,
	type LoadPoint,
	measureBatching,
	measureLoadPoint,
	readAloneTexts,
} from './live/measure-load.js';
import {LIVE_TRANSPORTS, type LiveTransport, openLiveEngine} from './live/open-live-engine.js';
import {createWhisperLiveKit, WHISPER_LIVE_KITS, type WhisperLiveKitName} from './live/whisper-live-kit.js';
import {readWholeFileTexts} from './live/whole-file.js';
import {describeMachine} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		curve: {type: 'boolean', default: false},
		load: {type: 'boolean', default: false},
		batching: {type: 'boolean', default: false},
		peer: {type: 'string'},
		quick: {type: 'boolean', default: false},
		/** Of the curve, only the texts. */
		fast: {type: 'boolean', default: false},
		/** Of the curve, only what is played at the pace of speech. */
		'paced-only': {type: 'boolean', default: false},
		transport: {type: 'string', default: 'thread'},
		replicas: {type: 'string'},
		threads: {type: 'string'},
		'catch-up': {type: 'boolean', default: false},
		tasks: {type: 'string', default: 'transcribe,translate'},
		multipliers: {type: 'string'},
		clips: {type: 'string'},
		/** Recordings that are played at the pace of speech are cut in a pause before. */
		'seconds-per-clip': {type: 'string'},
		/** Recordings of the curve played at the pace of speech at a time. */
		'at-once': {type: 'string', default: '3'},
		sessions: {type: 'string'},
		/** That each session of a load lasts. */
		seconds: {type: 'string'},
		'batching-sessions': {type: 'string'},
		rounds: {type: 'string', default: '2'},
		'block-ms': {type: 'string', default: '100'},
		'refresh-whole-files': {type: 'boolean', default: false},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('live')},
	},
});

const clock = systemClock;
const numbers = (list: string) => list.split(',').map(Number);
const isQuick = flags.quick;
const blockMs = Number(flags['block-ms']);
const secondsPerClip = Number(flags['seconds-per-clip'] ?? (isQuick ? 12 : 30));
const secondsOfLoad = Number(flags.seconds ?? (isQuick ? 15 : 30));
const sessionCounts = numbers(flags.sessions ?? (isQuick ? '1,4,16' : '1,2,4,8,16,24,32'));
const batchingCounts = numbers(flags['batching-sessions'] ?? (isQuick ? '8' : '8,16'));
const curveMultipliers = parseMultipliers(flags.multipliers ?? (isQuick ? '1,2' : '1,2,3,4'));
const loadMultipliers = parseMultipliers(flags.multipliers ?? (isQuick ? '1' : '1,2'));
const transport = flags.transport as LiveTransport;
if (!LIVE_TRANSPORTS.includes(transport)) {
	throw new Error(`--transport is "${transport}", not one of ${LIVE_TRANSPORTS.join(', ')}.`);
}
if (flags.peer !== undefined && !(flags.peer in WHISPER_LIVE_KITS)) {
	throw new Error(`--peer is "${flags.peer}", not one of ${Object.keys(WHISPER_LIVE_KITS).join(', ')}.`);
}

const QUICK_CLIPS = ['en_jfk', 'en_fleurs01', 'de_fleurs01', 'es_fleurs02', 'fr_fleurs04'];
const clips = await readDevSet(flags.clips?.split(',') ?? (isQuick ? QUICK_CLIPS : undefined));
const whole = await readWholeFileTexts(clips, undefined, flags['refresh-whole-files']);
const results = await readLiveResults(flags.output);

if (flags.peer !== undefined) await measurePeer(flags.peer as WhisperLiveKitName);
else if (flags.curve || flags.load || flags.batching) await measureOurs();
await report();

async function measureOurs(): Promise<void> {
	const engine = await openLiveEngine({
		transport,
		...(flags.replicas !== undefined && {replicas: Number(flags.replicas)}),
		...(flags.threads !== undefined && {threads: Number(flags.threads)}),
	});
	const contestant = createEngineContestant(engine, flags['catch-up']);
	try {
		await warmUp(contestant);
		if (flags.curve) await measureCurve(contestant, transport);
		if (flags.load) await measureLoad(contestant, transport, loadMultipliers, sessionCounts);
		if (flags.batching) await measureBatches(contestant);
	} finally {
		await contestant.close();
	}
}

async function measurePeer(name: WhisperLiveKitName): Promise<void> {
	const contestant = createWhisperLiveKit(name, clips[0]!.path);
	try {
		await measureCurve(contestant, contestant.name);
		// Its latency cannot be chosen; a name for the column is needed all the same.
		const counts = numbers(flags.sessions ?? '1,2');
		await measureLoad(contestant, contestant.name, [2], counts);
	} finally {
		await contestant.close();
	}
}

/** One point for each task and multiplier, written as soon as it is there. */
async function measureCurve(contestant: LiveContestant, name: string): Promise<void> {
	const isPeer = contestant.name !== 'infinisst';
	const tasks = isPeer ? (['transcribe'] as const) : (flags.tasks.split(',') as LiveTask[]);
	const full = isPeer || flags['paced-only'] ? [] : await readInputs();
	const paced = flags.fast ? [] : await readInputs(secondsPerClip * 1000);
	const before = describeMachine();
	const points: CurvePoint[] = [];
	for (const latencyMultiplier of isPeer ? [2 as const] : curveMultipliers) {
		for (const task of tasks) {
			tell(`${name}: curve, ${task}, multiplier ${latencyMultiplier}`);
			const isWanted = ({language}: LiveInput) => task === 'transcribe' || language !== 'en';
			points.push(
				await measureCurvePoint({
					...{contestant, task, latencyMultiplier, blockMs, clock},
					full: full.filter(isWanted),
					paced: paced.filter(isWanted),
					atOnce: isPeer ? 1 : Number(flags['at-once']),
				}),
			);
			results.curves[name] = {
				...describeRun(contestant, before, {
					clips: clips.length,
					'seconds per paced clip': secondsPerClip,
					'paced at once': isPeer ? 1 : flags['at-once'],
				}),
				points,
			};
			await writeLiveResults(flags.output, results);
		}
	}
}

/** One point for each number of sessions and multiplier. */
async function measureLoad(
	contestant: LiveContestant,
	name: string,
	multipliers: readonly LatencyMultiplier[],
	counts: readonly number[],
): Promise<void> {
	const before = describeMachine();
	// A peer hears one language at a time and cannot be given audio faster than it is spoken.
	const isPeer = contestant.name !== 'infinisst';
	const spoken = isPeer ? clips.filter(({language}) => language === clips[0]!.language) : clips;
	const inputs = await readLoadInputs(spoken, whole, Math.max(...counts), secondsOfLoad * 1000);
	const points: LoadPoint[] = [];
	for (const latencyMultiplier of multipliers) {
		const options = {contestant, latencyMultiplier, blockMs, clock};
		if (!isPeer) tell(`${name}: load, multiplier ${latencyMultiplier}, ${inputs.length} streams alone`);
		const alone = isPeer ? undefined : await readAloneTexts(inputs, options);
		for (const count of counts) {
			tell(`${name}: load, multiplier ${latencyMultiplier}, ${count} sessions`);
			points.push(await measureLoadPoint(inputs.slice(0, count), alone, options));
			results.loads[name] = {
				...describeRun(contestant, before, {'seconds of each session': secondsOfLoad}),
				points,
				largestServed: Object.fromEntries(
					multipliers.map(multiplier => [
						multiplier,
						largestServed(points.filter(point => point.latencyMultiplier === multiplier)),
					]),
				),
			};
			await writeLiveResults(flags.output, results);
		}
	}
}

async function measureBatches(contestant: LiveContestant): Promise<void> {
	const before = describeMachine();
	const inputs = await readLoadInputs(clips, whole, Math.max(...batchingCounts), secondsOfLoad * 1000);
	const points: LoadPoint[] = [];
	for (const latencyMultiplier of loadMultipliers.slice(0, 1)) {
		for (const count of batchingCounts) {
			tell(`${transport}: batching, multiplier ${latencyMultiplier}, ${count} sessions`);
			const options = {contestant, latencyMultiplier, blockMs, clock};
			points.push(...(await measureBatching(inputs.slice(0, count), Number(flags.rounds), options)));
			results.batching[transport] = {
				...describeRun(contestant, before, {'seconds of each session': secondsOfLoad, rounds: flags.rounds}),
				points,
			};
			await writeLiveResults(flags.output, results);
		}
	}
}

/** The first session of a program meets cold caches and code that has not been compiled yet. */
async function warmUp(contestant: LiveContestant): Promise<void> {
	const [clip] = await readDevSet(['en_jfk.flac']);
	const inputs = [await readClipInput(clip!, await readWholeFileTexts([clip!]))];
	await measureCurvePoint({
		...{contestant, task: 'transcribe', latencyMultiplier: 1, full: inputs, paced: [], atOnce: 1},
		...{blockMs, clock},
	});
}

/** @param maxMs - longer recordings are cut in a pause; undefined: none is. */
async function readInputs(maxMs?: number): Promise<LiveInput[]> {
	return Promise.all(clips.map(clip => readClipInput(clip, whole, maxMs)));
}

function describeRun(
	{name, description}: LiveContestant,
	machine: Record<string, unknown>,
	settings: Record<string, unknown>,
): MeasuredWith {
	return {
		machine,
		loadAverageAfter: describeMachine()['loadAverage1Minute'],
		contestant: name,
		description,
		settings: {...settings, 'block ms': blockMs, ...(flags['catch-up'] && {'catch up': true})},
	};
}

async function report(): Promise<void> {
	const text = formatLiveResults(results);
	console.log(text);
	const folder = dirname(flags.output);
	for (const name of LIVE_TRANSPORTS) {
		const plots = [
			[`live-curve-${name}.svg`, plotCurve(results, name)],
			[`live-cost-${name}.svg`, plotLoad(results, name)],
		] as const;
		for (const [file, plot] of plots) {
			if (plot === undefined) continue;
			await writeFile(join(folder, file), await renderPlot(plot));
			tell(`written: ${join(folder, file)}`);
		}
	}
	if (!flags.docs) return;
	const page = fileURLToPath(new URL('../docs/live.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'live', text));
}

function parseMultipliers(list: string): LatencyMultiplier[] {
	return numbers(list).map(number => {
		const multiplier = LATENCY_MULTIPLIERS.find(one => one === number);
		if (multiplier === undefined) throw new Error(`--multipliers has ${number}, which is not 1 to 4.`);
		return multiplier;
	});
}

function tell(message: string): void {
	console.error(message);
}
