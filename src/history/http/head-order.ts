import {STATE_FINISHED} from '../ingest/ray-enums.js';

/** Beyond so many attempts at one task a list that is cut among them has those with the highest numbers. */
export const MAX_ATTEMPTS = 32;

interface Attempt {
	readonly task_id: string;
	/** Index into `TASK_STATES`. */
	readonly state: number;
}

/**
 * Attempts in the order in which the head lists them: of one task first those that finished, then the others, each
 * newest first. That differs from the order of their numbers where what had finished was lost and is made again.
 *
 * @param rows - in the order of the tasks' ids, newest attempts first; a few more than `limit`.
 */
export function* inHeadOrder<Row extends Attempt>(
	rows: Iterable<Row>,
	limit: number,
): Generator<Row, void, undefined> {
	let attempts: Row[] = [];
	let left = limit;
	for (const row of rows) {
		if (attempts.length > 0 && attempts[0]!.task_id !== row.task_id) {
			yield* sortAttempts(attempts).slice(0, left);
			left -= Math.min(left, attempts.length);
			if (left === 0) return;
			attempts = [];
		}

		attempts.push(row);
	}

	yield* sortAttempts(attempts).slice(0, left);
}

function sortAttempts<Row extends Attempt>(attempts: readonly Row[]): readonly Row[] {
	if (attempts.length < 2) return attempts;
	const isFinished = ({state}: Row) => state === STATE_FINISHED;
	return [...attempts.filter(isFinished), ...attempts.filter(row => !isFinished(row))];
}
