/**
 * Ids as blobs or as hex text: what decided the schema of the history (src/history/store/migrations.ts).
 *
 *     npx tsx bench/history-ids.ts           a minute
 *     npx tsx bench/history-ids.ts --docs    writes the table of docs/history.md
 *
 * The same rows with five ids each and the indexes of the history's tasks, in the order of chance that Ray's ids
 * have: so many that the indexes of neither fit into the cache.
 */
import {createHash} from 'node:crypto';
import {mkdtemp, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import Database from 'better-sqlite3';

import {replaceBetweenMarkers} from './kit/replace-between-markers.js';
import {formatTable} from './kit/table.js';
import {describeMachine, describeMachineShortly} from './machine.js';

const ROWS = 200_000;
const ROWS_A_TRANSACTION = 2500;
const FACTS = 'x'.repeat(700);
const LOOK_UPS = 5000;

const makeId = (number: number, bytes: number): Buffer =>
	createHash('sha256').update(String(number)).digest().subarray(0, bytes);

/** Of the job, the driver and the node, which all rows share, and of eight workers. */
const shared = [
	makeId(-1, 4),
	makeId(-2, 24),
	makeId(-3, 28),
	...Array.from({length: 8}, (_, worker) => makeId(-4 - worker, 28)),
];

const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
try {
	const rows = [];
	for (const [name, convert] of [
		['blob', (id: Buffer) => id],
		['hex text', (id: Buffer) => id.toString('hex')],
	] as const) {
		const file = join(folder, `${name}.db`);
		const {insertMs, listMs, findMs} = measure(file, convert);
		rows.push([
			name,
			`${insertMs.toFixed(0)} ms`,
			`${listMs.toFixed(0)} ms`,
			`${findMs.toFixed(0)} ms`,
			`${((await stat(file)).size / 1e6).toFixed(0)} MB`,
		]);
	}

	const machine = describeMachine();
	const head = ['ids', `${ROWS} inserts`, '10 000 rows as hex', `${LOOK_UPS} rows by id`, 'file'];
	const text = `${formatTable(head, rows)}\n\n${describeMachineShortly(machine)}.`;
	console.log(JSON.stringify(machine));
	console.log(text);
	if (process.argv.includes('--docs')) {
		const page = fileURLToPath(new URL('../docs/history.md', import.meta.url));
		await writeFile(page, replaceBetweenMarkers(await readFile(page, 'utf8'), 'history-ids', text));
	}
} finally {
	await rm(folder, {recursive: true, force: true});
}

function measure(
	file: string,
	convert: (id: Buffer) => Buffer | string,
): {readonly insertMs: number; readonly listMs: number; readonly findMs: number} {
	const database = new Database(file);
	database.pragma('journal_mode = WAL');
	database.pragma('synchronous = NORMAL');
	const type = typeof convert(Buffer.alloc(1)) === 'string' ? 'TEXT' : 'BLOB';
	database.exec(`
		CREATE TABLE task (id INTEGER PRIMARY KEY, task_id ${type}, job_id ${type}, parent_id ${type}, node_id ${type}, worker_id ${type}, state INTEGER, facts TEXT);
		CREATE UNIQUE INDEX task_key ON task (task_id);
		CREATE INDEX task_job ON task (job_id, task_id);
		CREATE INDEX task_state ON task (state, task_id);
		CREATE INDEX task_worker ON task (worker_id);
		CREATE INDEX task_node ON task (node_id);`);
	const insert = database.prepare(
		'INSERT INTO task (task_id, job_id, parent_id, node_id, worker_id, state, facts) VALUES (?, ?, ?, ?, ?, ?, ?)',
	);
	const insertMs = time(() => {
		for (let row = 0; row < ROWS; row++) {
			if (row % ROWS_A_TRANSACTION === 0) database.exec('BEGIN');
			const ids = [makeId(row, 24), ...shared.slice(0, 3), shared[3 + (row % 8)]!];
			insert.run(...ids.map(convert), row % 13, FACTS);
			if (row % ROWS_A_TRANSACTION === ROWS_A_TRANSACTION - 1) database.exec('COMMIT');
		}
	});
	const names = ['task_id', 'job_id', 'parent_id', 'node_id', 'worker_id'];
	const columns = names.map(name => (type === 'TEXT' ? name : `lower(hex(${name}))`)).join(', ');
	const list = database.prepare(`SELECT ${columns}, facts FROM task ORDER BY task.task_id LIMIT 10000`);
	list.all();
	const listMs = time(() => list.all());
	const find = database.prepare(`SELECT ${columns}, facts FROM task WHERE task.task_id = ?`);
	const findMs = time(() => {
		for (let look = 0; look < LOOK_UPS; look++) find.get(convert(makeId((look * 7919) % ROWS, 24)));
	});
	database.close();
	return {insertMs, listMs, findMs};
}

function time(work: () => void): number {
	const startMs = performance.now();
	work();
	return performance.now() - startMs;
}
