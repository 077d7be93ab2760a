import {writeText} from '../write-text.js';
import {formatStatusLine} from './format-status.js';
import type {RunView, RunViewContext, RunViewOptions} from './run-view.js';

/** A run that is over by then needs no line about how far it is. */
const FIRST_LINE_MS = 5000;
/** Keeps the log of an hour's work readable. */
const BETWEEN_LINES_MS = 10_000;

/** Lines on the standard error, now and then; none about progress if `quiet`. */
export function createPlainRunView(
	{stdout, stderr, clock, signal}: Pick<RunViewContext, 'stdout' | 'stderr' | 'clock' | 'signal'>,
	{quiet}: Pick<RunViewOptions, 'quiet'>,
): RunView {
	let nextLineMs = clock.nowMs() + FIRST_LINE_MS;
	return {
		update(status) {
			if (quiet || clock.nowMs() < nextLineMs) return;
			nextLineMs = clock.nowMs() + BETWEEN_LINES_MS;
			stderr.write(`${formatStatusLine(status)}\n`);
		},
		printResult: text => writeText(stdout, text, signal),
		printNotice: sentence => void stderr.write(`${sentence}\n`),
		printSummary(sentence) {
			if (!quiet) stderr.write(`${sentence}\n`);
		},
		close: () => Promise.resolve(),
	};
}
