import {homedir} from 'node:os';
import {join} from 'node:path';

import {openModelStore} from '../../src/cli/open-model-store.js';
import {DEFAULT_PRECISION} from '../../src/core/models/precision.js';

/** `INFINISST_HOME` of programs under test: not the user's own, and kept from run to run. */
export const testHome = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'infinisst-test');

/** Makes the default model ready for programs under test. */
export async function ensureDefaultModel(): Promise<void> {
	const store = openModelStore({env: {...process.env, INFINISST_HOME: testHome}, cwd: process.cwd()});
	const model = await store.pull(store.catalogue.defaultModel);
	await store.ensureGraphs(model.name, DEFAULT_PRECISION);
}
