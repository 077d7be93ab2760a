import {Box, Text, render, useStderr, useStdout, type RenderOptions} from 'ink';
import {useEffect} from 'react';

import type {OutputStream} from '../command-context.js';
import {formatAdvance, formatPercent, formatReceived} from './format-status.js';
import {fractionOf, type RecordingStatus, type RunStatus} from './run-status.js';
import type {RunViewContext} from './run-view.js';

const BAR_COLUMNS = 24;

/** The part of the terminal that is drawn again and again. */
export interface RunScreen {
	/** Undefined draws nothing. */
	draw(status: RunStatus | undefined): void;
	/** Prints whole lines that stay, above what is drawn. */
	printAbove(stream: OutputStream, lines: string): void;
	/** Wipes what is drawn. */
	close(): void;
}

/** Loads ink: import this file only when something is to be drawn. */
export function openRunScreen(
	{stdout, stderr, stdin}: Pick<RunViewContext, 'stdout' | 'stderr' | 'stdin'>,
	{color, status: first}: {readonly color: boolean; readonly status: RunStatus | undefined},
): RunScreen {
	// Set by the component, which alone is given ink's printers.
	let printers: Printers | undefined;
	const onPrinters = (given: Printers): void => void (printers = given);
	const screen = (status: RunStatus | undefined) => (
		<Screen status={status} color={color} onPrinters={onPrinters} />
	);
	// The drawing belongs to the standard error. Ink prints to its "stderr" without a trace of the
	// drawing, which is what results need: so ink is given the two the other way round.
	const streams = {stdout: stderr, stderr: stdout, stdin} as unknown as Streams;
	const app = render(screen(first), {
		...streams,
		exitOnCtrlC: false,
		patchConsole: false,
	});
	return {
		draw: status => app.rerender(screen(status)),
		printAbove(stream, lines) {
			if (printers === undefined) stream.write(lines);
			else if (stream === stdout) printers.printResult(lines);
			else printers.printNotice(lines);
		},
		close() {
			app.rerender(screen(undefined));
			app.unmount();
		},
	};
}

/** Ink asks for the classes of terminals although it uses no more than streams have. */
type Streams = Required<Pick<RenderOptions, 'stdout' | 'stderr' | 'stdin'>>;

interface Printers {
	readonly printResult: (lines: string) => void;
	readonly printNotice: (lines: string) => void;
}

interface ScreenProps {
	readonly status: RunStatus | undefined;
	readonly color: boolean;
	readonly onPrinters: (printers: Printers) => void;
}

function Screen({status, color, onPrinters}: ScreenProps) {
	const {write: printNotice} = useStdout();
	const {write: printResult} = useStderr();
	useEffect(() => onPrinters({printNotice, printResult}), [onPrinters, printNotice, printResult]);
	if (status === undefined) return null;
	switch (status.kind) {
		case 'model':
			return <Work name={`${status.model}: ${status.activity}`} fraction={status.fraction} color={color} />;
		case 'download': {
			const {name, receivedBytes, totalBytes} = status;
			const fraction = totalBytes === undefined ? undefined : Math.min(1, receivedBytes / totalBytes);
			return <Work name={`${name}: ${formatReceived(status)}`} fraction={fraction} color={color} />;
		}
		case 'recording':
			return <Recording status={status} color={color} />;
	}
}

interface WorkProps {
	readonly name: string;
	readonly fraction: number | undefined;
	readonly color: boolean;
}

function Work({name, fraction, color}: WorkProps) {
	return (
		<Box flexDirection="column">
			<Text wrap="truncate-end">{name}</Text>
			<Bar fraction={fraction} color={color} />
		</Box>
	);
}

function Recording({status, color}: {readonly status: RecordingStatus; readonly color: boolean}) {
	const {name, position, count, language} = status;
	const facts = [
		...(count > 1 ? [`${position} of ${count}`] : []),
		...(language === undefined ? [] : [language]),
	];
	return (
		<Box flexDirection="column">
			<Text wrap="truncate-middle" bold={color}>
				{facts.length === 0 ? name : `${name} (${facts.join(', ')})`}
			</Text>
			<Box gap={1}>
				<Bar fraction={fractionOf(status)} color={color} />
				<Text wrap="truncate-end">{formatAdvance(status)}</Text>
			</Box>
		</Box>
	);
}

function Bar({fraction, color}: {readonly fraction: number | undefined; readonly color: boolean}) {
	if (fraction === undefined) return null;
	const filled = Math.round(fraction * BAR_COLUMNS);
	return (
		<Box flexShrink={0}>
			<Text {...(color && {color: 'green'})}>{'█'.repeat(filled)}</Text>
			<Text dimColor={color}>{'░'.repeat(BAR_COLUMNS - filled)}</Text>
			<Text>{formatPercent(fraction).padStart(6)}</Text>
		</Box>
	);
}
