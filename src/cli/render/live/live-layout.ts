import stringWidth from 'string-width';

import {findLanguage} from '../../../core/language/language-table.js';
import {formatDuration} from '../format-status.js';
import type {FinishedText, LiveState, OpenText} from './live-state.js';
import {wrapText} from './wrap-text.js';

/** A piece of a line. */
export interface LiveSpan {
	readonly text: string;
	/** `revisable` may still change; `meter` is the loud part of the level. */
	readonly style: 'plain' | 'label' | 'revisable' | 'meter' | 'quiet';
}

/** Narrower than the terminal, so that nothing wraps. */
export type LiveLine = readonly LiveSpan[];

export interface LiveLayoutOptions {
	readonly columns: number;
	readonly rows: number;
	/** Whether keys reach us, so that they can be named. */
	readonly hasKeys: boolean;
	/** Without, brackets say what may still change. */
	readonly color: boolean;
}

/** More would push what is final off the screen. */
const MAX_OPEN_ROWS = 6;
/** Characters; two of these fill more lines than are shown of a very wide terminal. */
const TAIL_STEP = 2000;
const METER_COLUMNS = 8;
/** Quieter than any speech that a microphone should deliver. */
const METER_FLOOR_DECIBELS = -60;

/**
 * What is drawn over and over: the newest lines of the open segments, and the status below them. Never as high as
 * the terminal, because what scrolls off it cannot be wiped.
 */
export function layoutLive(state: LiveState, options: LiveLayoutOptions): LiveLine[] {
	const width = Math.max(options.columns - 1, 1);
	// The cursor waits on a line of its own.
	const openRows = Math.min(MAX_OPEN_ROWS, options.rows - 2);
	return [...layoutOpen(state, {width, openRows, color: options.color}), layoutStatus(state, width, options)];
}

/** The columns that a line takes. */
export function widthOfLine(line: LiveLine): number {
	return line.reduce((sum, {text}) => sum + stringWidth(text), 0);
}

/** What stands before the text of one of several targets. */
export function labelOf(
	{language}: Pick<FinishedText, 'language'>,
	targets: readonly string[],
): string | undefined {
	return targets.length > 1 ? `${language}  ` : undefined;
}

interface OpenArea {
	readonly width: number;
	readonly openRows: number;
	readonly color: boolean;
}

function layoutOpen(state: LiveState, {width, openRows, color}: OpenArea): LiveLine[] {
	const texts = state.targets
		.map(target => state.open.get(target))
		.filter(text => text !== undefined)
		.filter(({final, partial}) => (final + partial).trim() !== '');
	if (texts.length === 0 || openRows < texts.length) return [];
	const rowsEach = Math.floor(openRows / texts.length);
	return texts.flatMap(text => layoutText(text, labelOf(text, state.targets) ?? '', width, rowsEach, color));
}

function layoutText(
	{final, partial}: OpenText,
	label: string,
	width: number,
	rows: number,
	color: boolean,
): LiveLine[] {
	const {text, revisableFrom} = color
		? {text: final + partial, revisableFrom: final.length}
		: inBrackets(final, partial);
	// Room for the mark of what is cut off.
	const textWidth = width - label.length - 2;
	if (textWidth < 2) return [];
	const from = startOfTail(text);
	const lines = wrapText(text.slice(from), textWidth).map(({start, end}) => ({
		start: start + from,
		end: end + from,
	}));
	const shown = lines.slice(-rows);
	return shown.map(({start, end}, index) => {
		const cut = Math.min(Math.max(revisableFrom, start), end);
		const isCutOff = index === 0 && (from > 0 || shown.length < lines.length);
		return [
			{text: index === 0 ? label : ' '.repeat(label.length), style: 'label' as const},
			{text: isCutOff ? '… ' : '', style: 'quiet' as const},
			{text: text.slice(start, cut), style: 'plain' as const},
			{text: text.slice(cut, end), style: 'revisable' as const},
		].filter(span => span.text !== '');
	});
}

/**
 * Where to begin to break a text whose end alone is shown: far enough before the end, and rarely at another place,
 * as all lines move with it.
 */
function startOfTail(text: string): number {
	const steps = Math.max(Math.floor(text.length / TAIL_STEP) - 1, 0);
	const space = steps === 0 ? 0 : text.indexOf(' ', steps * TAIL_STEP);
	return space < 0 ? steps * TAIL_STEP : space;
}

function inBrackets(final: string, partial: string): {text: string; revisableFrom: number} {
	const bare = partial.trimStart();
	const space = partial.slice(0, partial.length - bare.length);
	return {text: bare === '' ? final : `${final}${space}[${bare}]`, revisableFrom: Infinity};
}

/** As much as there is room for; what comes last goes first. */
function layoutStatus(state: LiveState, width: number, options: LiveLayoutOptions): LiveLine {
	const parts: LiveLine[] = [
		[{text: formatDuration(state.audioMs), style: 'plain'}],
		layoutMeter(state.levelDecibels),
		[{text: describeLanguages(state), style: 'plain'}],
		[{text: describeLag(state), style: 'plain'}],
		[{text: `latency ${state.latencyMultiplier}`, style: 'plain'}],
		...(options.hasKeys ? [[{text: '+ - change, q ends', style: 'quiet'} as const]] : []),
	];
	const line: LiveSpan[] = [];
	let columns = 0;
	for (const part of parts) {
		if (part.every(({text}) => text === '')) continue;
		const gap = line.length === 0 ? '' : '  ';
		const partColumns = gap.length + widthOfLine(part);
		if (columns + partColumns > width) break;
		line.push(...(gap === '' ? [] : [{text: gap, style: 'plain' as const}]), ...part);
		columns += partColumns;
	}

	return line;
}

function layoutMeter(levelDecibels: number): LiveLine {
	const share = 1 - Math.max(levelDecibels, METER_FLOOR_DECIBELS) / METER_FLOOR_DECIBELS;
	const filled = Math.round(share * METER_COLUMNS);
	return [
		{text: '█'.repeat(filled), style: 'meter' as const},
		{text: '░'.repeat(METER_COLUMNS - filled), style: 'quiet' as const},
	].filter(({text}) => text !== '');
}

function describeLanguages({sourceLanguage, targets}: LiveState): string {
	const source = sourceLanguage === undefined ? '' : nameOf(sourceLanguage);
	const written = targets.filter(target => target !== 'same').map(nameOf);
	if (written.length === 0) return source;
	return `${source === '' ? '' : `${source} `}to ${written.join(', ')}`;
}

function describeLag({phase, lagMs}: LiveState): string {
	if (phase === 'ending') return 'ending';
	return lagMs === undefined ? 'listening' : `lag ${(lagMs / 1000).toFixed(1)} s`;
}

function nameOf(code: string): string {
	return findLanguage(code)?.name ?? code;
}
