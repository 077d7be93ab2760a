import type {OutputStream} from '../../command-context.js';

/** Erases the line and goes up one. */
const ERASE_UP = '\u001B[2K\u001B[1A';

export interface InkTerminalOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** Columns that each line on the terminal takes, of what ink has drawn last. */
	readonly drawnWidths: () => readonly number[];
	/** Called when the terminal has another size, and ink has drawn what it had for it. */
	readonly onResize: () => void;
}

/** A terminal as ink shall see it. */
export interface InkTerminal {
	readonly stream: object;
	/**
	 * Finds out at once whether the size has changed. Node hears of it from a signal, which may come after what is
	 * drawn next; its own way to ask has no public name, and where it is missing the signal must do.
	 */
	readonly refreshSize: () => void;
	/** Listens to the terminal no more. */
	readonly close: () => void;
}

/**
 * Stands between ink and a terminal, for two things that ink gets wrong. When a terminal gets narrower it breaks
 * the lines that are drawn, so that they take more rows than ink wipes: the rest is wiped here. And what is nearly as
 * high as the terminal makes ink clear all of it, with everything that was on it before: it never hears how high
 * the terminal is, and is never given much to draw.
 */
export function createInkTerminal(
	terminal: OutputStream,
	{env, drawnWidths, onResize}: InkTerminalOptions,
): InkTerminal {
	const inkListeners = new Set<() => void>();
	const resized = (): void => {
		const columns = terminal.columns ?? 80;
		const brokenRows = reflows(env)
			? drawnWidths().reduce((sum, width) => sum + Math.max(Math.ceil(width / columns) - 1, 0), 0)
			: 0;
		if (brokenRows > 0) terminal.write(ERASE_UP.repeat(brokenRows));
		for (const listener of inkListeners) listener();
		onResize();
	};
	terminal.on('resize', resized);
	const stream = {
		isTTY: true,
		get columns() {
			return terminal.columns ?? 80;
		},
		rows: Number.MAX_SAFE_INTEGER,
		write: terminal.write.bind(terminal),
		on(event: string, listener: () => void) {
			if (event === 'resize') inkListeners.add(listener);
			else terminal.on(event, listener);
		},
		off(event: string, listener: () => void) {
			if (event === 'resize') inkListeners.delete(listener);
			else terminal.off(event, listener);
		},
	};
	return {
		stream,
		refreshSize: () => (terminal as {_refreshSize?: () => void})._refreshSize?.(),
		close: () => void terminal.off('resize', resized),
	};
}

/** Whether a terminal that gets narrower breaks lines; the few that cut them off instead say who they are. */
function reflows({TERM = '', XTERM_VERSION, TMUX}: InkTerminalOptions['env']): boolean {
	if (XTERM_VERSION !== undefined) return false;
	return !(/^(?:rxvt|linux)/.test(TERM) || (TERM.startsWith('screen') && TMUX === undefined));
}
