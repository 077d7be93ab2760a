/**
 * The history against its bars, with synthetic sessions made by `../shared/history/tools/synth.py`:
 *
 *     npm run build && npx tsx bench/history.ts      1 000, 10 000 and 100 000 tasks, 3 minutes
 *     npx tsx bench/history.ts --tasks 1000000       the largest, 5 minutes and 6 GB of disk
 *     npx tsx bench/history.ts --docs                writes the table of docs/history.md
 *     npx tsx bench/history.ts --databases FOLDER    of histories that were loaded before, history-1000.db and so
 *                                                    on: their load stays as it was measured then
 *
 * Sizes that are not measured now stay as they were. Needs a quiet machine with Linux, Python and ../shared. Ends
 * with 1 when a bar was missed (../shared/spec/history.md, section 5).
 */
import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {loadavg, tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs, promisify} from 'node:util';

import {ENDPOINTS} from './history/endpoints.js';
import {get, importStorage, readMemory, startServer, type HistoryServer} from './history/history-process.js';
import {
	findMisses,
	formatHistoryResults,
	type EndpointResult,
	type HistoryResults,
	type SizeResult,
} from './history/history-report.js';
import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {quantile} from './kit/statistics.js';
import {describeMachine} from './machine.js';

const {values: flags} = parseArgs({
	options: {
		tasks: {type: 'string', default: '1000,10000,100000'},
		requests: {type: 'string', default: '30'},
		/** A folder with storages that were made before, `storage-1000` and so on; they are left there. */
		storages: {type: 'string'},
		databases: {type: 'string'},
		docs: {type: 'boolean', default: false},
		output: {type: 'string', default: defaultResultsPath('history')},
	},
});
const shared = fileURLToPath(new URL('../../shared/history/', import.meta.url));
const requestCount = Number(flags.requests);
const CLIENTS = 8;
const CLIENT_REQUESTS = 200;

const machine = describeMachine();
const previous = existsSync(flags.output)
	? (JSON.parse(await readFile(flags.output, 'utf8')) as HistoryResults).sizes
	: [];
const measured: SizeResult[] = [];
for (const tasks of flags.tasks.split(',').map(Number)) {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	try {
		measured.push(await measure(tasks, folder));
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

const results: HistoryResults = {
	machine,
	sizes: [...previous.filter(({tasks}) => !measured.some(size => size.tasks === tasks)), ...measured].sort(
		(a, b) => a.tasks - b.tasks,
	),
};
const text = formatHistoryResults(results);
console.log(JSON.stringify(machine));
console.log(text);
await writeResults(flags.output, results);
if (flags.docs) {
	const page = fileURLToPath(new URL('../docs/history.md', import.meta.url));
	await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'history', text));
}
const misses = findMisses({machine, sizes: measured});
for (const miss of misses) console.error(`missed: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

async function measure(tasks: number, folder: string): Promise<SizeResult> {
	const file = join(flags.databases ?? folder, flags.databases ? `history-${tasks}.db` : 'history.db');
	const loadAverageBefore = loadavg()[0]!;
	const load =
		flags.databases === undefined ? await measureLoad(tasks, folder, file) : findPreviousLoad(tasks);
	const server = await startServer(file);
	try {
		const first = await get(server.url, '/api/version');
		const endpoints: EndpointResult[] = [];
		for (const {name, path, encoding} of ENDPOINTS) {
			const answers = [];
			for (let round = 0; round < requestCount; round++) answers.push(await get(server.url, path, encoding));
			const times = answers.map(({ms}) => ms);
			endpoints.push({
				name,
				firstMs: times[0]!,
				p50Ms: quantile(times, 0.5),
				p95Ms: quantile(times, 0.95),
				bytes: answers[0]!.bytes,
			});
		}

		return {
			tasks,
			...load,
			loadAverageBefore,
			startMs: server.startMs + first.ms,
			reopenMs: first.ms,
			requestsPerSecond: await measureThroughput(server),
			serveMegabytes: (await readMemory(server.pid))!.highestMegabytes,
			fileMegabytes: Math.round((await stat(file)).size / 1e6),
			endpoints,
		};
	} finally {
		await server.close();
	}
}

type Load = Pick<SizeResult, 'events' | 'loadMs' | 'loadMegabytes'>;

async function measureLoad(tasks: number, folder: string, file: string): Promise<Load> {
	const storage = join(flags.storages ?? folder, `storage-${tasks}`);
	if (!existsSync(storage)) await makeStorage(tasks, storage);
	const {ms, highestMegabytes} = await importStorage(storage, file);
	return {events: await countEvents(storage), loadMs: ms, loadMegabytes: highestMegabytes};
}

function findPreviousLoad(wanted: number): Load {
	const result = previous.find(({tasks}) => tasks === wanted);
	if (result === undefined)
		throw new Error(`No load of ${wanted} tasks was measured: leave --databases out.`);
	const {events, loadMs, loadMegabytes} = result;
	return {events, loadMs, loadMegabytes};
}

async function makeStorage(tasks: number, storage: string): Promise<void> {
	const arguments_ = [`${shared}tools/synth.py`, String(tasks), storage, `${shared}storage`];
	const {stdout} = await promisify(execFile)('python3', arguments_);
	await writeFile(`${storage}/synth.txt`, stdout);
}

/** As `synth.py` said when it made them. */
async function countEvents(storage: string): Promise<number> {
	return Number(/events (\d+)/.exec(await readFile(`${storage}/synth.txt`, 'utf8'))?.[1]);
}

async function measureThroughput({url}: HistoryServer): Promise<number> {
	const startMs = performance.now();
	await Promise.all(
		Array.from({length: CLIENTS}, async () => {
			for (let round = 0; round < CLIENT_REQUESTS; round++) await get(url, '/api/jobs/');
		}),
	);
	return (CLIENTS * CLIENT_REQUESTS) / ((performance.now() - startMs) / 1000);
}
