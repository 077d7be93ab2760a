import {createWriteStream} from 'node:fs';
import {rename, rm, stat} from 'node:fs/promises';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';

import {InfinisstError} from '../../core/errors.js';
import {describeActor, readPlaces} from '../http/actor-answers.js';
import {readJobs} from '../http/job-answers.js';
import {TaskWriter} from '../http/task-json.js';
import type {HistoryStore} from '../store/history-store.js';
import type {SessionReader} from '../store/session-reader.js';
import type {TransferOptions, TransferredSession} from './session-file.js';

/** Bytes of a log file that are put into one line. */
const LOG_LINE_BYTES = 64 * 1024;

/**
 * Writes a session for other programs: one JSON object a line, `{"kind": …, "value": …}`, with the session
 * first, then its nodes, jobs, actors and tasks as the head's own API shows them, and its logs in pieces. Such
 * a file cannot be imported.
 *
 * @throws {InfinisstError} `OUTPUT_UNWRITABLE` when there is such a file already, or it cannot be written.
 */
export async function exportRows(
	store: HistoryStore,
	sessionId: number,
	path: string,
	{signal}: TransferOptions,
): Promise<TransferredSession> {
	const reader = store.read(sessionId);
	const {cluster, name} = reader.session;
	const exists = await stat(path).then(
		() => true,
		() => false,
	);
	if (exists) {
		throw new InfinisstError('OUTPUT_UNWRITABLE', `${path} is there already`, {
			hint: 'Name another file, or delete it first.',
		});
	}

	const draft = `${path}.part`;
	try {
		await pipeline(Readable.from(writeLines(reader)), createWriteStream(draft), {signal});
		await rename(draft, path);
	} catch (error) {
		await rm(draft, {force: true});
		signal.throwIfAborted();
		throw new InfinisstError('OUTPUT_UNWRITABLE', `${path} cannot be written`, {cause: error});
	}

	const tasks = reader.countTasks({filters: [], excludesDrivers: true});
	return {cluster: `${cluster.namespace}/${cluster.name}`, name, tasks};
}

function* writeLines(reader: SessionReader): Generator<string, void, undefined> {
	const {cluster, name, firstMs, lastMs} = reader.session;
	yield writeLine('session', {cluster, name, firstMs, lastMs});
	const places = readPlaces(reader);
	for (const node of places.nodes.values()) yield writeLine('node', node);
	for (const job of readJobs(reader)) yield writeLine('job', job);
	for (const actor of reader.eachEntity('actor')) yield writeLine('actor', describeActor(actor, places));
	const tasks = new TaskWriter(reader, {redacts: false});
	for (const row of reader.tasks({filters: [], excludesDrivers: false})) {
		yield `{"kind":"task","value":${tasks.write(row)}}\n`;
	}

	for (const {json} of reader.logEvents()) yield `{"kind":"event","value":${json.trim()}}\n`;
	for (const {id, nodeId, path, sizeBytes} of reader.logFiles()) {
		for (let start = 0; start < sizeBytes || start === 0; start += LOG_LINE_BYTES) {
			const bytes = Buffer.concat([
				...reader.readLog(id, start, Math.min(sizeBytes, start + LOG_LINE_BYTES)),
			]);
			// Base64: a piece may end in the middle of a letter, and a log may hold anything.
			yield writeLine('log', {nodeId, path, offset: start, base64: bytes.toString('base64')});
		}
	}
}

function writeLine(kind: string, value: unknown): string {
	return `${JSON.stringify({kind, value})}\n`;
}
