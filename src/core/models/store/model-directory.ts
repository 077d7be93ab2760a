import {join} from 'node:path';
import type {Precision} from '../precision.js';

/** Where the parts of one model lie below the root of the store. */
export interface ModelDirectory {
	readonly root: string;
	/** Weights as they were fetched. */
	readonly source: string;
	readonly manifest: string;
	readonly graphs: string;
	/** Unfinished downloads, one folder a source. */
	readonly work: string;
	/** Outside `root`, so that removing the model does not remove the lock that guards it. */
	readonly lock: string;
}

export function locateModel(rootDirectory: string, name: string): ModelDirectory {
	const root = join(rootDirectory, 'models', name);
	return {
		root,
		source: join(root, 'source'),
		manifest: join(root, 'model.json'),
		graphs: join(root, 'graphs'),
		work: join(root, 'unfinished'),
		lock: join(rootDirectory, 'locks', `${name}.lock`),
	};
}

/** Folder name of graphs: they are built again when the weights or the builder change. */
export function formatGraphsName(precision: Precision, version: number, contentHash: string): string {
	return `${precision}-v${version}-${contentHash.slice(0, 12)}`;
}
