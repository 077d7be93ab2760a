/** The W3C's validator has no types of its own; this is the part the tests use. */
declare module 'webvtt-parser' {
	interface WebVTTCue {
		startTime: number;
		endTime: number;
		text: string;
		tree: {children: WebVTTNode[]};
	}

	interface WebVTTNode {
		type: 'object' | 'text' | 'timestamp';
		/** Text, or the time of a timestamp in seconds. */
		value?: string | number;
	}

	export class WebVTTParser {
		parse(
			input: string,
			mode: 'metadata' | 'subtitles',
		): {cues: WebVTTCue[]; errors: {message: string; line: number}[]};
	}
}
