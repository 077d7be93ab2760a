import type {BatchSettings, EngineSession} from '../../src/core/engine/engine.js';
import type {LiveContestant, LiveStream, LiveUpdate, NewText, StreamOptions, Usage} from './live-stream.js';
import type {LiveEngine} from './open-live-engine.js';
import {readChildrenUsage, readOwnUsage} from './process-usage.js';

/** Our own engine, which is closed with the contestant. @param catchUp - see `SessionOptions`. */
export function createEngineContestant(
	{engine, description, runsInProcesses}: LiveEngine,
	catchUp: boolean,
): LiveContestant {
	let defaults: BatchSettings | undefined;
	return {
		name: 'infinisst',
		description,
		openStream: async ({language, task, latencyMultiplier, pace}: StreamOptions) => {
			const target = task === 'translate' ? 'en' : 'same';
			const session = await engine.openSession({
				sourceLanguage: language,
				targets: [target],
				latencyMultiplier,
				// What is written as fast as it is taken is always behind.
				catchUp: catchUp && pace === 'paced',
			});
			return toStream(session, target);
		},
		usage: () => readUsage(runsInProcesses),
		statistics: () => engine.statistics(),
		setMaxBatchSize: async maxBatchSize => {
			defaults ??= await engine.configure({});
			await engine.configure(
				maxBatchSize === undefined
					? {maxBatchSize: defaults.maxBatchSize, minBatchSize: defaults.minBatchSize}
					: {maxBatchSize, minBatchSize: Math.min(maxBatchSize, defaults.minBatchSize)},
			);
		},
		close: () => engine.close(),
	};
}

function toStream(session: EngineSession, target: string): LiveStream {
	return {
		updates: readUpdates(session, target),
		write: samples => session.write(samples),
		end: () => session.end(),
		destroy: () => session.destroy(),
	};
}

async function* readUpdates(session: EngineSession, target: string): AsyncGenerator<LiveUpdate> {
	for await (const {events} of session.updates) {
		const finals: NewText[] = [];
		let tail: string | undefined;
		for (const event of events) {
			if (!('target' in event) || event.target !== target) continue;
			switch (event.type) {
				case 'text-final':
					finals.push({text: event.text, endMs: event.endMs, audioMs: event.audioMs});
					// What was likely to follow the text before has either become final or was wrong.
					tail = '';
					break;
				case 'text-partial':
					tail = event.text;
					break;
				case 'segment-ended':
					tail = '';
			}
		}
		if (finals.length > 0 || tail !== undefined) yield {retractedCharacters: 0, finals, tail};
	}
}

/**
 * @param runsInProcesses - whether the models run in processes of their own; else in threads of this one, whose first
 * plays the clients.
 */
export async function readUsage(runsInProcesses: boolean): Promise<Usage> {
	const own = await readOwnUsage();
	if (!runsInProcesses) {
		return {
			engineCpuMs: own.cpuMs - own.firstThreadCpuMs,
			clientCpuMs: own.firstThreadCpuMs,
			residentBytes: own.residentBytes,
		};
	}
	const children = await readChildrenUsage();
	return {
		engineCpuMs: children.cpuMs,
		clientCpuMs: own.cpuMs,
		residentBytes: children.residentBytes,
	};
}
