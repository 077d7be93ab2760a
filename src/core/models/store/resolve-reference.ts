import {createHash} from 'node:crypto';
import {realpath, stat} from 'node:fs/promises';
import {basename, resolve} from 'node:path';
import {InfinisstError} from '../../errors.js';
import type {CatalogueEntry, HubSourceEntry} from '../catalogue/catalogue.js';
import type {StoreSettings} from '../model-store.js';
import {findInstalled, installedNames, unknownModel} from './installed-models.js';
import {isModelName} from './safe-path.js';

/** What a user means by a model. `name` is the one it has, or will have, in the store. */
export type ModelReference =
	| {readonly kind: 'catalogue'; readonly name: string; readonly entry: CatalogueEntry}
	| {readonly kind: 'installed'; readonly name: string}
	| {readonly kind: 'hub'; readonly name: string; readonly source: HubSourceEntry}
	/** `path` is absolute. */
	| {readonly kind: 'folder'; readonly name: string; readonly path: string};

/** `owner/name`, and perhaps `@revision`, which may hold slashes (`refs/pr/3`). */
const REPOSITORY = /^([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)(?:@([\w./-]+))?$/;

export async function resolveReference(settings: StoreSettings, nameOrPath: string): Promise<ModelReference> {
	const entry = settings.catalogue.models.find(model => model.name === nameOrPath);
	if (entry !== undefined) return {kind: 'catalogue', name: entry.name, entry};
	if (isModelName(nameOrPath) && (await findInstalled(settings, nameOrPath))) {
		return {kind: 'installed', name: nameOrPath};
	}

	const path = await findFolder(settings.workingDirectory, nameOrPath);
	if (path !== undefined) return {kind: 'folder', name: nameFolder(path), path};

	const [, owner, repository, revision = 'main'] = REPOSITORY.exec(nameOrPath) ?? [];
	if (owner !== undefined && repository !== undefined && !isPathLike(nameOrPath)) {
		const suffix = revision === 'main' ? '' : `@${revision.replaceAll('/', '-')}`;
		return {
			kind: 'hub',
			name: `${owner}--${repository}${suffix}`,
			source: {kind: 'hub', repository: `${owner}/${repository}`, revision},
		};
	}
	await assertNoPath(settings.workingDirectory, nameOrPath);
	const known = [
		...settings.catalogue.models.map(model => model.name),
		...(await installedNames(settings.rootDirectory)),
	];
	throw unknownModel(nameOrPath, known, 'known');
}

function isPathLike(text: string): boolean {
	return /^(\.{1,2}[/\\]|[/\\~]|[A-Za-z]:)/.test(text);
}

/**
 * Says more than that a name is not known to somebody who meant a path.
 *
 * @throws {InfinisstError} `MODEL_UNKNOWN`.
 */
async function assertNoPath(workingDirectory: string, named: string): Promise<void> {
	const found =
		named === '' ? undefined : await stat(resolve(workingDirectory, named)).catch(() => undefined);
	if (found?.isFile()) {
		throw new InfinisstError('MODEL_UNKNOWN', `${named} is a file, not the name of a model.`, {
			hint: `If it is a bundle, install it with "infinisst models import ${named}".`,
		});
	}
	if (found === undefined && isPathLike(named)) {
		throw new InfinisstError('MODEL_UNKNOWN', `There is no folder ${named}.`, {
			hint: 'Give a folder with weights, or a name of "infinisst models list".',
		});
	}
}

/** A folder counts only with a separator in its name, so that no folder hides a model called the same. */
async function findFolder(workingDirectory: string, named: string): Promise<string | undefined> {
	if (!/[/\\]/.test(named) && named !== '.' && named !== '..') return undefined;
	const path = resolve(workingDirectory, named);
	const found = await stat(path).catch(() => undefined);
	return found?.isDirectory() ? realpath(path) : undefined;
}

/** The folder's own name for people, and a hash of where it is, because many are called "model". */
export function nameFolder(path: string): string {
	const place = createHash('sha256').update(path).digest('hex').slice(0, 8);
	const own = basename(path)
		.replaceAll(/[^A-Za-z0-9._-]+/g, '-')
		.replaceAll(/\.{2,}/g, '.')
		.replace(/^[^A-Za-z0-9]+/, '')
		.slice(0, 100);
	return `${own === '' ? 'model' : own}-${place}`;
}
