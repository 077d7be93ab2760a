import type {RunStatus} from './run-status.js';
import type {RunView, RunViewContext} from './run-view.js';
import {createPlainRunView} from './plain-run-view.js';
import type {RunScreen} from './run-screen.js';

/**
 * Most recordings are over before anyone wonders how far they are, and ink takes a third of a second to
 * load: time that belongs to the first words.
 */
const DRAW_AFTER_MS = 1000;

/** A status at the foot of the terminal that is drawn over and over, with what is printed above it. */
export function createLiveRunView(context: RunViewContext, {color}: {readonly color: boolean}): RunView {
	const {stdout, stderr, clock} = context;
	const plain = createPlainRunView(context, {quiet: true});
	let status: RunStatus | undefined;
	let screen: RunScreen | undefined;
	let opening: Promise<void> | undefined;
	// A terminal shows what is printed above the status, so a line must be whole before it is printed.
	let unfinishedLine = '';
	const cancelDrawing = clock.after(DRAW_AFTER_MS, () => {
		opening = openScreen();
	});

	async function openScreen(): Promise<void> {
		const {openRunScreen} = await import('./run-screen.js');
		screen = openRunScreen(context, {color, status});
	}

	return {
		update(next) {
			status = next;
			screen?.draw(status);
		},
		async printResult(text) {
			if (stdout.isTTY !== true) {
				await plain.printResult(text);
				return;
			}

			const whole = unfinishedLine + text;
			const end = whole.lastIndexOf('\n') + 1;
			unfinishedLine = whole.slice(end);
			const lines = whole.slice(0, end);
			if (lines === '') return;
			if (screen === undefined) await plain.printResult(lines);
			else screen.printAbove(stdout, lines);
		},
		printNotice: printLine,
		printSummary: printLine,
		async close() {
			cancelDrawing();
			// The view must not be drawn after it was closed; a failure to load it changes nothing any more.
			await opening?.catch(() => undefined);
			screen?.close();
			if (unfinishedLine !== '') stdout.write(unfinishedLine);
		},
	};

	function printLine(sentence: string): void {
		if (screen === undefined) stderr.write(`${sentence}\n`);
		else screen.printAbove(stderr, `${sentence}\n`);
	}
}
