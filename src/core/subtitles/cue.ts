/** One subtitle on the screen; times in ms from the first sample of the recording. */
export interface Cue {
	readonly startMs: number;
	readonly endMs: number;
	readonly lines: readonly string[];
	/** Where words begin inside the lines, in order; empty unless words were asked for and timed. */
	readonly wordStarts: readonly WordStart[];
}

export interface WordStart {
	/** Index into {@link Cue.lines}, and offset into that line. */
	readonly line: number;
	readonly offset: number;
	readonly startMs: number;
}
