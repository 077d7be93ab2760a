import {relative} from 'node:path';

/** A path for people: relative to `cwd` if it lies below, else absolute. */
export function displayPath(path: string, cwd: string): string {
	const below = relative(cwd, path);
	return below === '' || below.startsWith('..') ? path : below;
}
