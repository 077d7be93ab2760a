import {EXIT_INTERRUPTED, EXIT_OK} from './exit-codes.js';

/**
 * Why a run ends before its work is done: the reason of {@link CommandContext.signal}. Not a fault, so not
 * an `InfinisstError`; it travels as `signal.reason` and only `main()` looks at it.
 */
export class RunStop extends Error {
	override readonly name = 'RunStop';

	private constructor(
		message: string,
		readonly exitCode: number,
	) {
		super(message);
	}

	/** Ctrl-C, or the system asked to end. */
	static interrupted(): RunStop {
		return new RunStop('interrupted', EXIT_INTERRUPTED);
	}

	/** Whoever read our results went away (`| head`): they have what they wanted. */
	static readerGone(): RunStop {
		return new RunStop('the reader of the results has gone', EXIT_OK);
	}
}
