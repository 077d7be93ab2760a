import type {CommandContext} from '../command-context.js';
import {createPlainRunView} from './plain-run-view.js';
import type {RunStatus} from './run-status.js';

/** What people see of a run. Results go to the standard output, everything else to the standard error. */
export interface RunView {
	/** What is going on now; called often. */
	update(status: RunStatus): void;
	/** Resolves when there is room for more. */
	printResult(text: string): Promise<void>;
	/** A sentence that stays: warnings and failures. */
	printNotice(sentence: string): void;
	/** A sentence that stays and belongs to the progress: left out with `--quiet`. */
	printSummary(sentence: string): void;
	/** Leaves the terminal as it was, with what was printed. */
	close(): Promise<void>;
}

export interface RunViewOptions {
	readonly quiet: boolean;
	readonly color: boolean;
}

export type RunViewContext = Pick<CommandContext, 'stdout' | 'stderr' | 'stdin' | 'env' | 'clock' | 'signal'>;

/** A view that redraws itself where a person watches a terminal that can do it, lines elsewhere. */
export async function openRunView(context: RunViewContext, options: RunViewOptions): Promise<RunView> {
	const {stderr, env} = context;
	const canRedraw = stderr.isTTY === true && env['TERM'] !== 'dumb' && !env['CI'];
	if (options.quiet || !canRedraw) return createPlainRunView(context, options);
	const {createLiveRunView} = await import('./live-run-view.js');
	return createLiveRunView(context, {color: options.color && !env['NO_COLOR']});
}
