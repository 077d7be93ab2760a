import type {CheckGroup} from './checks.js';

/** The table of docs/compat.md, as Markdown; a test holds it to the code. */
export function formatCheckList(groups: readonly CheckGroup[]): string {
	return groups.map(formatGroup).join('\n');
}

function formatGroup({title, checks}: CheckGroup): string {
	const rows = checks.map(({id, title: what, rule}) => [`\`${id}\``, what, rule].map(escapeCell));
	const header = ['check', 'a right server', 'the contract'];
	const widths = header.map((name, column) => Math.max(name.length, ...rows.map(row => row[column]!.length)));
	const line = (cells: readonly string[]): string =>
		`| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |\n`;
	return `### ${title}\n\n${line(header)}${line(widths.map(width => '-'.repeat(width)))}${rows.map(line).join('')}`;
}

function escapeCell(text: string): string {
	return text.replaceAll('|', String.raw`\|`);
}
