/**
 * Error rates and translation scores of this program on the real recordings, beside those of the reference.
 *
 *     npm run bench:quality -- --precision fp32,int8,q8,fp16w,default --docs
 *
 * Every precision is a run of its own and kept in the results; `--docs` writes the tables of docs/quality.md from
 * all that are there. `default` leaves the choice to the program.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {readRun, type Task} from './contestants/contestant.js';
import {createInfinisst} from './contestants/infinisst.js';
import {readDevSet} from './kit/dev-set.js';
import {measureProcess} from './kit/measured-process.js';
import {formatQuality, type QualityResults, scoreQuality} from './kit/quality-report.js';
import {readReferenceTexts} from './kit/reference-texts.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {describeMachine} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		precision: {type: 'string', default: 'default'},
		threads: {type: 'string', default: '2'},
		clips: {type: 'string'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('quality')},
	},
});

const clips = await readDevSet(flags.clips?.split(','));
const files = clips.map(({file}) => file);
const earlier = existsSync(flags.output)
	? (JSON.parse(await readFile(flags.output, 'utf8')) as QualityResults)
	: undefined;
const results: QualityResults = {
	bench: 'quality',
	machine: describeMachine(),
	clips: files,
	reference: scoreQuality(
		clips,
		await readReferenceTexts('transcribe'),
		await readReferenceTexts('translate'),
	),
	// Figures of other clips cannot stand in one table.
	runs: earlier?.clips.join() === files.join() ? {...earlier.runs} : {},
};

for (const precision of flags.precision.split(',')) {
	const transcripts = await run(precision, 'transcribe');
	const translations = await run(precision, 'translate');
	results.runs[precision] = {
		date: new Date().toISOString(),
		...scoreQuality(clips, transcripts, translations),
	};
	await writeResults(flags.output, results);
}

const report = formatQuality(results);
console.log(report);
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/quality.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'quality', report));
}

async function run(precision: string, task: Task) {
	const program = createInfinisst({
		threads: Number(flags.threads),
		...(precision !== 'default' && {precision}),
	});
	const spoken = task === 'transcribe' ? clips : clips.filter(({language}) => language !== 'en');
	if (spoken.length === 0) return new Map<string, string>();
	console.error(`${precision}: ${task}, ${spoken.length} clips`);
	return readRun(program, await measureProcess(program.command(spoken, task))).texts;
}
