import stringWidth from 'string-width';

/**
 * Breaks text into lines of at most so many columns of a terminal, between words where it can. Lines that it
 * has stay.
 */
export function wrapText(text: string, width: number): readonly string[] {
	return text.split('\n').flatMap(line => wrapLine(line, width));
}

function wrapLine(line: string, width: number): readonly string[] {
	if (stringWidth(line) <= width) return [line];
	const lines: string[] = [];
	let current = '';
	let used = 0;
	for (const {segment} of new Intl.Segmenter().segment(line)) {
		const size = stringWidth(segment);
		if (used + size > width && current !== '') {
			// The word goes with its beginning, unless that is most of the line, as it is of a path.
			const space = segment === ' ' ? current.length : current.lastIndexOf(' ');
			const at = space > current.length / 2 ? space : current.length;
			lines.push(current.slice(0, at).trimEnd());
			current = current.slice(at).trimStart();
			used = stringWidth(current);
			if (segment === ' ' && current === '') continue;
		}

		current += segment;
		used += size;
	}

	return current === '' ? lines : [...lines, current];
}
