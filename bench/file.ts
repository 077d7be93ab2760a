/**
 * Whole recordings: this program against faster-whisper and transformers.js, interleaved in one run.
 *
 *     npm run bench:peers             once, installs the others
 *     npm run bench:file -- --rounds 3
 */
import {parseArgs} from 'node:util';
import {type Contestant, readRun} from './contestants/contestant.js';
import {createFasterWhisper} from './contestants/faster-whisper.js';
import {createInfinisst} from './contestants/infinisst.js';
import {createTransformersJs} from './contestants/transformers-js.js';
import {readDevSet} from './kit/dev-set.js';
import {interleave} from './kit/interleave.js';
import {measureProcess, type ProcessCost} from './kit/measured-process.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {poolWordErrorRate, scoreTranscripts, type TranscriptScore} from './kit/score-texts.js';
import {median, summarise} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		contestants: {type: 'string', default: 'infinisst,faster-whisper,faster-whisper-batched,transformers-js'},
		clips: {type: 'string'},
		rounds: {type: 'string', default: '3'},
		'first-text-rounds': {type: 'string', default: '5'},
		threads: {type: 'string', default: '2'},
		precision: {type: 'string'},
		output: {type: 'string', default: defaultResultsPath('file')},
	},
});

interface SetRun extends ProcessCost {
	readonly loadedAtMs: number | undefined;
	readonly scores: ReadonlyMap<string, TranscriptScore>;
}

const threads = Number(flags.threads);
const known = [
	createInfinisst({threads, ...(flags.precision !== undefined && {precision: flags.precision})}),
	createFasterWhisper({batched: false, computeType: 'int8', threads}),
	createFasterWhisper({batched: true, computeType: 'int8', threads}),
	createTransformersJs({threads}),
];
const contestants = flags.contestants.split(',').map(name => {
	const found = known.find(contestant => contestant.name === name);
	if (found === undefined)
		throw new Error(`No contestant "${name}"; there are ${known.map(c => c.name).join(', ')}.`);
	return found;
});
const ours = contestants.find(({name}) => name === 'infinisst');
const clips = await readDevSet(flags.clips?.split(','));
const [firstTextClip] = await readDevSet(['en_jfk.flac']);
const audioSeconds = clips.reduce((total, {seconds}) => total + seconds, 0);
const machineBefore = describeMachine();

// One run each that is not counted: afterwards all files are in the system's cache.
await interleave(contestants, 1, measureFirstText);
const firstTexts = await interleave(contestants, Number(flags['first-text-rounds']), measureFirstText);
const setRuns = await interleave(contestants, Number(flags.rounds), measureSet);

const results = contestants.map(contestant => summariseContestant(contestant));
console.log(
	formatTable(
		[
			'program',
			'wall s',
			'range',
			'after load s',
			'CPU s',
			'peak MB',
			'first text s',
			'infinisst / this',
			'WER en %',
			'WER all %',
			'CER zh %',
		],
		results.map(
			({name, wallMs, afterLoadMs, cpuMs, peakResidentBytes, firstTextMs, ourRatio, errorPercent}) => [
				name,
				seconds(wallMs.median),
				`${seconds(wallMs.minimum)} to ${seconds(wallMs.maximum)}`,
				afterLoadMs === undefined ? '-' : seconds(afterLoadMs),
				seconds(cpuMs),
				(peakResidentBytes / 1e6).toFixed(0),
				(firstTextMs.median / 1000).toFixed(2),
				ourRatio === undefined ? '-' : ourRatio.toFixed(2),
				errorPercent.englishWords.toFixed(1),
				errorPercent.allWords.toFixed(1),
				errorPercent.chineseSimplified.toFixed(1),
			],
		),
	),
);
console.log(
	[
		'',
		`${clips.length} clips, ${audioSeconds.toFixed(0)} s of speech, ${threads} threads, ${flags.rounds} rounds in turn;`,
		'medians, the ratio is the median of the ratios within a round. CER zh: both sides in simplified characters.',
		`First text: from process start, ${firstTextClip!.file}, warm disk.`,
		...contestants.map(({name, description}) => `${name}: ${description}`),
		'',
		JSON.stringify(machineBefore),
	].join('\n'),
);
await writeResults(flags.output, {
	bench: 'file',
	machine: machineBefore,
	loadAverageAfter: describeMachine()['loadAverage1Minute'],
	clips: clips.map(({file}) => file),
	audioSeconds,
	threads,
	results,
});

async function measureFirstText(contestant: Contestant): Promise<number> {
	const measured = await measureProcess(contestant.command([firstTextClip!], 'transcribe'));
	const {firstTextAtMs} = readRun(contestant, measured);
	if (firstTextAtMs === undefined)
		throw new Error(`${contestant.name} wrote nothing for ${firstTextClip!.file}.`);
	return firstTextAtMs;
}

async function measureSet(contestant: Contestant, round: number): Promise<SetRun> {
	const {lines, ...cost} = await measureProcess(contestant.command(clips, 'transcribe'));
	const {texts, loadedAtMs} = readRun(contestant, {lines, ...cost});
	console.error(`round ${round + 1}: ${contestant.name} ${seconds(cost.wallMs)} s`);
	return {...cost, loadedAtMs, scores: scoreTranscripts(clips, texts)};
}

function summariseContestant(contestant: Contestant) {
	const runs = setRuns.get(contestant)!;
	const ourRuns = ours && setRuns.get(ours);
	const afterLoad = runs.flatMap(({wallMs, loadedAtMs}) =>
		loadedAtMs === undefined ? [] : wallMs - loadedAtMs,
	);
	const percent = (rate: (run: SetRun) => number | undefined) =>
		100 * median(runs.map(run => rate(run) ?? Number.NaN));
	return {
		name: contestant.name,
		description: contestant.description,
		wallMs: summarise(runs.map(({wallMs}) => wallMs)),
		afterLoadMs: afterLoad.length === 0 ? undefined : median(afterLoad),
		cpuMs: median(runs.map(({userMs, systemMs}) => userMs + systemMs)),
		peakResidentBytes: Math.max(...runs.map(({peakResidentBytes}) => peakResidentBytes)),
		firstTextMs: summarise(firstTexts.get(contestant)!),
		ourRatio: ourRuns && median(runs.map(({wallMs}, round) => ourRuns[round]!.wallMs / wallMs)),
		errorPercent: {
			englishWords: percent(({scores}) => scores.get('en')?.errorRate.rate),
			allWords: percent(({scores}) => poolWordErrorRate(scores).rate),
			chinese: percent(({scores}) => scores.get('zh')?.errorRate.rate),
			chineseSimplified: percent(({scores}) => scores.get('zh')?.simplifiedErrorRate?.rate),
		},
		runs: runs.map(({scores, ...run}) => ({...run, errorRates: Object.fromEntries(scores)})),
	};
}

function seconds(milliseconds: number): string {
	return (milliseconds / 1000).toFixed(1);
}
