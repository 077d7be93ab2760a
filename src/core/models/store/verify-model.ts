import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import type {ModelFile} from '../model-file.js';
import type {StoreCallOptions, StoreSettings} from '../model-store.js';
import {listGraphs} from './build-graphs.js';
import {hashFile} from './hash-file.js';
import {requireInstalled} from './installed-models.js';

export interface VerifiedFile {
	/** Relative to the folder of the model, with `/`. */
	readonly path: string;
	readonly state: 'intact' | 'missing' | 'wrong-size' | 'wrong-hash';
}

export interface VerificationReport {
	readonly name: string;
	readonly isIntact: boolean;
	/** Weights first, then graphs. */
	readonly files: readonly VerifiedFile[];
}

/** See {@link ModelStore.verify}. */
export async function verifyModel(
	settings: StoreSettings,
	name: string,
	{signal}: Pick<StoreCallOptions, 'signal'>,
): Promise<VerificationReport> {
	const model = await requireInstalled(settings, name);
	const files = await verifyFiles(model.sourceDirectory, 'source', model.files, signal);
	for (const graphs of await listGraphs(settings, name)) {
		files.push(...(await verifyFiles(graphs.directory, `graphs/${graphs.precision}`, graphs.files, signal)));
	}
	return {name, files, isIntact: files.every(file => file.state === 'intact')};
}

async function verifyFiles(
	directory: string,
	label: string,
	files: readonly ModelFile[],
	signal: AbortSignal | undefined,
): Promise<VerifiedFile[]> {
	const verified: VerifiedFile[] = [];
	for (const file of files) {
		verified.push({
			path: `${label}/${file.path}`,
			state: await verifyFile(join(directory, file.path), file, signal),
		});
	}
	return verified;
}

async function verifyFile(
	path: string,
	expected: ModelFile,
	signal: AbortSignal | undefined,
): Promise<VerifiedFile['state']> {
	const found = await stat(path).catch(() => undefined);
	if (found === undefined) return 'missing';
	if (found.size !== expected.sizeBytes) return 'wrong-size';
	return (await hashFile(path, signal)).sha256 === expected.sha256 ? 'intact' : 'wrong-hash';
}
