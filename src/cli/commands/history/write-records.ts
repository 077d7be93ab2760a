import {stripVTControlCharacters, styleText} from 'node:util';

import stringWidth from 'string-width';

import type {CommandContext} from '../../command-context.js';
import {writeText} from '../../write-text.js';
import {cleanText, formatCell, toText, type MomentOptions} from './format-cell.js';
import {columnsOf, formatRows, type Format, type Row} from './format-rows.js';
import {wrapText} from './wrap-text.js';

export interface RecordOptions {
	readonly format: Format;
	readonly isUtc: boolean;
	/** Columns of the terminal; undefined where it is none. */
	readonly width?: number | undefined;
	/** @default false */
	readonly hasColor?: boolean;
}

/** Where less room than this is left beside the names, the terminal breaks the lines. */
const MIN_WRAPPED_WIDTH = 24;

/** Values begin no further to the right, but for those whose name is longer. */
const MAX_NAME_WIDTH = 24;

/** Writes everything of a few things: for people a line a member, which nothing cuts; else as `writeRows()`. */
export async function writeRecords(
	records: readonly Row[],
	options: Pick<RecordOptions, 'format' | 'isUtc'>,
	{stdout, signal, env}: Pick<CommandContext, 'stdout' | 'signal' | 'env'>,
): Promise<void> {
	const isTerminal = stdout.isTTY === true;
	const width = isTerminal ? stdout.columns : undefined;
	const text = formatRecords(records, {...options, width, hasColor: isTerminal && !env['NO_COLOR']});
	await writeText(stdout, text, signal);
}

/** Members that are not set are left out for people; those of members are named "outer.inner". */
export function formatRecords(records: readonly Row[], options: RecordOptions): string {
	if (options.format !== 'table') return [...formatRows(columnsOf(records), records, options)].join('');
	return records.map(record => formatRecord(record, options)).join('\n');
}

function formatRecord(record: Row, {isUtc, width, hasColor = false}: RecordOptions): string {
	const fields = [...flatten(record, '', {isUtc})];
	const widths = fields.map(([name]) => stringWidth(name)).filter(size => size <= MAX_NAME_WIDTH);
	const nameWidth = Math.max(0, ...widths);
	const indent = ' '.repeat(nameWidth + 2);
	return fields
		.map(([name, text]) => {
			const padding = ' '.repeat(Math.max(nameWidth - stringWidth(name), 0) + 2);
			const room = (width ?? Infinity) - stringWidth(name) - padding.length;
			const lines = room < MIN_WRAPPED_WIDTH ? text.split('\n') : wrapText(text, room);
			const head = hasColor ? styleText('bold', name, {validateStream: false}) : name;
			return `${head}${padding}${lines.join(`\n${indent}`)}\n`;
		})
		.join('');
}

function* flatten(
	record: Row,
	prefix: string,
	options: MomentOptions,
): Generator<readonly [string, string], void, undefined> {
	for (const [member, value] of Object.entries(record)) {
		const name = cleanText(`${prefix}${member}`);
		if (isRecord(value)) {
			yield* flatten(value, `${prefix}${member}.`, options);
			continue;
		}

		const text = Array.isArray(value)
			? formatList(value, {...options, hasMilliseconds: true})
			: typeof value === 'string'
				? cleanLines(value)
				: formatCell(member, value, options);
		if (text !== '') yield [name.replace(/Ms$/, ''), text];
	}
}

/** Things a line each, words behind one another. */
function formatList(values: readonly unknown[], options: MomentOptions): string {
	if (!values.some(isRecord)) return values.map(value => cleanText(toText(value))).join(', ');
	return values
		.map(value =>
			isRecord(value)
				? Object.entries(value)
						.map(([name, member]) => `${name}=${formatCell(name, member, options)}`)
						.join(' ')
				: cleanText(toText(value)),
		)
		.join('\n');
}

/** Lines of a message stay lines. */
function cleanLines(text: string): string {
	return stripVTControlCharacters(text)
		.trimEnd()
		.split(/\r?\n/)
		.map(line => line.replaceAll('\t', '    '))
		.map(line => /^ */.exec(line)![0] + cleanText(line.trimStart()))
		.join('\n');
}

function isRecord(value: unknown): value is Row {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
