/**
 * Time from the start of a process to its end for `infinisst --help` and `--version`, against an empty
 * Node program: `npm run build && npm run bench:startup -- [--rounds 40] [--json FILE]`.
 *
 * The goal is 1.5 times `node -e 0` at most. The contestants take turns, and the ratio is taken within each
 * round, so that the load of the machine falls on all of them alike.
 */
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs, promisify} from 'node:util';

import {interleave} from './kit/interleave.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {median, summarise} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

const GOAL_RATIO = 1.5;

const {values} = parseArgs({
	options: {
		rounds: {type: 'string', default: '40'},
		json: {type: 'string', default: defaultResultsPath('startup')},
	},
});
const root = fileURLToPath(new URL('..', import.meta.url));
const program = `${root}bin/infinisst.js`;
const baseline = {name: 'node -e 0', parameters: ['-e', '0']};
const contestants = [
	baseline,
	{name: 'infinisst --version', parameters: [program, '--version']},
	{name: 'infinisst --help', parameters: [program, '--help']},
	{name: 'infinisst translate --help', parameters: [program, 'translate', '--help']},
];

const execute = promisify(execFile);

async function measure({parameters}: {readonly parameters: readonly string[]}): Promise<number> {
	const startMs = performance.now();
	await execute(process.execPath, parameters);
	return performance.now() - startMs;
}

const machine = describeMachine();
// Once for each, not counted: the files come from the disk the first time.
for (const contestant of contestants) await measure(contestant);
const times = await interleave(contestants, Number(values.rounds), measure);
const baselineMs = times.get(baseline)!;
const rows = contestants.map(contestant => {
	const timesMs = times.get(contestant)!;
	return {
		name: contestant.name,
		...summarise(timesMs),
		ratio: median(timesMs.map((timeMs, round) => timeMs / baselineMs[round]!)),
	};
});

const {version} = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as {version: string};
console.log(`infinisst ${version}, ${values.rounds} rounds; goal: ${GOAL_RATIO} times node -e 0 at most`);
console.log(JSON.stringify(machine));
console.log(
	formatTable(
		['process', 'median ms', 'min', 'max', 'ratio'],
		rows.map(({name, ratio, ...time}) => [
			name,
			...[time.median, time.minimum, time.maximum].map(timeMs => timeMs.toFixed(1)),
			ratio.toFixed(2),
		]),
	),
);
await writeResults(values.json, {
	version,
	machine,
	goalRatio: GOAL_RATIO,
	rounds: Number(values.rounds),
	rows,
});
