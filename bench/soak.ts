/**
 * Hours of speech through one live session, faster than real time: does it get slower, later or larger?
 *
 *     npm run bench:soak                       3 hours of speech, some 30 minutes
 *     npm run bench:soak -- --hours 12 --transport thread
 *
 * All English recordings of ../shared/audio/dev, round after round; every round is the same audio, so every one should
 * cost the same. Writes bench/results/soak.json and a plot beside it, and with `--docs` the table in docs/live.md. Needs
 * Linux and a build.
 */
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {LATENCY_MULTIPLIERS} from '../src/core/engine/engine.js';
import {readDevSet} from './kit/dev-set.js';
import {type PlotPanel, renderPlot} from './kit/plot.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {formatTable} from './kit/table.js';
import {LIVE_TRANSPORTS, openLiveEngine} from './live/open-live-engine.js';
import {findGrowth, runSoak, type SoakSample, trendOf} from './live/soak-run.js';
import {describeMachine, describeMachineShortly} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		hours: {type: 'string', default: '3'},
		transport: {type: 'string', default: 'process'},
		multiplier: {type: 'string', default: '1'},
		clips: {type: 'string'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('soak')},
	},
});

const transport = LIVE_TRANSPORTS.find(name => name === flags.transport);
if (transport === undefined) {
	throw new Error(`--transport is "${flags.transport}", not one of ${LIVE_TRANSPORTS.join(', ')}.`);
}
const latencyMultiplier = LATENCY_MULTIPLIERS.find(number => number === Number(flags.multiplier));
if (latencyMultiplier === undefined) throw new Error(`--multiplier is "${flags.multiplier}", not 1 to 4.`);

const MEGABYTE = 1e6;
const HOUR_MS = 3_600_000;
const QUANTITIES: readonly {
	readonly title: string;
	readonly unit: string;
	readonly digits: number;
	readonly read: (sample: SoakSample) => number;
}[] = [
	{title: 'memory', unit: 'MB', digits: 1, read: ({residentBytes}) => residentBytes / MEGABYTE},
	{
		title: 'processor time a second of audio',
		unit: 'ms',
		digits: 1,
		read: ({cpuMsPerSecond}) => cpuMsPerSecond,
	},
	{title: 'lag of a look, as fast as it goes', unit: 'ms', digits: 0, read: ({lagMs}) => lagMs},
	{
		title: 'tokens decoded a second of audio',
		unit: 'tokens',
		digits: 2,
		read: ({tokensPerSecond}) => tokensPerSecond,
	},
	{title: 'final words a round', unit: 'words', digits: 1, read: ({words}) => words},
];

const clips = (await readDevSet(flags.clips?.split(','))).filter(({language}) => language === 'en');
const machine = describeMachine();
const engine = await openLiveEngine({transport, replicas: 1});
const run = await runSoak({
	engine,
	paths: clips.map(({path}) => path),
	language: 'en',
	minutes: Number(flags.hours) * 60,
	latencyMultiplier,
	onSample: ({audioMs, wallMs, residentBytes, cpuMsPerSecond, lagMs}) =>
		console.error(
			`${hours(audioMs)} h of speech in ${(wallMs / 60_000).toFixed(1)} min: ${(residentBytes / MEGABYTE).toFixed(0)} MB, ${cpuMsPerSecond.toFixed(0)} ms/s, lag ${lagMs.toFixed(0)} ms`,
		),
});
await engine.engine.close();

// Memory is still being filled during the first rounds.
const settled = run.samples.slice(Math.ceil(run.samples.length / 10));
const trends = QUANTITIES.map(quantity => ({...quantity, trend: trendOf(settled, quantity.read)}));
const report = [
	formatTable(
		['quantity', 'mean', 'change an hour', 'in percent'],
		trends.map(({title, unit, digits, trend}) => [
			title,
			`${trend.mean.toFixed(digits)} ${unit}`,
			`${signed(trend.perHour, digits + 1)} ${unit}`,
			signed(trend.percentPerHour, 2),
		]),
	),
	[
		`${hours(run.audioMs)} h of speech in ${(run.wallMs / 60_000).toFixed(1)} min, multiplier ${latencyMultiplier}, ${run.samples.length} rounds; slopes without the first tenth.`,
		`Growth found: ${findGrowth(run).join('; ') || 'none'}. Guards: ${
			Object.entries(run.guards)
				.map(([guard, count]) => `${guard} ${count}`)
				.join(', ') || 'none'
		}.`,
		`${engine.description}; ${describeMachineShortly(machine)}.`,
	].join(' '),
].join('\n\n');
console.log(report);
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/live.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'soak', report));
}
await writeResults(flags.output, {
	bench: 'soak',
	machine,
	loadAverageAfter: describeMachine()['loadAverage1Minute'],
	description: engine.description,
	latencyMultiplier,
	clips: clips.map(({file}) => file),
	trends: Object.fromEntries(trends.map(({title, unit, trend}) => [title, {unit, ...trend}])),
	...run,
});
const panels: PlotPanel[] = QUANTITIES.slice(0, 3).map(({title, unit, read}) => ({
	title,
	xTitle: 'hours of speech',
	yTitle: unit,
	series: [
		{name: title, points: run.samples.map(sample => ({x: sample.audioMs / HOUR_MS, y: read(sample)}))},
	],
}));
await writeFile(
	flags.output.replace(/\.json$/, '.svg'),
	await renderPlot({
		title: 'One session for hours',
		notes: [
			describeMachineShortly(machine),
			`${engine.description}, multiplier ${latencyMultiplier}, ${(run.audioMs / run.wallMs).toFixed(1)} times faster than real time`,
		],
		panels,
	}),
);

function hours(ms: number): string {
	return (ms / HOUR_MS).toFixed(2);
}

function signed(value: number, digits: number): string {
	return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}
