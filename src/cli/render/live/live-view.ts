import type {CommandContext} from '../../command-context.js';
import {writeText} from '../../write-text.js';
import type {LiveState} from './live-state.js';

/** What people see of a live session, and the keys they press. */
export interface LiveView {
	/** Whether it shows the text by itself, and what is likely to follow it. */
	readonly isDrawn: boolean;
	show(state: LiveState): void;
	/** Text for the standard output. Resolves when there is room for more. */
	printResult(text: string): Promise<void>;
	/** A sentence that stays, for the standard error. */
	printNotice(sentence: string): void;
	/** Leaves the terminal as it was, with what is final. */
	close(): Promise<void>;
}

export type LiveKey = 'better' | 'faster' | 'end' | 'interrupt';

export interface LiveViewOptions {
	readonly quiet: boolean;
	readonly color: boolean;
	/** Whether the standard output gets something else than plain text: events, or another format. */
	readonly printsDocuments: boolean;
	/** What the view begins with. */
	readonly state: LiveState;
	readonly onKey: (key: LiveKey) => void;
	/** Fires when nothing can be printed any more. */
	readonly broken: AbortSignal;
}

export type LiveViewContext = Pick<CommandContext, 'stdout' | 'stderr' | 'stdin' | 'env'>;

/**
 * The view that fits: drawn where a person watches a terminal that can do it. That is the standard output, unless
 * it goes elsewhere or must not be drawn on; then the standard error.
 */
export async function openLiveView(context: LiveViewContext, options: LiveViewOptions): Promise<LiveView> {
	const {stdout, stderr, env} = context;
	const canDraw = !options.quiet && env['TERM'] !== 'dumb' && !env['CI'];
	const terminal = [stdout, stderr].find(({isTTY}) => isTTY === true);
	// Events and cues would run through what is drawn.
	const isTaken = stdout.isTTY === true && options.printsDocuments;
	if (!canDraw || terminal === undefined || isTaken) return createPlainLiveView(context, options);
	const {openLiveScreen} = await import('./live-screen.js');
	return openLiveScreen(terminal, context, {...options, color: options.color && !env['NO_COLOR']});
}

/** Nothing but what is printed. */
export function createPlainLiveView(
	{stdout, stderr}: Pick<LiveViewContext, 'stdout' | 'stderr'>,
	{broken}: Pick<LiveViewOptions, 'broken'>,
): LiveView {
	return {
		isDrawn: false,
		show: () => undefined,
		printResult: text => writeText(stdout, text, broken),
		printNotice: sentence => void stderr.write(`${sentence}\n`),
		close: () => Promise.resolve(),
	};
}
