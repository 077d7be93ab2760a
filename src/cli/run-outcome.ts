/** What a command leaves behind for `main()` when it ends without throwing. */
export interface RunOutcome {
	/** Stays 0 unless a part of the work failed and the rest was done all the same. */
	exitCode: number;
}
