import {SAMPLE_RATE_HZ} from '../../core/audio/audio-source.js';
import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from '../../core/engine/batch-settings.js';
import {
	POLICY_NAMES,
	type BatchSettings,
	type Engine,
	type EngineSession,
	type OpenSessionOptions,
	type ReplicaStatistics,
	type SessionOptions,
} from '../../core/engine/engine.js';
import {UpdateQueue} from '../../core/engine/update-queue.js';
import {InfinisstError} from '../../core/errors.js';
import type {SessionEvent} from '../../core/session/session-event.js';

/**
 * An engine that does nothing, to measure what is around engines: it answers each write at once with a partial text,
 * the number of the write.
 */
export function createIdleEngine(id = 'idle'): Engine {
	const sessions = new Map<string, EngineSession>();
	let settings: BatchSettings = DEFAULT_BATCH_SETTINGS;
	let count = 0;
	const destroy = (reason?: unknown): Promise<void> => {
		for (const session of [...sessions.values()]) session.destroy(reason);
		return Promise.resolve();
	};
	return {
		contractVersion: 1,
		id,
		capabilities: {
			model: 'idle',
			sourceLanguages: ['en', 'de'],
			targets: ['same', 'en', 'de'],
			policies: POLICY_NAMES,
		},
		openSession(options, open: OpenSessionOptions = {}) {
			const name = open.id ?? `${id}-${count++}`;
			const session = openIdleSession(options, open, () => sessions.delete(name));
			sessions.set(name, session);
			return Promise.resolve(session);
		},
		statistics: () => Promise.resolve([describeEngine(id, [...sessions.keys()], settings)]),
		configure(change) {
			settings = changeBatchSettings(settings, change);
			return Promise.resolve(settings);
		},
		close: destroy,
		destroy,
	};
}

function openIdleSession(
	{targets}: SessionOptions,
	{checkpoint}: OpenSessionOptions,
	onOver: () => void,
): EngineSession {
	const queue = new UpdateQueue();
	let endSample = checkpoint?.firstSample ?? 0;
	let commands = checkpoint?.commands ?? 0;
	let writes = 0;
	const push = (events: readonly SessionEvent[]): void => {
		queue.push({events, checkpoint: {firstSample: endSample, commands, state: undefined}});
	};
	const audioMs = (): number => (endSample / SAMPLE_RATE_HZ) * 1000;
	return {
		updates: queue.updates,
		async write(samples) {
			endSample += samples.length;
			const at = {segment: 0, startMs: 0, endMs: audioMs(), audioMs: audioMs()};
			const text = String(++writes);
			push(targets.map(target => ({type: 'text-partial', target, language: 'en', text, ...at})));
			await queue.waitForRoom();
		},
		change() {
			commands++;
		},
		flush() {
			commands++;
			push([{type: 'stretch-ended', audioMs: audioMs()}]);
		},
		end() {
			push([{type: 'session-ended', audioMs: audioMs()}]);
			queue.end();
			onOver();
		},
		destroy(reason: unknown = new InfinisstError('RESOURCE_CLOSED', 'The session was destroyed')) {
			queue.abort(reason);
			onOver();
		},
	};
}

function describeEngine(id: string, sessions: readonly string[], settings: BatchSettings): ReplicaStatistics {
	const nothing = {count: 0, mean: 0, p50: 0, p95: 0, max: 0};
	return {
		id,
		model: 'idle',
		upMs: 0,
		sessions: sessions.map(session => ({id: session, waitingMs: 0, lagMs: 0, workPerSecondMs: 0})),
		batchSizes: {},
		queueWaitMs: nothing,
		encodeMs: nothing,
		decodeStepMs: nothing,
		guards: {},
		residentBytes: process.memoryUsage.rss(),
		freeDeviceBytes: 0,
		settings,
	};
}
