/**
 * Part of the build: puts what the program loads at one go into one file. Node takes half a millisecond to
 * find and link a module, and there are hundreds (bench/startup). The compiled modules stay beside it.
 *
 * Begins at the program's start and goes on at everything that is imported later: each `import()` and each
 * file named by `import.meta.resolve()` becomes a file of its own, under the name it has anyway.
 *
 * A module may thus exist more than once in a process. What crosses such a border must not be told apart by
 * its class: `InfinisstError.is()` does not.
 */
import {existsSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {dirname, relative, resolve, sep} from 'node:path';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';

import {buildPage} from './build-page.js';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Small packages of plain JavaScript. Others hold native code, WebAssembly, or find files of their own. */
const inlined = new Set([
	...['ansi-regex', 'commander', 'env-paths', 'fastest-levenshtein', 'fdir', 'get-east-asian-width'],
	...['picomatch', 'string-width', 'strip-ansi', 'tinyglobby', 'zod'],
]);

const entries = new Set([resolve(dist, 'cli/start.js')]);
const files = [];
// Grows while it is walked.
for (const entry of entries) files.push(...(await bundle(entry)));
// Not before all are made: a bundle is made of modules, not of bundles.
for (const {path, contents} of files) await writeFile(path, contents);
await buildPage();

async function bundle(entry) {
	const result = await build({
		entryPoints: [entry],
		outfile: entry,
		allowOverwrite: true,
		write: false,
		bundle: true,
		format: 'esm',
		platform: 'node',
		target: 'node20',
		minifyWhitespace: true,
		minifySyntax: true,
		sourcemap: 'linked',
		logLevel: 'error',
		// CommonJS packages look for a require().
		banner: {
			js: "import {createRequire as createBundleRequire} from 'node:module';const require=createBundleRequire(import.meta.url);",
		},
		plugins: [{name: 'infinisst', setup: builder => setUp(builder, dirname(entry))}],
	});
	return result.outputFiles;
}

function setUp(builder, folder) {
	builder.onResolve({filter: /.*/}, ({kind, path, resolveDir}) => {
		if (kind === 'entry-point') return undefined;
		const isOwn = path.startsWith('.');
		if (kind === 'dynamic-import' && isOwn) {
			const target = resolve(resolveDir, path);
			entries.add(target);
			return {path: fromFolder(folder, target), external: true};
		}

		return isOwn || inlined.has(path) ? undefined : {external: true};
	});

	builder.onLoad({filter: /\.js$/}, async ({path}) => {
		if (!path.startsWith(dist + sep)) return undefined;
		const code = await readFile(path, 'utf8');
		if (!code.includes('import.meta')) return undefined;
		for (const [, specifier] of code.matchAll(/import\.meta\.resolve\('(\.[^']+)'\)/g)) {
			const target = resolve(dirname(path), specifier);
			// Comments have examples.
			if (existsSync(target)) entries.add(target);
		}

		return {contents: moveImportMeta(code, fromFolder(folder, path)), loader: 'js'};
	});
}

/** Lets a module find its neighbours from where the bundle is. */
function moveImportMeta(code, place) {
	const url = `new URL(${JSON.stringify(place)}, import.meta.url)`;
	return code.replaceAll(/import\.meta\.(?:url|resolve\(('\.[^']+')\))/g, (_match, specifier) =>
		specifier === undefined ? `${url}.href` : `new URL(${specifier}, ${url}).href`,
	);
}

function fromFolder(folder, path) {
	const place = relative(folder, path).replaceAll(sep, '/');
	return place.startsWith('.') ? place : `./${place}`;
}
