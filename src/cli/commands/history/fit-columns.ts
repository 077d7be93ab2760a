export interface MeasuredColumn {
	/** Of its widest cell, or of its head. */
	readonly natural: number;
	/** Narrower it is hard to read. */
	readonly easy: number;
	/** Narrower it says nothing. */
	readonly least: number;
	/** No row has anything in it. */
	readonly isEmpty: boolean;
	/** Greater than 0 where the others matter more; the greatest go first. */
	readonly dispensability: number;
}

/** Between two columns. */
export const GAP = '  ';

/**
 * Widths with which a row fits. Where the others would be hard to read, columns without content are left out,
 * then the dispensable ones; where that is not enough, the last. Then the widest are cut, to the same width.
 *
 * @param width - columns of the terminal.
 * @returns one width a column, 0 for what is left out.
 */
export function fitColumns(columns: readonly MeasuredColumn[], width: number): readonly number[] {
	const shown = new Set(columns.keys());
	const fits = (measure: (column: MeasuredColumn) => number) => {
		const sum = [...shown].reduce((total, index) => total + measure(columns[index]!), 0);
		return sum + GAP.length * (shown.size - 1) <= width;
	};
	const dispensable = [...shown]
		.filter(index => columns[index]!.isEmpty || columns[index]!.dispensability > 0)
		.sort((a, b) => compareForLeaving(columns[a]!, columns[b]!) || b - a);
	for (const index of dispensable) if (shown.size > 1 && !fits(({easy}) => easy)) shown.delete(index);
	for (const index of [...shown].reverse())
		if (shown.size > 1 && !fits(({least}) => least)) shown.delete(index);
	let most = Math.max(...[...shown].map(index => columns[index]!.natural));
	const cut = ({natural, least}: MeasuredColumn) => Math.max(Math.min(natural, most), least);
	while (most > 1 && !fits(cut)) most -= 1;
	// One column alone may be wider than the terminal.
	return columns.map((column, index) => (shown.has(index) ? Math.min(cut(column), Math.max(width, 1)) : 0));
}

function compareForLeaving(a: MeasuredColumn, b: MeasuredColumn): number {
	return Number(b.isEmpty) - Number(a.isEmpty) || b.dispensability - a.dispensability;
}
