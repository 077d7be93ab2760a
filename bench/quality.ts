/**
 * Error rates and translation scores of this program on the real recordings, beside those of the reference.
 *
 *     npm run bench:quality -- --precision fp32,int8,q8,fp16w,default --docs
 *
 * Every precision is a run of its own and kept in the results; `--docs` writes the tables of docs/quality.md from
 * all that are there. `default` leaves the choice to the program. `--texts FILE` also keeps what was written, beside
 * what the reference wrote, to see where a difference comes from.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {readRun, type Task} from './contestants/contestant.js';
import {createInfinisst} from './contestants/infinisst.js';
import {type DevClip, readDevSet} from './kit/dev-set.js';
import {measureProcess} from './kit/measured-process.js';
import {formatQuality, type QualityResults, scoreQuality} from './kit/quality-report.js';
import {readReferenceTexts} from './kit/reference-texts.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import type {TextsByFile} from './kit/score-texts.js';
import {describeMachine} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		precision: {type: 'string', default: 'default'},
		threads: {type: 'string', default: '2'},
		clips: {type: 'string'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('quality')},
		texts: {type: 'string'},
	},
});

const clips = await readDevSet(flags.clips?.split(','));
const files = clips.map(({file}) => file);
const earlier = existsSync(flags.output)
	? (JSON.parse(await readFile(flags.output, 'utf8')) as QualityResults)
	: undefined;
const reference = {
	transcribe: await readReferenceTexts('transcribe'),
	translate: await readReferenceTexts('translate'),
};
const results: QualityResults = {
	bench: 'quality',
	machine: describeMachine(),
	clips: files,
	reference: scoreQuality(clips, reference.transcribe, reference.translate),
	// Figures of other clips cannot stand in one table.
	runs: earlier?.clips.join() === files.join() ? {...earlier.runs} : {},
};
const systems: Record<string, Record<Task, TextsByFile>> = {reference};

for (const precision of flags.precision.split(',')) {
	const written = {
		transcribe: await run(precision, 'transcribe'),
		translate: await run(precision, 'translate'),
	};
	systems[precision] = written;
	results.runs[precision] = {
		date: new Date().toISOString(),
		...scoreQuality(clips, written.transcribe, written.translate),
	};
	await writeResults(flags.output, results);
}
if (flags.texts !== undefined) await writeResults(flags.texts, clips.map(compareTexts));

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

function compareTexts({file, transcript, translations}: DevClip) {
	const written = (task: Task) =>
		Object.fromEntries(Object.entries(systems).map(([name, texts]) => [name, texts[task].get(file)?.trim()]));
	return {
		file,
		transcribe: {said: transcript, ...written('transcribe')},
		translate: {meant: translations['en'], ...written('translate')},
	};
}
