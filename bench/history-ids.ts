/**
 * Ids as blobs or as hex text: what decided the schema of the history (src/history/store/migrations.ts).
 *
 *     npx tsx bench/history-ids.ts
 *
 * The same rows with five ids each and the indexes of the history's tasks, in the order of chance that Ray's ids have.
 */
import {createHash} from 'node:crypto';
import {mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import Database from 'better-sqlite3';

import {formatTable} from './kit/table.js';
import {describeMachine} from './machine.js';

const ROWS = 100_000;
const ROWS_A_TRANSACTION = 2500;
const FACTS = 'x'.repeat(1400);

const makeId = (number: number, bytes: number): Buffer =>
	createHash('sha256').update(String(number)).digest().subarray(0, bytes);

const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
try {
	const rows = [];
	for (const [name, convert] of [
		['blob', (id: Buffer) => id],
		['hex text', (id: Buffer) => id.toString('hex')],
	] as const) {
		const file = join(folder, `${name}.db`);
		const {insertMs, listMs} = measure(file, convert);
		rows.push([
			name,
			`${insertMs.toFixed(0)} ms`,
			`${listMs.toFixed(0)} ms`,
			`${((await stat(file)).size / 1e6).toFixed(0)} MB`,
		]);
	}

	console.log(JSON.stringify(describeMachine()));
	console.log(formatTable(['ids', `${ROWS} inserts`, '10 000 rows as hex', 'file'], rows));
} finally {
	await rm(folder, {recursive: true, force: true});
}

function measure(
	file: string,
	convert: (id: Buffer) => Buffer | string,
): {readonly insertMs: number; readonly listMs: number} {
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
			// As decoded, ids are hex.
			const ids = [
				makeId(row, 24),
				makeId(-1, 4),
				makeId(-2, 24),
				makeId(-3, 28),
				makeId(-4 - (row % 8), 28),
			];
			insert.run(...ids.map(convert), row % 13, FACTS);
			if (row % ROWS_A_TRANSACTION === ROWS_A_TRANSACTION - 1) database.exec('COMMIT');
		}
	});
	const names = ['task_id', 'job_id', 'parent_id', 'node_id', 'worker_id'];
	const columns = names.map(name => (type === 'TEXT' ? name : `lower(hex(${name}))`)).join(', ');
	const list = database.prepare(`SELECT ${columns}, facts FROM task ORDER BY task.task_id LIMIT 10000`);
	list.all();
	const listMs = time(() => list.all());
	database.close();
	return {insertMs, listMs};
}

function time(work: () => void): number {
	const startMs = performance.now();
	work();
	return performance.now() - startMs;
}
