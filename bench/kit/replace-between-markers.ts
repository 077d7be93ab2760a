/**
 * A document with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced.
 *
 * @throws Error when the markers are missing.
 */
export function replaceBetweenMarkers(document: string, name: string, content: string): string {
	const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
	const from = document.indexOf(begin);
	const to = document.indexOf(end);
	if (from === -1 || to < from) throw new Error(`The document has no "${begin}" before "${end}".`);
	return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}
