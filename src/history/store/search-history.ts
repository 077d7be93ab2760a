import {inflateRawSync} from 'node:zlib';

import type {SqliteDatabase} from './sqlite-database.js';
import type {SearchKind} from './write-search.js';

export interface SearchOptions {
	/** Only this session. */
	readonly sessionId?: number;
	/** At most this many hits. */
	readonly limit: number;
}

export interface SearchHit {
	readonly kind: SearchKind;
	readonly sessionId: number;
	/** Function or task name; id of a task with that error; or the log file, with its node and line. */
	readonly where: string;
	/** The line that holds the words, at most 300 characters. */
	readonly text: string;
}

interface HitRow {
	readonly kind: SearchKind;
	readonly session_id: number;
	readonly reference: string;
}

/** Texts that hold all words, the best first. Words are told apart as FTS5 does: by what is no letter, digit or "_". */
export function searchHistory(
	database: SqliteDatabase,
	text: string,
	{sessionId, limit}: SearchOptions,
): readonly SearchHit[] {
	const words = text.match(/[\p{L}\p{N}_]+/gu) ?? [];
	if (words.length === 0) return [];
	const rows = database
		.prepare(
			`SELECT kind, session_id, reference FROM search_text JOIN search_entry ON search_entry.id = search_text.rowid
			WHERE search_text MATCH ? ${sessionId === undefined ? '' : 'AND session_id = ?'} ORDER BY rank LIMIT ?`,
		)
		.all(
			// Quoted, so that no word is taken for an operator.
			words.map(word => `"${word}"`).join(' '),
			...(sessionId === undefined ? [] : [sessionId]),
			limit,
		) as HitRow[];
	return rows.flatMap(row => describeHit(database, row, words)).slice(0, limit);
}

function describeHit(database: SqliteDatabase, row: HitRow, words: readonly string[]): SearchHit[] {
	const {kind, session_id: sessionId, reference} = row;
	switch (kind) {
		case 'name':
			return [{kind, sessionId, where: reference, text: reference}];
		case 'error':
			return [{kind, sessionId, where: reference, text: findLine(readError(database, row), words)[0]}];
		case 'log':
			return describeLogHits(database, row, words);
	}
}

function readError(database: SqliteDatabase, {session_id: sessionId, reference}: HitRow): string {
	const row = database
		.prepare(
			"SELECT facts ->> '$.v.error[0][1]' AS message FROM task WHERE session_id = ? AND task_id = ? ORDER BY attempt DESC",
		)
		.get(sessionId, Buffer.from(reference, 'hex')) as {message: string | null} | undefined;
	return row?.message ?? '';
}

function describeLogHits(database: SqliteDatabase, row: HitRow, words: readonly string[]): SearchHit[] {
	const chunk = database
		.prepare(
			'SELECT log_file.node_id, path, data, offset FROM log_chunk JOIN log_file ON log_file.id = file_id WHERE log_chunk.id = ?',
		)
		.get(Number(row.reference)) as {node_id: string; path: string; data: Buffer; offset: number} | undefined;
	if (chunk === undefined) return [];
	const [text, line] = findLine(inflateRawSync(chunk.data).toString('utf8'), words);
	const place = chunk.offset === 0 ? `:${line}` : ` after byte ${chunk.offset}`;
	return [{kind: 'log', sessionId: row.session_id, where: `${chunk.node_id}/${chunk.path}${place}`, text}];
}

/** The line with most of the words, and its number. */
function findLine(text: string, words: readonly string[]): readonly [string, number] {
	const wanted = words.map(word => word.toLowerCase());
	let best = '';
	let bestLine = 1;
	let bestCount = 0;
	for (const [index, line] of text.split('\n').entries()) {
		const lower = line.toLowerCase();
		const count = wanted.filter(word => lower.includes(word)).length;
		if (count <= bestCount) continue;
		[best, bestLine, bestCount] = [line, index + 1, count];
		if (count === wanted.length) break;
	}

	return [best.trim().slice(0, 300), bestLine];
}
