import type {SessionChange, SessionOptions} from './engine.js';

/**
 * The options of a session as its changes make them. An engine that goes on from a checkpoint is opened with those of
 * then: what the checkpoint has seen is not told again.
 */
export class ChangingOptions {
	#reached: SessionOptions;
	/** Of the last command that was reached. */
	#commands: number;
	/** Not reached yet, in order; undefined is a command that changes nothing. */
	readonly #waiting: (SessionChange | undefined)[] = [];

	/** @param commands - that the options have seen. */
	constructor(options: SessionOptions, commands = 0) {
		this.#reached = options;
		this.#commands = commands;
	}

	/** As of the last {@link reach}; the same object until a change was reached. */
	get reached(): SessionOptions {
		return this.#reached;
	}

	/** Takes note of a command: a change, or a flush where there is none. */
	note(change?: SessionChange): void {
		this.#waiting.push(change);
	}

	/** @param commands - that a checkpoint has seen; never fewer than the last time. */
	reach(commands: number): void {
		while (this.#commands < commands && this.#waiting.length > 0) {
			this.#commands++;
			const change = this.#waiting.shift();
			if (change !== undefined) this.#reached = {...this.#reached, ...change};
		}
	}
}
