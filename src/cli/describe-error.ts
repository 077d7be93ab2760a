import {InfinisstError} from '../core/errors.js';
import {EXIT_CODES, EXIT_FAULT} from './exit-codes.js';

export interface ErrorDescription {
	/** One line for people: what failed, where, what to do now. */
	readonly sentence: string;
	readonly exitCode: number;
}

/** What to tell the user about a failure. Never a stack trace: `INFINISST_DEBUG=1` adds that in `main()`. */
export function describeError(error: unknown): ErrorDescription {
	if (InfinisstError.is(error)) {
		return {sentence: joinSentences(error.message, error.hint), exitCode: EXIT_CODES[error.code]};
	}

	const message = error instanceof Error ? error.message : String(error);
	return {
		sentence: joinSentences(
			`Unexpected fault: ${message}`,
			'Set INFINISST_DEBUG=1 to see where, and please report it.',
		),
		exitCode: EXIT_FAULT,
	};
}

function joinSentences(first: string, second: string | undefined): string {
	const oneLine = first.replaceAll(/\s*\n\s*/g, ' ');
	const closed = /[.?!]$/.test(oneLine) ? oneLine : `${oneLine}.`;
	return second === undefined ? closed : `${closed} ${second}`;
}
