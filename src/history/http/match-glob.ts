/**
 * True where a path matches a pattern as Python's `Path.glob()` does: "*" and "?" stay within a folder, "**"
 * alone between slashes stands for any folders, and at the end only for folders. Folders end in a slash.
 */
export function matchesGlob(entry: string, pattern: string): boolean {
	const isFolder = entry.endsWith('/');
	const parts = pattern.split('/').filter(part => part !== '' && part !== '.');
	if (parts.at(-1) === '**' && !isFolder) return false;
	const names = entry === './' ? [] : entry.replace(/\/$/, '').split('/');
	return matchesParts(names, parts);
}

function matchesParts(names: readonly string[], parts: readonly string[]): boolean {
	const [part, ...rest] = parts;
	if (part === undefined) return names.length === 0;
	if (part === '**') {
		for (let skipped = 0; skipped <= names.length; skipped += 1) {
			if (matchesParts(names.slice(skipped), rest)) return true;
		}

		return false;
	}

	return names.length > 0 && toPattern(part).test(names[0]!) && matchesParts(names.slice(1), rest);
}

function toPattern(part: string): RegExp {
	const source = part.replaceAll(/[.+^${}()|\\]|\*+|\?|\[!?/g, match => {
		if (match.startsWith('*')) return '.*';
		if (match === '?') return '.';
		if (match.startsWith('[')) return part.includes(']') ? match.replace('!', '^') : '\\[';
		return `\\${match}`;
	});
	return new RegExp(`^${source}$`, 's');
}
