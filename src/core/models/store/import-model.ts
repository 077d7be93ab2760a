import {mkdir, open, readdir, rm, stat} from 'node:fs/promises';
import {basename, join, resolve} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {InstalledModel, StoreCallOptions, StoreSettings} from '../model-store.js';
import type {FetchedModel} from '../sources/model-source.js';
import {BUNDLE_MANIFEST_NAME, BUNDLE_SOURCE_PREFIX} from './bundle-format.js';
import {detectModel} from './detect-model.js';
import {isMissing, wrapWriteFault} from './file-system-fault.js';
import {hashFileList} from './hash-file.js';
import {copyFolder} from './import-folder.js';
import {unpackBundle} from './import-bundle.js';
import {installModel} from './install-model.js';
import {findInstalled} from './installed-models.js';
import {locateModel} from './model-directory.js';
import {
	describeOrigin,
	readModelManifest,
	type ModelDescription,
	type ModelManifest,
} from './model-manifest.js';
import {withProcessLock} from './process-lock.js';
import {isModelName} from './safe-path.js';
import {selectWeightFiles} from './select-weight-files.js';

export interface ImportOptions extends StoreCallOptions {
	readonly name?: string | undefined;
}

/** What is imported, read as far as needed to know its name. */
interface ImportPlan {
	readonly name: string;
	describe(fetched: FetchedModel): Promise<Omit<ModelDescription, 'name'>>;
	/** Brings the files, verified, into a new folder below `workDirectory`. */
	fetch(workDirectory: string): Promise<FetchedModel>;
}

/** See {@link ModelStore.importFrom}. */
export async function importModel(
	settings: StoreSettings,
	path: string,
	options: ImportOptions,
): Promise<InstalledModel> {
	const {signal, onEvent} = options;
	const plan = await planImport(settings, resolve(path), options);
	const {name} = plan;
	if (!isModelName(name)) {
		throw new InfinisstError('OPTION_INVALID', `"${name}" cannot be the name of a model.`, {
			hint: 'Give one with --name: letters, digits, dots, dashes and underscores.',
		});
	}
	const place = locateModel(settings.rootDirectory, name);
	try {
		return await withProcessLock(
			place.lock,
			{
				subject: `model ${name}`,
				waitMs: settings.lockWaitMs,
				signal,
				onWait: holder => onEvent?.({type: 'lock-awaited', model: name, holder}),
			},
			async () => {
				const workDirectory = join(place.work, 'import');
				await rm(workDirectory, {recursive: true, force: true});
				await mkdir(workDirectory, {recursive: true});
				try {
					const fetched = await plan.fetch(workDirectory);
					const present = await findInstalled(settings, name);
					if (present?.contentHash === hashFileList(fetched.files)) {
						onEvent?.({type: 'model-found', model: name, directory: present.sourceDirectory});
						return present;
					}
					if (present !== undefined) throw nameTaken(name);
					return await installModel(place, {...(await plan.describe(fetched)), name}, fetched, options);
				} finally {
					await rm(workDirectory, {recursive: true, force: true});
				}
			},
		);
	} catch (error) {
		throw wrapWriteFault(error, settings.rootDirectory);
	}
}

async function planImport(
	settings: StoreSettings,
	path: string,
	options: ImportOptions,
): Promise<ImportPlan> {
	const found = await statOrThrow(path);
	if (!found.isDirectory()) {
		const manifest = await readBundleManifest(path);
		return {
			name: options.name ?? manifest.name,
			describe: () => Promise.resolve(manifest),
			fetch: workDirectory => unpackBundle(settings, path, workDirectory, options),
		};
	}
	const manifest = await readModelManifest(join(path, BUNDLE_MANIFEST_NAME));
	if (manifest !== undefined) {
		const source = join(path, BUNDLE_SOURCE_PREFIX);
		return {
			name: options.name ?? manifest.name,
			describe: () => Promise.resolve(manifest),
			async fetch(workDirectory) {
				const paths = manifest.files.map(file => file.path);
				const fetched = await copyFolder(settings, source, paths, workDirectory, options);
				assertSameFiles(manifest, fetched, path);
				return {...fetched, origin: {kind: 'bundle', path, exportedFrom: describeOrigin(manifest.origin)}};
			},
		};
	}
	return planFolder(settings, path, options);
}

async function planFolder(
	settings: StoreSettings,
	path: string,
	options: ImportOptions,
): Promise<ImportPlan> {
	const paths = selectWeightFiles(await listFolder(path), path);
	const facts = await detectModel(join(path, 'config.json'), path);
	const name = options.name ?? basename(path);
	const entry = settings.catalogue.models.find(model => model.name === name);
	return {
		name,
		describe: () => Promise.resolve({...facts, licence: entry?.licence ?? 'unknown'}),
		fetch: workDirectory => copyFolder(settings, path, paths, workDirectory, options),
	};
}

/** Files of a folder, and of the folder with exported graphs in it. */
async function listFolder(path: string): Promise<string[]> {
	const names = await readdir(path);
	if (!names.includes('onnx')) return names;
	const graphs = await readdir(join(path, 'onnx')).catch(() => []);
	return [...names, ...graphs.map(name => `onnx/${name}`)];
}

async function readBundleManifest(path: string): Promise<ModelManifest> {
	const {readManifestOfBundle} = await import('./import-bundle.js');
	return readManifestOfBundle(path);
}

/** The files of an unpacked bundle against its manifest. */
function assertSameFiles(manifest: ModelManifest, {files}: FetchedModel, place: string): void {
	for (const expected of manifest.files) {
		const found = files.find(file => file.path === expected.path);
		if (found?.sha256 !== expected.sha256) {
			throw new InfinisstError(
				'MODEL_CORRUPT',
				`${expected.path} in ${place} is not the file that was exported.`,
				{
					hint: 'Copy the bundle again, or export it again.',
				},
			);
		}
	}
}

async function statOrThrow(path: string) {
	try {
		const found = await stat(path);
		if (found.isFile()) await (await open(path, 'r')).close();
		return found;
	} catch (cause) {
		throw new InfinisstError(
			'INPUT_UNREADABLE',
			isMissing(cause) ? `There is no file or folder ${path}.` : `${path} cannot be read.`,
			{hint: 'Give a bundle made by "infinisst models export", or a folder with weights.', cause},
		);
	}
}

function nameTaken(name: string): InfinisstError {
	return new InfinisstError('OPTION_INVALID', `Another model with the name "${name}" is installed.`, {
		hint: `Give this one another name with --name, or remove the other: infinisst models rm ${name}.`,
	});
}
