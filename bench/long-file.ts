/**
 * Memory and speed of a recording of hours: `npm run build && npx tsx bench/long-file.ts [--minutes 180]
 * [--precision int8] [--json FILE]`. The development set is repeated for so long and sent through a pipe.
 *
 * The slope is fitted over what comes after the first tenth, in which buffers and the allocator grow to their
 * size. Needs ../shared/audio/dev, the default model and `ps`.
 */
import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';

import {readDevSet} from './kit/dev-set.js';
import {runLong} from './kit/long-run.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {median, slope} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

const MEBIBYTE = 2 ** 20;
const HOUR_MS = 3_600_000;
const TABLE_ROWS = 12;

const {values} = parseArgs({
	options: {
		minutes: {type: 'string', default: '180'},
		precision: {type: 'string', default: 'auto'},
		json: {type: 'string', default: defaultResultsPath('long-file')},
	},
});
const root = fileURLToPath(new URL('..', import.meta.url));
const machine = describeMachine();
const clips = await readDevSet();
const run = await runLong({
	program: `${root}bin/infinisst.js`,
	paths: clips.map(({path}) => path),
	minutes: Number(values.minutes),
	parameters: ['--precision', values.precision],
});

const settled = run.memory.filter(({audioMs}) => audioMs > run.audioMs / 10);
const mebibytes = settled.map(({residentBytes}) => residentBytes / MEBIBYTE);
const summary = {
	audioHours: run.audioMs / HOUR_MS,
	wallSeconds: run.wallMs / 1000,
	realTimeFactor: run.audioMs / run.wallMs,
	segments: run.segments,
	medianMiB: median(mebibytes),
	peakMiB: Math.max(...run.memory.map(({residentBytes}) => residentBytes / MEBIBYTE)),
	slopeMiBPerHour: slope(
		settled.map(({audioMs}) => audioMs / HOUR_MS),
		mebibytes,
	),
};
const {version} = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as {version: string};
console.log(`infinisst ${version}, ${JSON.stringify(machine)}`);
const step = Math.max(1, Math.floor(run.memory.length / TABLE_ROWS));
console.log(
	formatTable(
		['Minutes of audio', 'seconds', 'resident MiB'],
		run.memory
			.filter((_, index) => (index + 1) % step === 0)
			.map(({audioMs, wallMs, residentBytes}) => [
				(audioMs / 60_000).toFixed(1),
				(wallMs / 1000).toFixed(0),
				(residentBytes / MEBIBYTE).toFixed(0),
			]),
	),
);
console.log(JSON.stringify(summary, null, '\t'));
await writeResults(values.json, {
	bench: 'long-file',
	version,
	precision: values.precision,
	machine,
	summary,
	memory: run.memory,
});
