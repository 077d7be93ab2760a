import {EXIT_INTERRUPTED, EXIT_OK} from './exit-codes.js';

const brand = Symbol.for('infinisst.run-stop');

/**
 * Why a run ends before its work is done: the reason of {@link CommandContext.signal}. Not a fault, so not
 * an `InfinisstError`; it travels as `signal.reason` and only `main()` looks at it.
 */
export class RunStop extends Error {
	override readonly name = 'RunStop';
	readonly [brand] = true;

	private constructor(
		message: string,
		readonly exitCode: number,
	) {
		super(message);
	}

	/** True for every copy of the class: the build puts one into each of its bundles. */
	static is(reason: unknown): reason is RunStop {
		return typeof reason === 'object' && reason !== null && brand in reason;
	}

	/** Whether somebody wants the run to end, not only its results to go nowhere. */
	static isInterruption(reason: unknown): reason is RunStop {
		return RunStop.is(reason) && reason.exitCode === EXIT_INTERRUPTED;
	}

	/** Ctrl-C, or the system asked to end. */
	static interrupted(): RunStop {
		return new RunStop('interrupted', EXIT_INTERRUPTED);
	}

	/** Somebody who watches has had enough, which is the usual end. */
	static ended(): RunStop {
		return new RunStop('ended by a key', EXIT_OK);
	}

	/** Whoever read our results went away (`| head`): they have what they wanted. */
	static readerGone(): RunStop {
		return new RunStop('the reader of the results has gone', EXIT_OK);
	}
}
