/**
 * What it costs that this program keeps what happens in its own runs.
 *
 *     npm run bench:record                     4 minutes
 *     npm run bench:record -- --quick          a minute, to see that it works
 *     npm run bench:record -- --only recorder,speakers,mounted
 *
 * `recorder`: the recorder alone, at the pace of speech. `speakers`: `infinisst serve` with real speakers, with and
 * without `--no-history`, in turns. `mounted`: the loop of a server whose `/history/` is asked for its longest list.
 * `--docs` writes the table of docs/history.md. Needs a build and a quiet machine with Linux; for speakers
 * ../shared, too. Ends with 1 when a bar was missed.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {interleave} from './kit/interleave.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {describeMachine} from './machine.js';
import {measureMounted} from './record/measure-mounted.js';
import {measureRecorder} from './record/measure-recorder.js';
import {measureSpeakers} from './record/measure-speakers.js';
import {findMisses, formatRecordResults, type RecordResults} from './record/record-report.js';

const PARTS = ['recorder', 'speakers', 'mounted'];

const {values: flags} = parseArgs({
	options: {
		quick: {type: 'boolean', default: false},
		only: {type: 'string', default: PARTS.join(',')},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('record')},
	},
});
const isQuick = flags.quick;
const parts = flags.only.split(',');
const unknown = parts.find(part => !PARTS.includes(part));
if (unknown !== undefined) throw new Error(`--only has "${unknown}", not one of ${PARTS.join(', ')}.`);

const machine = describeMachine();
const results: RecordResults = {
	...(await readPrevious()),
	machine,
	isQuick,
	...(parts.includes('recorder') && {recorder: await measureRecorder(16, isQuick ? 8 : 30)}),
	...(parts.includes('speakers') && {speakers: await measureBoth(8, isQuick ? 6 : 20, isQuick ? 1 : 3)}),
	...(parts.includes('mounted') && {mounted: await measureMounted(isQuick ? 5 : 20)}),
	loadAverageAfter: describeMachine()['loadAverage1Minute'],
};
const text = formatRecordResults(results);
console.log(JSON.stringify(machine));
console.log(text);
await writeResults(flags.output, results);
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/history.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'record', text));
}
const misses = findMisses(results);
for (const miss of misses) console.error(`missed: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

async function measureBoth(
	sessions: number,
	seconds: number,
	rounds: number,
): Promise<NonNullable<RecordResults['speakers']>> {
	const runs = await interleave(['recorded', 'not recorded'] as const, rounds, contestant =>
		measureSpeakers(contestant === 'recorded' ? [] : ['--no-history'], sessions, seconds),
	);
	return {
		sessions,
		seconds,
		recorded: runs.get('recorded')!,
		notRecorded: runs.get('not recorded')!,
	};
}

/** Parts that are not measured now stay as they were. */
async function readPrevious(): Promise<RecordResults | undefined> {
	if (parts.length === PARTS.length || !existsSync(flags.output)) return undefined;
	return JSON.parse(await readFile(flags.output, 'utf8')) as RecordResults;
}
