/** Time as the program sees it, passed in wherever a test would otherwise have to sleep. */
export interface Clock {
	/** Milliseconds since an arbitrary moment; never goes back. */
	nowMs(): number;
	/** Runs `task` once, `delayMs` from now. Does not keep the process alive. @returns cancels it. */
	after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
	nowMs: () => performance.now(),
	after(delayMs, task) {
		const timer = setTimeout(task, delayMs).unref();
		return () => clearTimeout(timer);
	},
};
