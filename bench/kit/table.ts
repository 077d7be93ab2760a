/** A Markdown table that can also be read as it is: columns padded, all but the first aligned to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = header.map((title, column) =>
		Math.max(3, title.length, ...rows.map(row => row[column]?.length ?? 0)),
	);
	const formatRow = (cells: readonly string[]) =>
		`| ${widths
			.map((width, column) => {
				const cell = cells[column] ?? '';
				return column === 0 ? cell.padEnd(width) : cell.padStart(width);
			})
			.join(' | ')} |`;
	const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
	return [formatRow(header), rule, ...rows.map(formatRow)].join('\n');
}
