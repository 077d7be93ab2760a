import type {SessionEvent} from '../../session/session-event.js';
import type {TargetWriter} from './target-writer.js';

/**
 * Lets all targets of a session be written at the same time: a model takes their steps together, which costs little more
 * than those of one.
 *
 * @returns what they wrote, one target after the other in the order of the writers.
 * @throws what the first of them threw that failed, when nothing runs any more.
 */
export async function writeAll(
	writers: readonly TargetWriter[],
	heard: Parameters<TargetWriter['write']>[0],
	signal: AbortSignal,
): Promise<SessionEvent[]> {
	const writing = writers.map(writer => writer.write(heard, signal));
	await Promise.allSettled(writing);
	return (await Promise.all(writing)).flat();
}
