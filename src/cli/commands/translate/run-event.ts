import type {ErrorCode} from '../../../core/errors.js';
import type {ModelEvent} from '../../../core/models/model-event.js';
import type {Segment} from '../../../core/translation/translation-event.js';

/**
 * What `infinisst translate --json` prints, one object a line: a published format (docs/cli.md). `file` is
 * the recording as the user named it. Fields may be added, none is renamed or removed.
 */
export type RunEvent =
	/** First. */
	| {
			readonly type: 'run-started';
			readonly formatVersion: 1;
			readonly model: string;
			readonly precision: string;
			readonly task: 'transcribe' | 'translate';
			/** A code, or `auto`. */
			readonly sourceLanguage: string;
			/** A code, or `same`. */
			readonly targetLanguage: string;
			/** All of them, if there are several. */
			readonly targets: readonly string[];
			readonly files: readonly string[];
	  }
	/** While the model is fetched or prepared, before `run-started`. */
	| {readonly type: 'model-progressed'; readonly event: ModelEvent}
	| {
			readonly type: 'file-started';
			readonly file: string;
			readonly description: string;
			readonly durationMs: number | null;
	  }
	| {
			readonly type: 'language-detected';
			readonly file: string;
			readonly language: string;
			readonly probability: number;
	  }
	| {
			readonly type: 'segment-final';
			readonly file: string;
			readonly segment: Segment;
			/** Which of the languages, where text was translated. */
			readonly target?: string;
	  }
	| {
			readonly type: 'progress';
			readonly file: string;
			readonly processedMs: number;
			readonly durationMs: number | null;
	  }
	| {readonly type: 'warning-raised'; readonly file: string; readonly message: string}
	| {
			readonly type: 'file-ended';
			readonly file: string;
			readonly audioMs: number;
			readonly elapsedMs: number;
			readonly segments: number;
			/** Path of the file that was written, with `--output`; of several languages, the first. */
			readonly output?: string;
	  }
	| {
			readonly type: 'file-failed';
			readonly file: string;
			/** Null for a fault that has no code. */
			readonly code: ErrorCode | null;
			readonly message: string;
	  }
	/** Last, unless the run was interrupted or could not begin. */
	| {
			readonly type: 'run-ended';
			readonly succeeded: number;
			readonly failed: number;
			readonly exitCode: number;
	  };
