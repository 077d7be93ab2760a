import {Box, Static, Text, render, useInput, useStderr, useStdout, type RenderOptions} from 'ink';
import {useEffect} from 'react';

import type {OutputStream} from '../../command-context.js';
import {writeText} from '../../write-text.js';
import {createInkTerminal} from './ink-terminal.js';
import {labelOf, layoutLive, widthOfLine, type LiveLine, type LiveSpan} from './live-layout.js';
import type {FinishedText, LiveState} from './live-state.js';
import type {LiveKey, LiveView, LiveViewContext, LiveViewOptions} from './live-view.js';

const CURSOR_UP = '\u001B[1A';

/**
 * A live session on a terminal: complete segments scroll up and stay, below them the open ones and the status are
 * drawn over and over. Loads ink: import this file only when something is to be drawn.
 */
export function openLiveScreen(
	terminal: OutputStream,
	{stdout, stderr, stdin, env}: LiveViewContext,
	{state: first, color, onKey, broken}: LiveViewOptions,
): LiveView {
	const hasKeys = stdin.isTTY === true;
	let state = first;
	let lines: LiveLine[] = [];
	let isClosed = false;
	let scheduled: NodeJS.Immediate | undefined;
	// Set by the component, which alone is given ink's printers.
	let printers: Printers | undefined;
	const onPrinters = (given: Printers): void => void (printers = given);
	const {
		stream: inkTerminal,
		refreshSize,
		close: closeInkTerminal,
	} = createInkTerminal(terminal, {
		env,
		drawnWidths: () => lines.map(widthOfLine),
		onResize: draw,
	});
	const app = render(compose(), {
		...({stdout: inkTerminal, stderr, stdin} as unknown as Streams),
		exitOnCtrlC: false,
		patchConsole: false,
		// What is drawn late may be drawn for a window that has another size by then.
		maxFps: 1000,
	});
	return {
		isDrawn: true,
		show(next) {
			state = next;
			// Events come in bursts.
			scheduled ??= setImmediate(() => {
				scheduled = undefined;
				refreshSize();
				draw();
			});
		},
		async printResult(text) {
			if (stdout.isTTY === true && printers !== undefined) printers.printOnTerminal(text);
			else await writeText(stdout, text, broken);
		},
		printNotice(sentence) {
			if (stderr.isTTY === true && printers !== undefined) printers.printNotice(`${sentence}\n`);
			else stderr.write(`${sentence}\n`);
		},
		close() {
			isClosed = true;
			clearImmediate(scheduled);
			app.rerender(compose());
			app.unmount();
			closeInkTerminal();
			// Of nothing ink makes an empty line.
			terminal.write(CURSOR_UP);
			return Promise.resolve();
		},
	};

	function draw(): void {
		if (!isClosed) app.rerender(compose());
	}

	function compose() {
		const {columns = 80, rows = 24} = terminal;
		lines = isClosed ? [] : layoutLive(state, {columns, rows, hasKeys, color});
		return (
			<Screen
				state={state}
				lines={lines}
				columns={columns}
				color={color}
				onKey={hasKeys ? onKey : undefined}
				onPrinters={onPrinters}
			/>
		);
	}
}

/** Ink asks for the classes of terminals although it uses no more than streams have. */
type Streams = Required<Pick<RenderOptions, 'stdout' | 'stderr' | 'stdin'>>;

interface Printers {
	/** Whole lines that stay, above what is drawn. */
	readonly printOnTerminal: (lines: string) => void;
	readonly printNotice: (lines: string) => void;
}

interface ScreenProps {
	readonly state: LiveState;
	readonly lines: readonly LiveLine[];
	readonly columns: number;
	readonly color: boolean;
	readonly onKey: ((key: LiveKey) => void) | undefined;
	readonly onPrinters: (printers: Printers) => void;
}

function Screen({state, lines, columns, color, onKey, onPrinters}: ScreenProps) {
	const {write: printOnTerminal} = useStdout();
	const {write: printNotice} = useStderr();
	useEffect(() => onPrinters({printOnTerminal, printNotice}), [onPrinters, printOnTerminal, printNotice]);
	return (
		<>
			<Static items={[...state.finished]}>
				{(text, index) => (
					<Finished key={index} text={text} targets={state.targets} columns={columns} color={color} />
				)}
			</Static>
			<Box flexDirection="column">
				{lines.map((line, index) => (
					<Text key={index} wrap="truncate-end">
						{line.map((span, place) => (
							<Text key={place} {...styleOf(span, color)}>
								{span.text}
							</Text>
						))}
					</Text>
				))}
			</Box>
			{onKey !== undefined && <Keys onKey={onKey} />}
		</>
	);
}

interface FinishedProps {
	readonly text: FinishedText;
	readonly targets: readonly string[];
	readonly columns: number;
	readonly color: boolean;
}

function Finished({text, targets, columns, color}: FinishedProps) {
	const label = labelOf(text, targets);
	return (
		<Box width={Math.max(columns - 1, 1)}>
			{label !== undefined && (
				<Box flexShrink={0}>
					<Text bold={color}>{label}</Text>
				</Box>
			)}
			<Text wrap="wrap">{text.text}</Text>
		</Box>
	);
}

function Keys({onKey}: {readonly onKey: (key: LiveKey) => void}) {
	useInput((input, {ctrl}) => {
		// Fast typing comes as one input.
		for (const character of input) {
			const key = ctrl ? (character === 'c' ? 'interrupt' : undefined) : keyOf(character);
			if (key !== undefined) onKey(key);
		}
	});
	return null;
}

function keyOf(character: string): LiveKey | undefined {
	switch (character) {
		case '+':
		case '=':
			return 'better';
		case '-':
		case '_':
			return 'faster';
		case 'q':
		case 'Q':
			return 'end';
		// Typed too fast to come alone.
		case '\u0003':
			return 'interrupt';
		default:
			return undefined;
	}
}

function styleOf({style}: LiveSpan, color: boolean) {
	if (!color) return {};
	switch (style) {
		case 'plain':
			return {};
		case 'label':
			return {bold: true};
		case 'revisable':
		case 'quiet':
			return {dimColor: true};
		case 'meter':
			return {color: 'green'};
	}
}
