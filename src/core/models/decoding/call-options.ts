/** How a call was served. */
export interface CallTurn {
	/** From being ready to being begun. */
	readonly waitMs: number;
	/** Of what was decoded: which batch it joined, counted from 1, and the most sequences in it meanwhile. */
	readonly batch?: number;
	readonly batchSize?: number;
}

export interface CallOptions {
	/** Gives up the call; what was decoded so far is lost. */
	readonly signal?: AbortSignal | undefined;
	/**
	 * When the result is wanted, on a clock of the caller's choice, the same for all calls: what is wanted earlier is
	 * done earlier. @default none, after all that have one
	 */
	readonly deadlineMs?: number | undefined;
	/** Is told how each part of the call was served; only by models in the same thread. */
	readonly onTurn?: ((turn: CallTurn) => void) | undefined;
}
