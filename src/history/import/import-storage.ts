import {createGunzip} from 'node:zlib';
import {Readable} from 'node:stream';

import {EventBatch, type Damage, type EventGroup} from '../ingest/event-batch.js';
import {isObject, readNumber, readObject, readText} from '../ingest/wire-values.js';
import type {HistoryStore} from '../store/history-store.js';
import type {LogEventLine, LogPiece} from '../store/history-types.js';
import {readTaskAnswer} from './answers-to-events.js';
import {findSessions, type StoredSession} from './find-sessions.js';
import {describeOldestAnswer, type OldestAnswer} from './oldest-answers.js';
import {parseJson} from './parse-json.js';
import {EventReader} from './read-events.js';
import {splitJson} from './split-json.js';
import type {StorageTree} from './storage-tree.js';

export interface ImportOptions {
	readonly signal: AbortSignal;
	/** Told after each file. */
	readonly onProgress?: (progress: ImportedFile) => void;
}

export interface ImportedFile {
	readonly session: string;
	readonly path: string;
	/** Events that were read from it now; 0 for what was imported before. */
	readonly events: number;
}

export interface ImportResult {
	readonly sessions: readonly {readonly sessionId: number; readonly name: string}[];
	readonly files: number;
	/** Files that were whole in the history already. */
	readonly skipped: number;
	readonly events: number;
	readonly damages: number;
}

/** Events that are written in one transaction: memory is bounded by it, and a crash costs at most so many. */
const BATCH_EVENTS = 20_000;

/** Log files are kept in pieces of this size. */
const LOG_PIECE_BYTES = 64 * 1024;

/** The longest answer that is kept: Ray's longest, 10 000 tasks with all their spans, has some 50 MB. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Ray reads no longer lines of its event files either. */
const MAX_LOG_EVENT_BYTES = 2 * 1024 * 1024;

/**
 * Reads every session of a storage into the history. What was read to its end before is left alone; a file
 * that was cut off by a crash goes on where the last transaction ended, and one that has changed is read
 * anew, which changes nothing but what is new.
 *
 * @throws {InfinisstError} `DISK_FULL`; `HISTORY_LOCKED`. A damaged file or line is no fault: it is counted.
 */
export async function importStorage(
	store: HistoryStore,
	tree: StorageTree,
	options: ImportOptions,
): Promise<ImportResult> {
	const reader = new EventReader();
	try {
		return await importSessions(store, tree, reader, options);
	} finally {
		await reader.close();
	}
}

async function importSessions(
	store: HistoryStore,
	tree: StorageTree,
	reader: EventReader,
	{signal, onProgress}: ImportOptions,
): Promise<ImportResult> {
	const result = {files: 0, skipped: 0, events: 0, damages: 0};
	const sessions: {sessionId: number; name: string}[] = [];
	for (const stored of await findSessions(tree)) {
		const sessionId = store.openSession(stored.cluster, stored.session);
		sessions.push({sessionId, name: stored.session});
		for await (const file of listFiles(tree, stored)) {
			signal.throwIfAborted();
			result.files += 1;
			const {sizeBytes, modifiedMs} = await tree.stat(file.path);
			const known = store.importProgress(sessionId, file.path);
			const isSame = known?.sizeBytes === sizeBytes && known.modifiedMs === modifiedMs;
			if (isSame && known.isComplete) {
				result.skipped += 1;
				continue;
			}

			// What was damaged at the last reading may be whole now.
			const progress = {path: file.path, sizeBytes, modifiedMs, linesRead: 0, isComplete: false};
			if (known !== undefined && !isSame) store.write(sessionId, {progress});
			const importer = new FileImporter(store, sessionId, {tree, reader, signal});
			const counts = await importer.import(file, progress, isSame ? known.linesRead : 0);
			result.events += counts.events;
			result.damages += counts.damages;
			onProgress?.({session: stored.session, path: file.path, events: counts.events});
		}
	}

	return {...result, sessions};
}

type FileKind =
	| {readonly kind: 'events'}
	| {readonly kind: 'log'; readonly nodeId: string; readonly logPath: string}
	| {readonly kind: 'snapshot'; readonly endpoint: string}
	/** Of the oldest layout, by its file's name. */
	| {readonly kind: 'answer'; readonly name: string};

type FoundFile = FileKind & {readonly path: string};

/** Event files of nodes come first, so that most tasks are settled when they are written. */
async function* listFiles(tree: StorageTree, {folder, layout}: StoredSession): AsyncGenerator<FoundFile> {
	const nodes = (await tree.folders(folder)).filter(name => name !== 'fetched_endpoints');
	if (layout === 'oldest') {
		for (const name of await tree.files(`${folder}/meta`))
			yield {kind: 'answer', path: `${folder}/meta/${name}`, name};
	}

	const roots = layout !== 'current' ? [folder] : nodes.map(node => `${folder}/${node}`);
	for (const part of ['node_events', 'job_events']) {
		for (const root of roots) {
			for await (const path of walk(tree, `${root}/${part}`)) {
				if (/\.jsonl?(\.gz)?$/.test(path)) yield {kind: 'events', path};
			}
		}
	}

	const logFolders: (readonly [string, string])[] =
		layout !== 'current'
			? (await tree.folders(`${folder}/logs`)).map(node => [node, `${folder}/logs/${node}`])
			: nodes.map(node => [node, `${folder}/${node}/logs`]);
	for (const [nodeId, root] of logFolders) {
		for await (const path of walk(tree, root))
			yield {kind: 'log', path, nodeId, logPath: path.slice(root.length + 1)};
	}

	for (const name of await tree.files(`${folder}/fetched_endpoints`)) {
		yield {kind: 'snapshot', path: `${folder}/fetched_endpoints/${name}`, endpoint: name};
	}
}

async function* walk(tree: StorageTree, folder: string): AsyncGenerator<string> {
	for (const name of await tree.files(folder)) yield `${folder}/${name}`;
	for (const name of await tree.folders(folder)) yield* walk(tree, `${folder}/${name}`);
}

interface FileState {
	readonly path: string;
	readonly sizeBytes: number;
	readonly modifiedMs: number;
}

class FileImporter {
	readonly #store: HistoryStore;
	readonly #sessionId: number;
	readonly #tree: StorageTree;
	readonly #signal: AbortSignal;
	readonly #reader: EventReader;
	#events = 0;
	#damages = 0;

	constructor(
		store: HistoryStore,
		sessionId: number,
		{
			tree,
			reader,
			signal,
		}: {
			readonly tree: StorageTree;
			readonly reader: EventReader;
			readonly signal: AbortSignal;
		},
	) {
		this.#store = store;
		this.#sessionId = sessionId;
		this.#tree = tree;
		this.#reader = reader;
		this.#signal = signal;
	}

	async import(
		file: FoundFile,
		state: FileState,
		linesRead: number,
	): Promise<{readonly events: number; readonly damages: number}> {
		switch (file.kind) {
			case 'events':
				await this.#importEvents(state, linesRead);
				break;
			case 'log':
				await this.#importLog(file, state);
				break;
			case 'snapshot':
				await this.#importSnapshot(readEndpoint(file.endpoint), state);
				break;
			case 'answer':
				await this.#importAnswer(describeOldestAnswer(file.name), state);
		}

		return {events: this.#events, damages: this.#damages};
	}

	async #importEvents(state: FileState, linesRead: number): Promise<void> {
		const decoded = this.#reader.read(this.#read(state.path), {
			path: state.path,
			linesRead,
			sizeBytes: state.sizeBytes,
			describeFault: error =>
				isBrokenArchive(error) ? `the archive is broken: ${(error as Error).message}` : undefined,
		});
		for await (const {events, linesRead: lines, isLast} of decoded) {
			this.#signal.throwIfAborted();
			this.#count(events);
			this.#store.write(this.#sessionId, {
				events,
				progress: {...state, linesRead: lines, isComplete: isLast},
			});
		}
	}

	#read(path: string): AsyncIterable<Uint8Array> {
		const bytes = this.#tree.read(path);
		if (!path.endsWith('.gz')) return bytes;
		const gunzip = createGunzip();
		// The reader of `gunzip` sees the fault.
		bytes.on('error', error => gunzip.destroy(error));
		return bytes.pipe(gunzip);
	}

	async #importLog({nodeId, logPath}: FoundFile & {kind: 'log'}, state: FileState): Promise<void> {
		let offset = this.#store.read(this.#sessionId).logFile(nodeId, logPath)?.sizeBytes ?? 0;
		const pieces: LogPiece[] = [{nodeId, path: logPath, offset, bytes: Buffer.alloc(0)}];
		let held: Buffer[] = [];
		let heldBytes = 0;
		const cut = () => {
			const bytes = Buffer.concat(held);
			held = [];
			heldBytes = 0;
			pieces.push({nodeId, path: logPath, offset, bytes});
			offset += bytes.length;
		};
		if (offset < state.sizeBytes) {
			for await (const chunk of Readable.from(this.#tree.read(state.path, offset)) as AsyncIterable<Buffer>) {
				this.#signal.throwIfAborted();
				held.push(chunk);
				heldBytes += chunk.length;
				if (heldBytes >= LOG_PIECE_BYTES) cut();
				if (pieces.length >= 64) this.#store.write(this.#sessionId, {logPieces: pieces.splice(0)});
			}
		}

		if (heldBytes > 0) cut();
		const logEvents = /^events\/event_\w+\.log$/.test(logPath) ? await this.#readLogEvents(state) : [];
		this.#store.write(this.#sessionId, {
			logPieces: pieces,
			logEvents,
			progress: {...state, linesRead: 0, isComplete: true},
		});
	}

	async #readLogEvents(state: FileState): Promise<readonly LogEventLine[]> {
		const lines: LogEventLine[] = [];
		const damages: Damage[] = [];
		for await (const piece of splitJson(this.#tree.read(state.path), MAX_LOG_EVENT_BYTES)) {
			const event = piece.type === 'value' ? readLogEvent(piece.text) : undefined;
			if (event !== undefined) lines.push(event);
			else damages.push({source: state.path, place: `line ${piece.line}`, reason: 'no event'});
		}

		this.#damages += damages.length;
		if (damages.length > 0) this.#store.write(this.#sessionId, {damages});
		return lines;
	}

	async #importSnapshot(
		address: {readonly path: string; readonly query: string} | undefined,
		state: FileState,
	): Promise<void> {
		const body = address === undefined ? undefined : await this.#readJson(state);
		if (address === undefined || body === undefined) {
			this.#leaveOut(state, 'no answer in JSON');
			return;
		}

		const {path, query} = address;
		const snapshots = [{path, query, fetchedMs: state.modifiedMs, body: body.text}];
		this.#store.write(this.#sessionId, {
			snapshots,
			progress: {...state, linesRead: 0, isComplete: true},
		});
	}

	/** An answer of the oldest layout: what it tells of goes in as events, and the answer itself is kept. */
	async #importAnswer(
		{path, query, readEvents, readLogEvents}: OldestAnswer,
		state: FileState,
	): Promise<void> {
		const progress = {...state, linesRead: 0, isComplete: true};
		if (path === undefined) {
			this.#store.write(this.#sessionId, {progress});
			return;
		}

		const body = await this.#readJson(state);
		if (body === undefined) {
			this.#leaveOut(state, 'no answer in JSON');
			return;
		}

		let batch = new EventBatch();
		for (const [index, event] of (readEvents?.(body.value) ?? []).entries()) {
			batch.add(event, state.path, `item ${index + 1}`);
			if (batch.eventCount < BATCH_EVENTS) continue;
			this.#count(batch);
			this.#store.write(this.#sessionId, {events: batch});
			batch = new EventBatch();
		}

		this.#count(batch);
		this.#store.write(this.#sessionId, {
			events: batch,
			logEvents: readLogEvents?.(body.value) ?? [],
			// Tasks are told by events, many times as small as the answers that list them all.
			snapshots:
				readEvents === readTaskAnswer ? [] : [{path, query, fetchedMs: state.modifiedMs, body: body.text}],
			progress,
		});
	}

	#count({eventCount, damages}: EventGroup): void {
		this.#events += eventCount;
		this.#damages += damages.length;
	}

	#leaveOut(state: FileState, reason: string): void {
		this.#damages += 1;
		this.#store.write(this.#sessionId, {
			damages: [{source: state.path, place: 'file', reason}],
			progress: {...state, linesRead: 0, isComplete: true},
		});
	}

	/** Undefined for what is no JSON, or longer than any answer of a head. */
	async #readJson({
		path,
		sizeBytes,
	}: FileState): Promise<{readonly text: string; readonly value: unknown} | undefined> {
		if (sizeBytes > MAX_ANSWER_BYTES) return undefined;
		const chunks: Buffer[] = [];
		for await (const chunk of this.#tree.read(path) as AsyncIterable<Buffer>) chunks.push(chunk);
		const text = Buffer.concat(chunks).toString('utf8');
		const value = parseJson(text);
		return value === undefined ? undefined : {text, value};
	}
}

/** Both dialects have these members under the same names. */
export function readLogEvent(text: string): LogEventLine | undefined {
	const value = parseJson(text);
	if (!isObject(value)) return undefined;
	const eventId = readText(value['event_id']);
	if (eventId === '') return undefined;
	return {
		eventId,
		jobId: readText(readObject(value['custom_fields'])['job_id']) || 'global',
		timestamp: String(readNumber(value['timestamp'])),
		json: text,
	};
}

/** `restful__api__v0__nodes?view=summary` is the answer of `/api/v0/nodes?view=summary`. */
export function readEndpoint(name: string): {readonly path: string; readonly query: string} | undefined {
	const text = name.replace(/\.json$/, '').replace(/^restful/, '');
	const [path = '', query = ''] = text.split('?', 2);
	const address = path.replaceAll('__', '/').replace(/\/+$/, '');
	return address.startsWith('/') ? {path: address, query} : undefined;
}

function isBrokenArchive(error: unknown): boolean {
	return ['Z_BUF_ERROR', 'Z_DATA_ERROR'].includes(String((error as {code?: unknown}).code));
}
