import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, expect, it} from 'vitest';
import {unpackFloats, type Goldens} from '../helpers/random-language-model.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {describeWithTransformers, ensureTransformers} from '../helpers/transformers.js';

/** Other processors round otherwise. Tokens differ by whole numbers. */
const TOLERANCE = 1e-4;

/** Told for people, in the kept files. */
const VERSIONS = new Set(['torch', 'transformers', 'versions']);

/** The first place where two values are not the same, undefined if there is none. */
function findDifference(kept: unknown, made: unknown, place = ''): string | undefined {
	if (typeof kept === 'number' && typeof made === 'number') {
		const isNear = Math.abs(kept - made) <= TOLERANCE * Math.max(1, Math.abs(kept));
		return isNear ? undefined : `${place}: ${kept}, now ${made}`;
	}
	if (typeof kept !== 'object' || typeof made !== 'object' || kept === null || made === null)
		return kept === made ? undefined : `${place}: ${String(kept)}, now ${String(made)}`;
	const keys = [...new Set([...Object.keys(kept), ...Object.keys(made)])].filter(key => !VERSIONS.has(key));
	for (const key of keys) {
		const [one, other] = [kept, made].map(each => (each as Record<string, unknown>)[key]);
		const difference = findDifference(one, other, `${place}/${key}`);
		if (difference !== undefined) return difference;
	}
	return undefined;
}

async function readJson(path: string): Promise<unknown> {
	return JSON.parse(await readFile(path, 'utf8'));
}

const fixtures = join(import.meta.dirname, '../fixtures');

describeWithTransformers('the answers of the reference that models are held to', () => {
	let runScript: Awaited<ReturnType<typeof ensureTransformers>>;

	beforeAll(async () => {
		runScript = await ensureTransformers();
	});

	it('are what transformers says of small language models now', async () => {
		const folder = await temporaryDirectory();
		await runScript('helpers/make-lm-goldens.py', folder);
		const unpack = async (file: string): Promise<unknown> => {
			const goldens = (await readJson(file)) as Goldens;
			const models = Object.entries(goldens.models).map(([name, model]) => ({
				...model,
				name,
				firstLogits: [...unpackFloats(model.firstLogits)],
				lastSlidLogits: [...unpackFloats(model.lastSlidLogits)],
			}));
			return {...goldens, models};
		};
		const kept = await unpack(join(fixtures, 'decoder-lm/random-models.json'));
		expect(findDifference(kept, await unpack(join(folder, 'random-models.json')))).toBeUndefined();
	});

	it('are what transformers says of small translation models and tokenizers now', async () => {
		const folder = await temporaryDirectory();
		await runScript('fixtures/seq2seq/make-goldens.py', folder);
		for (const model of ['marian', 'nllb', 'm2m']) {
			const kept = join(fixtures, 'seq2seq', model);
			const made = join(folder, model);
			const files = await readdir(kept);
			expect(await readdir(made)).toEqual(files);
			for (const file of files.filter(name => name.endsWith('.json'))) {
				const difference = findDifference(await readJson(join(kept, file)), await readJson(join(made, file)));
				expect(difference, `${model}/${file}`).toBeUndefined();
			}
		}
	});
});
