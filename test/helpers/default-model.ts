import {openModelStore} from '../../src/cli/open-model-store.js';
import type {Precision} from '../../src/core/models/precision.js';

/**
 * Makes the default model ready, once for all tests of a machine: in the user's own store, where it stays.
 *
 * @returns the folder of its graphs.
 */
export async function ensureDefaultModel(precision: Precision): Promise<string> {
	const store = openModelStore({env: process.env, cwd: process.cwd()});
	const model = await store.pull(store.catalogue.defaultModel);
	return store.ensureGraphs(model.name, precision);
}
