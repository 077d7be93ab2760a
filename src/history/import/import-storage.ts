import {createGunzip} from 'node:zlib';
import {Readable} from 'node:stream';

import {EventBatch, type Damage} from '../ingest/event-batch.js';
import {isObject, readNumber, readObject, readText} from '../ingest/wire-values.js';
import type {HistoryStore} from '../store/history-store.js';
import type {LogEventLine, LogPiece} from '../store/history-types.js';
import {findSessions, type StoredSession} from './find-sessions.js';
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
	const result = {files: 0, skipped: 0, events: 0, damages: 0};
	const sessions: {sessionId: number; name: string}[] = [];
	for (const stored of await findSessions(tree)) {
		const sessionId = store.openSession(stored.cluster, stored.session);
		sessions.push({sessionId, name: stored.session});
		for await (const file of listFiles(tree, stored)) {
			options.signal.throwIfAborted();
			result.files += 1;
			const {sizeBytes, modifiedMs} = await tree.stat(file.path);
			const known = store.importProgress(sessionId, file.path);
			const isSame = known?.sizeBytes === sizeBytes && known.modifiedMs === modifiedMs;
			if (isSame && known.isComplete) {
				result.skipped += 1;
				continue;
			}

			const progress = {path: file.path, sizeBytes, modifiedMs};
			const importer = new FileImporter(store, sessionId, tree, options.signal);
			const counts = await importer.import(file, progress, isSame ? known.linesRead : 0);
			result.events += counts.events;
			result.damages += counts.damages;
			options.onProgress?.({session: stored.session, path: file.path, events: counts.events});
		}
	}

	return {...result, sessions};
}

type FileKind =
	| {readonly kind: 'events'}
	| {readonly kind: 'log'; readonly nodeId: string; readonly logPath: string}
	| {readonly kind: 'snapshot'; readonly endpoint: string};

type FoundFile = FileKind & {readonly path: string};

/** Event files of nodes come first, so that most tasks are settled when they are written. */
async function* listFiles(tree: StorageTree, {folder, layout}: StoredSession): AsyncGenerator<FoundFile> {
	const nodes = (await tree.folders(folder)).filter(name => name !== 'fetched_endpoints');
	if (layout === 'oldest') {
		for (const name of await tree.files(folder)) {
			if (name.endsWith('.json'))
				yield {kind: 'snapshot', path: `${folder}/${name}`, endpoint: name.slice(0, -5)};
		}

		return;
	}

	const roots = layout === 'older' ? [folder] : nodes.map(node => `${folder}/${node}`);
	for (const part of ['node_events', 'job_events']) {
		for (const root of roots) {
			for await (const path of walk(tree, `${root}/${part}`)) {
				if (/\.jsonl?(\.gz)?$/.test(path)) yield {kind: 'events', path};
			}
		}
	}

	const logFolders: (readonly [string, string])[] =
		layout === 'older'
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
	#events = 0;
	#damages = 0;

	constructor(store: HistoryStore, sessionId: number, tree: StorageTree, signal: AbortSignal) {
		this.#store = store;
		this.#sessionId = sessionId;
		this.#tree = tree;
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
				await this.#importSnapshot(file.endpoint, state);
		}

		return {events: this.#events, damages: this.#damages};
	}

	async #importEvents(state: FileState, linesRead: number): Promise<void> {
		let batch = new EventBatch();
		let line = 0;
		if (linesRead === 0) {
			// What was damaged at the last reading may be whole now.
			this.#store.write(this.#sessionId, {progress: {...state, linesRead: 0, isComplete: false}});
		}

		const flush = (isComplete: boolean, damages: readonly Damage[] = []) => {
			this.#events += batch.eventCount;
			this.#damages += batch.damages.length + damages.length;
			this.#store.write(this.#sessionId, {
				events: batch,
				damages,
				progress: {...state, linesRead: Math.max(line, linesRead), isComplete},
			});
			batch = new EventBatch();
		};
		const damages: Damage[] = [];
		try {
			for await (const piece of splitJson(this.#read(state.path))) {
				this.#signal.throwIfAborted();
				line = piece.line;
				if (line <= linesRead) continue;
				const place = `line ${line}`;
				if (piece.type === 'damage') damages.push({source: state.path, place, reason: piece.reason});
				else addJson(batch, piece.text, state.path, place);
				if (batch.eventCount + batch.damages.length >= BATCH_EVENTS) flush(false, damages.splice(0));
			}
		} catch (error) {
			if (!isBrokenArchive(error)) throw error;
			damages.push({
				source: state.path,
				place: `after line ${line}`,
				reason: `the archive is broken: ${(error as Error).message}`,
			});
		}

		flush(true, damages);
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

	async #importSnapshot(endpoint: string, state: FileState): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of this.#tree.read(state.path) as AsyncIterable<Buffer>) chunks.push(chunk);
		const body = Buffer.concat(chunks).toString('utf8');
		const address = readEndpoint(endpoint);
		const progress = {...state, linesRead: 0, isComplete: true};
		if (address === undefined || parseJson(body) === undefined) {
			this.#damages += 1;
			const damages = [{source: state.path, place: 'file', reason: 'no answer in JSON'}];
			this.#store.write(this.#sessionId, {damages, progress});
			return;
		}

		const snapshots = [{...address, fetchedMs: state.modifiedMs, body}];
		this.#store.write(this.#sessionId, {snapshots, progress});
	}
}

function addJson(batch: EventBatch, text: string, source: string, place: string): void {
	const value = parseJson(text);
	if (value === undefined) batch.damages.push({source, place, reason: 'no JSON'});
	// A line may hold one event, or one array of them.
	else if (Array.isArray(value))
		for (const [index, item] of value.entries()) batch.add(item, source, `${place}, item ${index + 1}`);
	else batch.add(value, source, place);
}

/** Undefined for what is no JSON, which `null` stands for as well as it does. */
function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) ?? undefined;
	} catch {
		return undefined;
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
