import type {
	Engine,
	EngineSession,
	OpenSessionOptions,
	SessionChange,
	SessionOptions,
	SessionUpdate,
} from '../../src/core/engine/engine.js';
import type {SessionEvent} from '../../src/core/session/session-event.js';

/** Something to do when so much audio has been written; samples from the session's first. */
export type ScriptedCommand =
	| {readonly atSample: number; readonly change: SessionChange}
	| {readonly atSample: number; readonly flush: true};

export interface SessionRun {
	readonly options: SessionOptions;
	readonly audio: Float32Array;
	/** @default all at once */
	readonly chunkSamples?: number;
	/** In the order of their samples. */
	readonly commands?: readonly ScriptedCommand[];
	readonly open?: OpenSessionOptions;
	/** Told how many samples were written and listened to, after each write has resolved. */
	readonly onWritten?: (writtenSamples: number, listenedMs: number) => void;
}

/** Runs a session from its begin, or from its checkpoint, to its end. */
export async function runSession(engine: Engine, run: SessionRun): Promise<SessionUpdate[]> {
	const session = await engine.openSession(run.options, run.open);
	const updates: SessionUpdate[] = [];
	const firstSample = run.open?.checkpoint?.firstSample ?? 0;
	let written = firstSample;
	let listenedMs = 0;
	const read = async (): Promise<void> => {
		for await (const update of session.updates) {
			for (const event of update.events) {
				if (!('audioMs' in event)) continue;
				listenedMs = event.audioMs;
				if (event.audioMs * 16 > written) throw new Error(`${event.type} came before its audio`);
			}
			updates.push(update);
		}
	};
	const write = async (): Promise<void> => {
		for (const part of cut(run, firstSample)) {
			if (!(part instanceof Float32Array)) {
				obey(session, part);
				continue;
			}
			// What is told of it may come before the write resolves.
			written += part.length;
			await session.write(part);
			run.onWritten?.(written, listenedMs);
		}
		session.end();
	};
	const reading = read();
	// Else a session that fails would leave its writer waiting.
	await Promise.all([reading, Promise.race([write(), reading])]);
	return updates;
}

/** The events of a run without what depends on when it ran. */
export function timelessEvents(updates: readonly SessionUpdate[]): SessionEvent[] {
	return updates.flatMap(({events}) =>
		events.map(event => (event.type === 'lag-measured' ? {...event, lagMs: 0} : event)),
	);
}

function* cut(
	{audio, chunkSamples = Math.max(1, audio.length), commands = []}: SessionRun,
	firstSample: number,
): Generator<Float32Array | ScriptedCommand> {
	const waiting = [...commands];
	let position = firstSample;
	for (;;) {
		while (waiting[0] !== undefined && waiting[0].atSample <= position) yield waiting.shift()!;
		if (position >= audio.length) return;
		const end = Math.min(position + chunkSamples, waiting[0]?.atSample ?? Infinity, audio.length);
		// A copy: samples belong to the session once they are written.
		yield audio.slice(position, end);
		position = end;
	}
}

function obey(session: EngineSession, command: ScriptedCommand): void {
	if ('change' in command) session.change(command.change);
	else session.flush();
}
