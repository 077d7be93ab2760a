import {mkdir, open, readdir, readFile, rename, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {InstalledModel, StoreCallOptions, StoreSettings} from '../model-store.js';
import type {ModelFile} from '../model-file.js';
import {PRECISIONS, type Precision} from '../precision.js';
import {assertDiskSpace} from './disk-space.js';
import {isMissing, wrapWriteFault} from './file-system-fault.js';
import {hashFile} from './hash-file.js';
import {findInstalled} from './installed-models.js';
import {formatGraphsName, locateModel} from './model-directory.js';
import {withProcessLock} from './process-lock.js';

/** Lists what was built, with hashes, in every folder of graphs. */
const RECORD_NAME = 'files.json';

const UNFINISHED_PREFIX = '.building-';

/**
 * Most that graphs take for each byte of weights, which are float16 in the usual case, plus a tenth for what
 * is stored besides.
 */
const BYTES_PER_SOURCE_BYTE: Readonly<Record<Precision, number>> = {
	fp32: 2.1,
	fp16w: 1.1,
	int8: 1.1,
	q8: 1.1,
	q4: 1.1,
};

/** Weights of four bits, which most GGUF files hold, take up to four times the room in another format. */
function growthOf({files}: InstalledModel): number {
	return files.some(({path}) => path.endsWith('.gguf')) ? 4 : 1;
}

/** Graphs of one precision, ready to run. */
export interface BuiltGraphs {
	readonly precision: Precision;
	/** Absolute. */
	readonly directory: string;
	readonly files: readonly ModelFile[];
}

/** See {@link ModelStore.ensureGraphs}. */
export async function buildGraphs(
	settings: StoreSettings,
	model: InstalledModel,
	precision: Precision,
	options: StoreCallOptions,
): Promise<string> {
	const {signal, onEvent} = options;
	const builder = settings.graphBuilders[model.family];
	const place = locateModel(settings.rootDirectory, model.name);
	const directory = join(place.graphs, formatGraphsName(precision, builder.version, model.contentHash));
	if (await exists(directory)) return directory;
	try {
		return await withProcessLock(
			place.lock,
			{
				subject: `model ${model.name}`,
				waitMs: settings.lockWaitMs,
				signal,
				onWait: holder => onEvent?.({type: 'lock-awaited', model: model.name, holder}),
			},
			async () => {
				if (await exists(directory)) return directory;
				await buildInto(settings, model, precision, directory, place.graphs, options);
				return directory;
			},
		);
	} catch (error) {
		throw wrapWriteFault(error, place.graphs);
	}
}

async function buildInto(
	{freeBytes, graphBuilders}: StoreSettings,
	model: InstalledModel,
	precision: Precision,
	directory: string,
	parent: string,
	{signal, onEvent}: StoreCallOptions,
): Promise<void> {
	await mkdir(parent, {recursive: true});
	await removeLeftovers(parent);
	await assertDiskSpace(
		parent,
		Math.ceil(model.sizeBytes * BYTES_PER_SOURCE_BYTE[precision] * growthOf(model)),
		`Building the ${precision} graphs of ${model.name}`,
		freeBytes,
	);
	const unfinished = join(parent, `${UNFINISHED_PREFIX}${precision}`);
	await mkdir(unfinished);
	let files: ModelFile[];
	try {
		const build = await graphBuilders[model.family].load();
		await build({
			sourceDirectory: model.sourceDirectory,
			outputDirectory: unfinished,
			precision,
			...(signal && {signal}),
			onProgress: fraction => onEvent?.({type: 'graphs-progressed', model: model.name, precision, fraction}),
		});
		signal?.throwIfAborted();
		files = await recordFiles(unfinished, signal);
		await rename(unfinished, directory);
	} catch (error) {
		await rm(unfinished, {recursive: true, force: true});
		throw error;
	}
	await removeOutdated(parent, precision, directory);
	const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
	onEvent?.({type: 'graphs-built', model: model.name, precision, sizeBytes, directory});
}

/** On the disk before the folder gets its final name, so that a power cut cannot leave half a graph under it. */
async function recordFiles(directory: string, signal: AbortSignal | undefined): Promise<ModelFile[]> {
	const files: ModelFile[] = [];
	for (const entry of await readdir(directory, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile()) continue;
		const path = join(entry.parentPath, entry.name);
		files.push({
			path: path.slice(directory.length + 1).replaceAll('\\', '/'),
			...(await hashFile(path, signal)),
		});
		const handle = await open(path, 'r+');
		await handle.sync().finally(() => handle.close());
	}
	await writeFile(join(directory, RECORD_NAME), `${JSON.stringify(files, undefined, '\t')}\n`, {flush: true});
	return files;
}

/** The lock is ours, so whoever left them is gone. */
async function removeLeftovers(parent: string): Promise<void> {
	for (const name of await readdir(parent)) {
		if (name.startsWith(UNFINISHED_PREFIX)) await rm(join(parent, name), {recursive: true, force: true});
	}
}

/** Graphs of the same precision from other weights or an older builder: nobody will ask for them again. */
async function removeOutdated(parent: string, precision: Precision, current: string): Promise<void> {
	for (const name of await readdir(parent)) {
		const path = join(parent, name);
		if (name.startsWith(`${precision}-v`) && path !== current) await rm(path, {recursive: true, force: true});
	}
}

/** See {@link ModelStore.graphs}. Empty if the model is not installed. */
export async function listGraphs(settings: StoreSettings, name: string): Promise<BuiltGraphs[]> {
	const model = await findInstalled(settings, name);
	if (model === undefined) return [];
	const {graphs} = locateModel(settings.rootDirectory, name);
	const {version} = settings.graphBuilders[model.family];
	const found: BuiltGraphs[] = [];
	for (const precision of PRECISIONS) {
		const directory = join(graphs, formatGraphsName(precision, version, model.contentHash));
		const files = await readRecord(join(directory, RECORD_NAME));
		if (files !== undefined) found.push({precision, directory, files});
	}
	return found;
}

async function readRecord(path: string): Promise<ModelFile[] | undefined> {
	try {
		return JSON.parse(await readFile(path, 'utf8')) as ModelFile[];
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw new InfinisstError('MODEL_CORRUPT', `${path} cannot be read.`, {
			hint: 'Delete its folder; the graphs are built again when they are needed.',
			cause: error,
		});
	}
}

async function exists(path: string): Promise<boolean> {
	return (await stat(path).catch(() => undefined)) !== undefined;
}
