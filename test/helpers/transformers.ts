import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {describe} from 'vitest';
import {findPip} from '../../src/core/models/sources/pip.js';
import {testHome} from './default-model.js';
import {skipSuite} from './requirements.js';

const run = promisify(execFile);
const installer = fileURLToPath(new URL('install-transformers.sh', import.meta.url));
/** As .ci/run names it. */
const folder = join(testHome, 'transformers');

/** Nobody who only runs the tests wants to fetch gigabytes. */
const isWanted = existsSync(join(folder, 'ready')) || Boolean(process.env['INFINISST_REQUIRE_ALL']);
const pip = isWanted ? await findPip(process.env) : undefined;

/** A suite that asks transformers; skipped, with the reason, where it is neither installed nor required. */
export function describeWithTransformers(title: string, body: () => void): void {
	if (pip === undefined) skipSuite(title, 'transformers: test/helpers/install-transformers.sh, 5.6 GB');
	else describe(title, body);
}

/** @returns a function that runs a script of the project, named from `test/`. */
export async function ensureTransformers(): Promise<
	(script: string, ...parameters: readonly string[]) => Promise<void>
> {
	await run('bash', [installer, folder]);
	return async (script, ...parameters) => {
		const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
		await run(join(folder, 'bin/python'), [path, ...parameters], {maxBuffer: 16 * 1024 * 1024});
	};
}
