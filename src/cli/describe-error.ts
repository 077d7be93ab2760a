import {InfinisstError} from '../core/errors.js';
import {EXIT_CODES, EXIT_FAULT} from './exit-codes.js';

export interface ErrorDescription {
	/** One line for people: what failed, where, what to do now. */
	readonly sentence: string;
	/** The sentence, and below it the stack trace where that is wanted. */
	readonly text: string;
	readonly exitCode: number;
}

/**
 * What to tell the user about a failure.
 *
 * @param env - `INFINISST_DEBUG` adds lines with the stack trace; without it there is never one.
 */
export function describeError(
	error: unknown,
	env: Readonly<Record<string, string | undefined>>,
): ErrorDescription {
	const description = describe(error);
	const stack = env['INFINISST_DEBUG'] && error instanceof Error ? `\n${error.stack ?? ''}` : '';
	return {...description, text: `${description.sentence}${stack}`};
}

function describe(error: unknown): Omit<ErrorDescription, 'text'> {
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
