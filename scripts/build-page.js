/** Part of the build: the page that the server shows, for browsers, beside the program. */
import {copyFile, mkdir} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';

const source = fileURLToPath(new URL('../src/server/web/page/', import.meta.url));
const target = fileURLToPath(new URL('../dist/server/web/page/', import.meta.url));

/** The page, and what hears the microphone in a thread of its own. */
const entries = ['main.ts', 'capture-worklet.ts'];
const copied = ['index.html', 'page.css'];

export async function buildPage() {
	await mkdir(target, {recursive: true});
	await build({
		entryPoints: entries.map(name => source + name),
		outdir: target,
		bundle: true,
		format: 'esm',
		platform: 'browser',
		target: 'es2022',
		minify: true,
		logLevel: 'error',
	});
	for (const name of copied) await copyFile(source + name, target + name);
}
