/** Columns as wide as their widest cell, two spaces apart, one row a line. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const lines = [head, ...rows];
	const widths = head.map((_, column) => Math.max(...lines.map(cells => cells[column]!.length)));
	return lines
		.map(
			cells =>
				`${cells
					.map((cell, column) => cell.padEnd(widths[column]!))
					.join('  ')
					.trimEnd()}\n`,
		)
		.join('');
}
