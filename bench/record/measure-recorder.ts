import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../src/core/util/clock.js';
import {createRunRecorder, type RunRecorder} from '../../src/history/record/run-recorder.js';
import type {SessionRecord} from '../../src/server/sessions/session-recorder.js';
import {delay} from '../server/bench-socket.js';

/** At multiplier 1 a session looks at its audio so often. */
const LOOK_MS = 960;

export interface RecorderFigures {
	readonly sessions: number;
	readonly seconds: number;
	readonly looks: number;
	/** Of this process with all its threads, of one core; the same without a recorder is taken off. */
	readonly cpuShare: number;
	/** For one look, with everything up to the disk. */
	readonly cpuPerLookMs: number;
	/** Of that, what the thread that serves speakers does itself: the longest call. */
	readonly longestCallMs: number;
}

/** What recording costs by itself: so many speakers who say something in every look, at the pace of speech. */
export async function measureRecorder(sessions: number, seconds: number): Promise<RecorderFigures> {
	const without = await run(sessions, seconds, undefined);
	const folder = await mkdtemp(join(tmpdir(), 'infinisst-bench-'));
	const recorder = createRunRecorder({
		path: join(folder, 'history.db'),
		command: 'serve',
		entrypoint: 'infinisst serve',
		clock: systemClock,
		onWarning: message => {
			throw new Error(message);
		},
	});
	try {
		// Its thread is there from now on, and has made the file.
		await run(1, 3, recorder);
		const recorded = await run(sessions, seconds, recorder);
		const cpuMs = recorded.cpuMs - without.cpuMs;
		return {
			sessions,
			seconds,
			looks: recorded.looks,
			cpuShare: cpuMs / (seconds * 1000),
			cpuPerLookMs: cpuMs / recorded.looks,
			longestCallMs: recorded.longestCallMs,
		};
	} finally {
		await recorder.end();
		await rm(folder, {recursive: true, force: true});
	}
}

interface Run {
	readonly looks: number;
	readonly cpuMs: number;
	readonly longestCallMs: number;
}

async function run(sessions: number, seconds: number, recorder: RunRecorder | undefined): Promise<Run> {
	const records = Array.from({length: sessions}, (_, index) => open(recorder, index));
	const begin = process.cpuUsage();
	const startMs = performance.now();
	let looks = 0;
	let longestCallMs = 0;
	const total = Math.floor((seconds * 1000) / LOOK_MS) * sessions;
	for (let look = 0; look < total; look++) {
		// Sessions do not look at the same moment.
		await delay(Math.max(0, startMs + (look * LOOK_MS) / sessions - performance.now()));
		const callMs = performance.now();
		records[look % sessions]?.updated({
			atMs: Date.now(),
			audioMs: (look / sessions) * LOOK_MS,
			finalMs: (look / sessions) * LOOK_MS - 900,
			lagMs: 900,
			finals: 1,
			segments: look % 5 === 0 ? 1 : 0,
			characters: 14,
			texts: [],
			work: {replica: 'model/replica-1', workMs: 200, queueWaitMs: 50, batch: look, batchSize: 2},
			endsStretch: false,
		});
		longestCallMs = Math.max(longestCallMs, performance.now() - callMs);
		looks++;
	}
	// Until the last is written, too.
	await delay(2000);
	const {user, system} = process.cpuUsage(begin);
	for (const record of records) record?.ended({atMs: Date.now(), audioMs: seconds * 1000, cause: undefined});
	return {looks, cpuMs: (user + system) / 1000, longestCallMs};
}

function open(recorder: RunRecorder | undefined, index: number): SessionRecord | undefined {
	const record = recorder?.sessions.open({
		id: `speaker-${index}-${Date.now()}`,
		door: 'stream',
		options: {sourceLanguage: 'en', targets: ['de']},
		model: 'model',
		createdAtMs: Date.now(),
	});
	record?.began(Date.now());
	return record;
}
