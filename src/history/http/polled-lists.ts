import {isObject, readObject, type JsonObject} from '../ingest/wire-values.js';
import type {SessionReader} from '../store/session-reader.js';
import type {HistoryAnswer} from './answer.js';
import {readListOptions} from './list-options.js';
import {redactDeep} from './redact.js';
import type {HistoryRequest} from './request.js';
import {answerStateList, type StateColumn} from './state-list.js';

/*
 * Lists that only nodes which are alive can give: what was kept of them while they lived, with the filters and the
 * limit of whoever asks, not of whoever kept it.
 */

const OBJECT_COLUMNS: readonly StateColumn[] = [
	{name: 'object_id', isFilterable: true},
	{name: 'object_size', isFilterable: true, type: 'integer'},
	{name: 'task_status', isFilterable: true},
	{name: 'attempt_number', isFilterable: true, type: 'integer'},
	{name: 'reference_type', isFilterable: true},
	{name: 'call_site', isFilterable: true},
	{name: 'type', isFilterable: true},
	{name: 'pid', isFilterable: true, type: 'integer'},
	{name: 'ip', isFilterable: true},
];

/** `GET /api/v0/objects` */
export function answerObjects(reader: SessionReader, request: HistoryRequest): HistoryAnswer {
	return answerPolledList(reader, request, OBJECT_COLUMNS);
}

const RUNTIME_ENV_COLUMNS: readonly StateColumn[] = [
	{name: 'runtime_env', isFilterable: true},
	{name: 'success', isFilterable: true, type: 'boolean'},
	{name: 'creation_time_ms', isOptional: true},
	{name: 'node_id', isFilterable: true},
	{name: 'ref_cnt', isDetail: true},
	{name: 'error', isDetail: true, isFilterable: true, isOptional: true},
];

/** `GET /api/v0/runtime_envs` */
export function answerRuntimeEnvs(reader: SessionReader, request: HistoryRequest): HistoryAnswer {
	return answerPolledList(reader, request, RUNTIME_ENV_COLUMNS);
}

function answerPolledList(
	reader: SessionReader,
	{path, query, isBrowser}: HistoryRequest,
	columns: readonly StateColumn[],
): HistoryAnswer {
	const options = readListOptions(query);
	const body = reader.snapshot(path)?.body;
	const kept =
		body === undefined ? {} : readObject(readObject(readObject(JSON.parse(body))['data'])['result']);
	const rows = Array.isArray(kept['result']) ? kept['result'].filter(isObject) : [];
	const shown = isBrowser ? (redactDeep(rows) as readonly JsonObject[]) : rows;
	return answerStateList(shown, columns, options, {
		total: typeof kept['total'] === 'number' ? kept['total'] : rows.length,
		afterTruncation: rows.length,
		failure: kept['partial_failure_warning'] ?? null,
		warnings: kept['warnings'] ?? null,
	});
}
