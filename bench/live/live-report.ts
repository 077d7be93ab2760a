import type {ErrorRate} from '../../src/core/scoring/error-rate.js';
import {describeMachineShortly} from '../machine.js';
import type {Plot, PlotPanel} from '../kit/plot.js';
import {formatTable} from '../kit/table.js';
import type {BatchingSection, CurveSection, LiveResults, LoadSection, MeasuredWith} from './live-results.js';
import type {CurvePoint} from './measure-curve.js';
import {type LoadPoint, MAX_P95_MS, MAX_POINTS_WORSE} from './measure-load.js';

/** All figures as Markdown, for the terminal and for docs/live.md. */
export function formatLiveResults({curves, loads, batching}: LiveResults): string {
	return [
		...Object.entries(curves).map(([name, section]) => formatCurve(name, section)),
		...Object.entries(loads).map(([name, section]) => formatLoad(name, section)),
		...Object.entries(batching).map(([name, section]) => formatBatching(name, section)),
	].join('\n\n');
}

function formatCurve(name: string, section: CurveSection): string {
	const captions = section.points.filter(({task}) => task === 'transcribe');
	const translations = section.points.filter(({task}) => task === 'translate');
	const header = ['multiplier', 'lag mean s', 'p50', 'p95', 'longest'];
	const lagCells = ({latencyMultiplier, paced}: CurvePoint) => [
		String(latencyMultiplier),
		seconds(paced?.lag.meanMs),
		seconds(paced?.lag.p50Ms),
		seconds(paced?.lag.p95Ms),
		seconds(paced?.lag.maxMs),
	];
	const cost = ({full, paced}: CurvePoint) => full?.cost ?? paced?.cost;
	const tables: string[] = [];
	if (captions.length > 0) {
		tables.push(
			`Captions, one session, ${name}:`,
			formatTable(
				[
					...header,
					'WER live %',
					'whole file %',
					'behind',
					'live to whole %',
					'CPU s/s',
					'flicker',
					'retracted',
				],
				captions.map(point => {
					const quality = point.full?.captions ?? point.paced?.captions;
					return [
						...lagCells(point),
						percent(quality?.live),
						percent(quality?.whole),
						fixed(quality?.pointsBehind, 1),
						percent(quality?.liveAgainstWhole),
						fixed(cost(point)?.cpuPerAudioSecond, 3),
						fixed((point.paced?.cost ?? point.full?.cost)?.flicker, 2),
						String(cost(point)?.retractedCharacters ?? '-'),
					];
				}),
			),
			'Error rates by language, live / whole file, in percent (zh: characters, simplified):',
			formatLanguages(captions),
		);
	}
	if (translations.length > 0) {
		tables.push(
			`Translation into English, one session, ${name}:`,
			formatTable(
				[...header, 'chrF live', 'whole', 'BLEU live', 'whole', 'CPU s/s', 'flicker'],
				translations.map(point => {
					const quality = point.full?.translations;
					return [
						...lagCells(point),
						fixed(quality?.live.chrf, 1),
						fixed(quality?.whole.chrf, 1),
						fixed(quality?.live.bleu, 1),
						fixed(quality?.whole.bleu, 1),
						fixed(cost(point)?.cpuPerAudioSecond, 3),
						fixed((point.paced?.cost ?? point.full?.cost)?.flicker, 2),
					];
				}),
			),
		);
	}
	const notes = section.points.flatMap(({task, latencyMultiplier, full, paced}) => {
		const guards = Object.entries(full?.cost.guards ?? paced?.cost.guards ?? {});
		const told = [
			...guards.map(([guard, count]) => `${guard} ${count}`),
			...(paced?.sameText === undefined
				? []
				: [`paced text as unpaced in ${paced.sameText.same} of ${paced.sameText.of}`]),
		];
		return told.length === 0 ? [] : [`${task} ${latencyMultiplier}: ${told.join(', ')}`];
	});
	if (notes.length > 0) tables.push(`Guards and pace: ${notes.join('; ')}.`);
	return [...tables, formatMeasuredWith(section)].join('\n\n');
}

function formatLanguages(points: readonly CurvePoint[]): string {
	const qualities = points.map(({full, paced}) => full?.captions ?? paced?.captions);
	const languages = [...new Set(qualities.flatMap(quality => Object.keys(quality?.languages ?? {})))];
	return formatTable(
		['multiplier', ...languages],
		points.map(({latencyMultiplier}, index) => [
			String(latencyMultiplier),
			...languages.map(language => {
				const rates = qualities[index]?.languages[language];
				return `${percent(rates?.live)} / ${percent(rates?.whole)}`;
			}),
		]),
	);
}

function formatLoad(name: string, section: LoadSection): string {
	const largest = Object.entries(section.largestServed).map(([multiplier, sessions]) => {
		const boundMs = MAX_P95_MS[Number(multiplier) as keyof typeof MAX_P95_MS];
		return `multiplier ${multiplier}: ${sessions} (p95 at most ${seconds(boundMs)} s)`;
	});
	return [
		`Many sessions, captions, ${name}:`,
		formatTable(LOAD_HEADER, section.points.map(formatLoadRow)),
		`Largest number served, error rate at most ${MAX_POINTS_WORSE} points above that of the same streams alone: ${largest.join('; ')}.`,
		formatMeasuredWith(section),
	].join('\n\n');
}

function formatBatching(name: string, section: BatchingSection): string {
	return [
		`The same load with batches and one at a time, in turn, ${name}:`,
		formatTable(
			['max batch', ...LOAD_HEADER],
			section.points.map(point => [String(point.maxBatchSize ?? 'default'), ...formatLoadRow(point)]),
		),
		formatMeasuredWith(section),
	].join('\n\n');
}

const LOAD_HEADER = [
	'sessions',
	'multiplier',
	'lag mean s',
	'p50',
	'p95',
	'WER %',
	'alone %',
	'same text',
	'cores busy',
	'CPU s/s',
	'RSS MB',
	'mean batch',
	'queue ms mean / p95',
	'clients cores',
	'unfinished',
];

function formatLoadRow(point: LoadPoint): string[] {
	const {cost, lag} = point;
	const queue = cost.queueWaitMs;
	return [
		String(point.sessions),
		String(point.latencyMultiplier),
		seconds(lag.meanMs),
		seconds(lag.p50Ms),
		seconds(lag.p95Ms),
		percent(point.errorRate),
		percent(point.aloneErrorRate),
		point.sameText === undefined ? '-' : `${point.sameText}/${point.sessions}`,
		fixed(cost.busyCores, 2),
		fixed(cost.cpuPerAudioSecond, 3),
		(cost.residentBytes / 1e6).toFixed(0),
		fixed(cost.meanBatchSize, 1),
		queue === undefined ? '-' : `${queue.mean.toFixed(0)} / ${queue.p95.toFixed(0)}`,
		fixed(cost.clientBusyCores, 2),
		String(cost.unfinishedSessions),
	];
}

function formatMeasuredWith({
	contestant,
	description,
	machine,
	loadAverageAfter,
	settings,
}: MeasuredWith): string {
	const told = Object.entries(settings).map(([key, value]) => `${key} ${String(value)}`);
	return [
		`${contestant}: ${description}. ${told.join(', ')}.`,
		`${describeMachineShortly(machine)}, before and ${fixed(loadAverageAfter as number, 1)} after, ${String(machine['date']).slice(0, 10)}.`,
	].join(' ');
}

/** Error rate and translation score over lag; undefined without a curve of this name. */
export function plotCurve(results: LiveResults, name: string): Plot | undefined {
	const section = results.curves[name];
	if (section === undefined) return undefined;
	const peers = Object.entries(results.curves).filter(
		([other, {contestant}]) => other !== name && contestant !== section.contestant,
	);
	const panels: PlotPanel[] = [];
	const lagSeries = (points: readonly CurvePoint[], height: (point: CurvePoint) => number | undefined) =>
		(['meanMs', 'p95Ms'] as const).map(key => ({
			name: key === 'meanMs' ? 'mean' : '95th percentile',
			isDashed: key === 'p95Ms',
			points: points.flatMap(point => {
				const [lagMs, y] = [point.paced?.lag[key], height(point)];
				if (lagMs === undefined || y === undefined) return [];
				return [{x: lagMs / 1000, y, label: String(point.latencyMultiplier)}];
			}),
		}));
	const captions = section.points.filter(({task}) => task === 'transcribe');
	const wordErrors = ({full, paced}: CurvePoint) => percentOf((full?.captions ?? paced?.captions)?.live);
	if (captions.length > 0) {
		const whole = percentOf((captions[0]!.full?.captions ?? captions[0]!.paced?.captions)?.whole);
		panels.push({
			title: 'Captions',
			xTitle: 'lag of final words, s',
			yTitle: 'word error rate, %',
			startsAtZero: false,
			...(whole !== undefined && {rules: [{y: whole, label: `whole file ${whole.toFixed(1)}`}]}),
			series: [
				...lagSeries(captions, wordErrors),
				...peers.flatMap(([peer, {points}]) =>
					lagSeries(
						points.filter(({task}) => task === 'transcribe'),
						wordErrors,
					).map(series => ({
						...series,
						name: `${peer}, ${series.name}`,
						points: series.points.map(({x, y}) => ({x, y})),
					})),
				),
			],
		});
	}
	const translations = section.points.filter(({task}) => task === 'translate');
	if (translations.length > 0) {
		const whole = translations[0]!.full?.translations?.whole.chrf;
		panels.push({
			title: 'Translation into English',
			xTitle: 'lag of final words, s',
			yTitle: 'chrF',
			startsAtZero: false,
			...(whole !== undefined && {rules: [{y: whole, label: `whole file ${whole.toFixed(1)}`}]}),
			series: lagSeries(translations, ({full}) => full?.translations?.live.chrf),
		});
	}
	return {
		title: 'Quality and latency, one session',
		notes: [
			describeMachineShortly(section.machine),
			`${section.description}; numbers are latency multipliers`,
		],
		panels,
	};
}

/** Processor time, lag and memory over the number of sessions; undefined without a load of this name. */
export function plotLoad(results: LiveResults, name: string): Plot | undefined {
	const section = results.loads[name];
	if (section === undefined) return undefined;
	const multipliers = [...new Set(section.points.map(({latencyMultiplier}) => latencyMultiplier))];
	const xTicks = [...new Set(section.points.map(({sessions}) => sessions))];
	const series = (height: (point: LoadPoint) => number) =>
		multipliers.map(multiplier => ({
			name: `multiplier ${multiplier}`,
			points: section.points
				.filter(({latencyMultiplier}) => latencyMultiplier === multiplier)
				.map(point => ({x: point.sessions, y: height(point)})),
		}));
	const panel = {xTitle: 'sessions', xScale: 'doubling', xTicks} as const;
	return {
		title: 'Many sessions on one machine',
		notes: [describeMachineShortly(section.machine), section.description],
		panels: [
			{
				...panel,
				title: 'Cost',
				yTitle: 'processor cores busy',
				rules: [{y: Number(section.machine['cores']), label: 'all cores'}],
				series: series(({cost}) => cost.busyCores),
			},
			{
				...panel,
				title: 'Lag, 95th percentile',
				yTitle: 's',
				rules: multipliers.map(multiplier => ({
					y: MAX_P95_MS[multiplier] / 1000,
					label: `bound of multiplier ${multiplier}`,
				})),
				series: series(({lag}) => lag.p95Ms / 1000),
			},
		],
	};
}

function seconds(ms: number | undefined): string {
	return ms === undefined ? '-' : fixed(ms / 1000, 2);
}

function percentOf(rate: ErrorRate | undefined): number | undefined {
	return rate === undefined || rate.referenceUnits === 0 ? undefined : 100 * rate.rate;
}

function percent(rate: ErrorRate | undefined): string {
	return fixed(percentOf(rate), 1);
}

/** Null stands in a results file for what is no number. */
function fixed(value: number | null | undefined, digits: number): string {
	return value === undefined || value === null || Number.isNaN(value) ? '-' : value.toFixed(digits);
}
