/**
 * The history against its bars, with synthetic sessions made by `../shared/history/tools/synth.py`:
 * `npm run build && npx tsx bench/history.ts [--tasks 1000,10000,100000] [--requests 30] [--json FILE]`.
 *
 * Bars (../shared/spec/history.md, section 5) at 100 000 tasks: first load 10 s, reopen 0.2 s, a point GET
 * 10 ms at the 95th percentile, `tasks?detail=1&limit=10000` 300 ms, 400 MB of memory.
 */
import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, readFile, rm, stat} from 'node:fs/promises';
import {request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs, promisify} from 'node:util';

import {defaultResultsPath, writeResults} from './kit/results-file.js';
import {quantile} from './kit/statistics.js';
import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

const {values} = parseArgs({
	options: {
		tasks: {type: 'string', default: '1000,10000,100000'},
		requests: {type: 'string', default: '30'},
		json: {type: 'string', default: defaultResultsPath('history')},
	},
});
const root = fileURLToPath(new URL('..', import.meta.url));
const program = `${root}bin/infinisst.js`;
const shared = `${root}../shared/history/`;
const session = '/c/default/raycluster-dev/session_2026-11-23_04-47-01_378364_2154';
const requestCount = Number(values.requests);
const execute = promisify(execFile);

/** Point questions first; their times are what the bar of 10 ms is for. */
const ENDPOINTS = [
	'/api/v0/tasks?detail=1&limit=1&filter_keys=task_id&filter_predicates=%3D&filter_values=008c577ea88b2ce866a2606eaa6556c08b8737be03000000',
	'/logical/actors/4f52ea4060b2a9319d12275c02000000',
	'/api/jobs/03000000',
	'/api/jobs/',
	'/nodes?view=summary',
	'/api/v0/tasks',
	'/api/v0/tasks?detail=1&limit=10000',
	'/api/v0/tasks?detail=1&limit=10000&filter_keys=state&filter_predicates=%3D&filter_values=FAILED',
	'/api/v0/tasks/summarize?filter_keys=job_id&filter_predicates=%3D&filter_values=03000000',
	'/api/v0/tasks/summarize?summary_by=lineage&filter_keys=job_id&filter_predicates=%3D&filter_values=03000000',
];

/** Milliseconds until the last byte, with a query nobody asked before: no answer comes out of a cache. */
function get(url: string, path: string, salt: number): Promise<{ms: number; bytes: number}> {
	const startMs = performance.now();
	const {hostname, port} = new URL(url);
	const address = `${session}${path}${path.includes('?') ? '&' : '?'}salt=${salt}`;
	return new Promise((resolve, reject) => {
		request({hostname, port, path: address}, response => {
			let bytes = 0;
			response.on('data', (chunk: Buffer) => (bytes += chunk.length));
			response.on('end', () => resolve({ms: performance.now() - startMs, bytes}));
		})
			.on('error', reject)
			.end();
	});
}

/** Waits for the line that says where it listens. */
async function startServer(file: string): Promise<{child: ChildProcess; url: string; startMs: number}> {
	const startMs = performance.now();
	const child = spawn(process.execPath, [program, 'history', 'serve', '--db', file, '--port', '0'], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	let text = '';
	for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
		text += chunk.toString();
		const url = /http:\S+/.exec(text)?.[0];
		if (url === undefined) continue;
		await get(url, '/api/version', 0);
		return {child, url, startMs: performance.now() - startMs};
	}

	throw new Error(`the server did not start: ${text}`);
}

async function highestMegabytes(pid: number): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function measure(tasks: number, folder: string) {
	const storage = join(folder, 'storage');
	const file = join(folder, 'history.db');
	await execute('python3', [`${shared}tools/synth.py`, String(tasks), storage, `${shared}storage`]);
	const startMs = performance.now();
	await execute(process.execPath, [program, 'history', 'import', storage, '--db', file, '--quiet']);
	const loadMs = performance.now() - startMs;
	const {child, url, startMs: reopenMs} = await startServer(file);
	try {
		const endpoints = [];
		for (const path of ENDPOINTS) {
			const answers = [];
			for (let round = 0; round < requestCount; round += 1) answers.push(await get(url, path, round));
			const times = answers.map(({ms}) => ms);
			endpoints.push({
				path,
				p50Ms: quantile(times, 0.5),
				p95Ms: quantile(times, 0.95),
				bytes: answers[0]!.bytes,
			});
		}

		const clientsStartMs = performance.now();
		await Promise.all(
			Array.from({length: 8}, async (_, client) => {
				for (let round = 0; round < requestCount; round += 1)
					await get(url, '/api/jobs/', client * 1000 + round + 100);
			}),
		);
		const requestsPerSecond = (8 * requestCount) / ((performance.now() - clientsStartMs) / 1000);
		const {size} = await stat(file);
		return {
			tasks,
			loadMs,
			reopenMs,
			endpoints,
			requestsPerSecond,
			fileBytes: size,
			serverMegabytes: await highestMegabytes(child.pid!),
		};
	} finally {
		child.kill();
		await once(child, 'exit');
	}
}

const results = [];
for (const tasks of values.tasks.split(',').map(Number)) {
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	try {
		const result = await measure(tasks, folder);
		results.push(result);
		process.stdout.write(
			`${tasks} tasks: load ${(result.loadMs / 1000).toFixed(1)} s, start to first answer ${result.reopenMs.toFixed(0)} ms, file ${(result.fileBytes / 1e6).toFixed(0)} MB, server ${result.serverMegabytes} MB, 8 clients ${result.requestsPerSecond.toFixed(0)} requests/s\n`,
		);
		const rows = result.endpoints.map(({path, p50Ms, p95Ms, bytes}) => [
			path.slice(0, 90),
			p50Ms.toFixed(1),
			p95Ms.toFixed(1),
			String(bytes),
		]);
		process.stdout.write(`${formatTable(['endpoint', 'p50 ms', 'p95 ms', 'bytes'], rows)}\n`);
	} finally {
		await rm(folder, {recursive: true, force: true});
	}
}

await writeResults(values.json, {machine: describeMachine(), results});
