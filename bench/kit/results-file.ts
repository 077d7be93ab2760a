import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';

/** Where a benchmark leaves its figures unless told otherwise, for example `bench/results/file.json`. */
export function defaultResultsPath(name: string): string {
	return fileURLToPath(new URL(`../results/${name}.json`, import.meta.url));
}

/** Writes figures as JSON, making the folder. */
export async function writeResults(path: string, results: unknown): Promise<void> {
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, `${JSON.stringify(results, null, '\t')}\n`);
}
