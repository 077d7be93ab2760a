import {readFileSync} from 'node:fs';
import {afterAll, beforeAll, expect, it} from 'vitest';

import {importStorage} from '../../../src/history/import/import-storage.js';
import {openDirectoryTree} from '../../../src/history/import/storage-tree.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import type {SessionReader} from '../../../src/history/store/session-reader.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {compareAnswer, type AllowedDifference} from '../../helpers/compare-answers.js';
import {ask} from '../../helpers/history.js';
import {describeWithShared, hasShared, sharedPath} from '../../helpers/shared.js';

interface RecordedFile {
	readonly path: string;
	readonly status: number;
	readonly content_type: string;
	readonly content_disposition: string | null;
	readonly file: string;
}

/** What is so of this session only, and of how it was recorded. */
const ALLOWED: readonly AllowedDifference[] = [
	{path: /^\/events/, place: /^data\.events\.global\[\w+\]$/, because: 'events that came after the question'},
	{path: /\/logs/, place: /^text$|^logs$/, because: 'lines that were written after the question'},
	{
		path: /^\/api\/v0\/tasks($|\?|\/summarize|\/timeline)/,
		place: /data\.result\.(total|num_after_truncation|num_filtered)$|\["?(65996dee|7ac7c8d2)\w+"?\/0\]$/,
		because: 'two tasks began between one question and the next',
	},
	{
		path: /exclude_driver=false/,
		place: /profiling_data\.events\[\d+\]$/,
		because: 'drivers went on after the question',
	},
	{
		path: /^\/api\/serve\/applications/,
		place: /controller_health_metrics|_time_?s?$|replicas|metrics/,
		because: 'the collector asked at another moment',
	},
	{path: /timeline/, place: /^\[/, because: 'spans that ended, and tasks that began, after the question'},
];

const recordings: readonly RecordedFile[] = hasShared
	? (JSON.parse(readFileSync(sharedPath('history/live/_index.json'), 'utf8')) as RecordedFile[])
	: [];

describeWithShared('the answers of an imported session', () => {
	let store: HistoryStore;
	let reader: SessionReader;

	beforeAll(async () => {
		store = await openHistory({path: ':memory:'});
		const tree = await openDirectoryTree(sharedPath('history/storage'));
		const {sessions} = await importStorage(store, tree, {signal: new AbortController().signal});
		reader = store.read(sessions[0]!.sessionId);
	});

	afterAll(() => store.close());

	it('are recorded in great number', () => {
		expect(recordings.length).toBeGreaterThan(380);
	});

	it.each(recordings)('to $path are those of the head', ({path, file, ...recorded}) => {
		const recording = {
			path,
			status: recorded.status,
			contentType: recorded.content_type,
			isFile: recorded.content_disposition !== null,
			body: readFileSync(sharedPath(`history/live/${file}`), 'utf8'),
		};
		expect(compareAnswer(recording, ask(reader, path), ALLOWED)).toEqual([]);
	});
});
