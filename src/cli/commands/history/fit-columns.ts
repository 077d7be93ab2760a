export interface MeasuredColumn {
	/** Of its widest cell, or of its head. */
	readonly natural: number;
	/** Narrower it says nothing. */
	readonly least: number;
	/** No row has anything in it. */
	readonly isEmpty: boolean;
	/** Those with the greatest go first where there is no room. */
	readonly dispensability: number;
}

/** Between two columns. */
export const GAP = '  ';

/**
 * Widths with which a row fits. Columns that say nothing are left out first, then the dispensable ones, then
 * the last; of the others the widest are cut, all to the same width.
 *
 * @param width - columns of the terminal.
 * @returns one width a column, 0 for what is left out.
 */
export function fitColumns(columns: readonly MeasuredColumn[], width: number): readonly number[] {
	const shown = new Set(columns.keys());
	const room = () => width - GAP.length * (shown.size - 1);
	const sum = (measure: (column: MeasuredColumn) => number) =>
		[...shown].reduce((total, index) => total + measure(columns[index]!), 0);
	while (shown.size > 1 && sum(({least}) => least) > room()) {
		const [first] = [...shown].sort((a, b) => compareForLeaving(columns[a]!, columns[b]!) || b - a);
		shown.delete(first!);
	}

	let most = Math.max(...[...shown].map(index => columns[index]!.natural));
	const cut = ({natural, least}: MeasuredColumn) => Math.max(Math.min(natural, most), least);
	while (most > 1 && sum(cut) > room()) most -= 1;
	// One column alone may be wider than the terminal.
	return columns.map((column, index) => (shown.has(index) ? Math.min(cut(column), Math.max(width, 1)) : 0));
}

function compareForLeaving(a: MeasuredColumn, b: MeasuredColumn): number {
	return Number(b.isEmpty) - Number(a.isEmpty) || b.dispensability - a.dispensability;
}
