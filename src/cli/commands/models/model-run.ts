import type {ModelEvent, ModelEventListener} from '../../../core/models/model-event.js';
import type {CommandContext} from '../../command-context.js';
import {openRunView, type RunView} from '../../render/run-view.js';
import {writeText} from '../../write-text.js';
import {sentenceOfModelEvent, statusOfModelEvent} from '../translate/describe-model-event.js';

/** Readers of `--json` get news of a file at most this often. */
const BETWEEN_PROGRESS_MS = 200;

export interface ModelRunOptions {
	readonly json: boolean;
	readonly quiet: boolean;
}

/** Where the events of long model work go: a view for people on the standard error, or lines of JSON. */
export interface ModelRun {
	readonly onEvent: ModelEventListener;
	/** What the work came to, on the standard output: a sentence, or with `json` the object. */
	printResult(sentence: string, result: ModelResult): Promise<void>;
}

/** Last line of `--json`: a published format (docs/models.md). */
export type ModelResult =
	| {
			readonly type: 'model-ready';
			readonly model: string;
			readonly precision: string;
			readonly graphsDirectory: string;
	  }
	| {readonly type: 'model-imported'; readonly model: string; readonly sizeBytes: number}
	| {
			readonly type: 'model-exported';
			readonly model: string;
			readonly file: string;
			readonly sizeBytes: number;
	  };

export type ModelRunContext = Pick<
	CommandContext,
	'stdout' | 'stderr' | 'stdin' | 'env' | 'clock' | 'signal'
>;

/** Runs `work` with somewhere to report to, and leaves the terminal in order however it ends. */
export async function withModelRun(
	options: ModelRunOptions,
	context: ModelRunContext,
	work: (run: ModelRun) => Promise<void>,
): Promise<void> {
	if (options.json) return work(createJsonRun(context));
	const view = await openRunView(context, {quiet: options.quiet, color: false});
	try {
		await work(createViewRun(view));
	} finally {
		await view.close();
	}
}

function createViewRun(view: RunView): ModelRun {
	return {
		onEvent(event) {
			const status = statusOfModelEvent(event);
			if (status !== undefined) view.update(status);
			const sentence = sentenceOfModelEvent(event);
			if (sentence !== undefined) view.printSummary(sentence);
		},
		printResult: sentence => view.printResult(`${sentence}\n`),
	};
}

function createJsonRun({
	stdout,
	clock,
	signal,
}: Pick<ModelRunContext, 'stdout' | 'clock' | 'signal'>): ModelRun {
	let nextProgressMs = -Infinity;
	return {
		onEvent(event) {
			if (isPartialProgress(event)) {
				if (clock.nowMs() < nextProgressMs) return;
				nextProgressMs = clock.nowMs() + BETWEEN_PROGRESS_MS;
			}
			stdout.write(`${JSON.stringify(event)}\n`);
		},
		printResult: (_sentence, result) => writeText(stdout, `${JSON.stringify(result)}\n`, signal),
	};
}

/** The last news of a file is never left out. */
function isPartialProgress(event: ModelEvent): boolean {
	return event.type === 'file-progressed' && event.receivedBytes !== event.totalBytes;
}
