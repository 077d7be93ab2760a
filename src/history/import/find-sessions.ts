import type {ClusterKey} from '../store/history-types.js';
import {readOldestSessionName} from './oldest-answers.js';
import type {StorageTree} from './storage-tree.js';

/** Where in a storage the files of one session lie. */
export interface StoredSession {
	readonly cluster: ClusterKey;
	readonly session: string;
	/** Folder with `{node}/…`, or with `logs/{node}`, `node_events`, `job_events` in the older layout. */
	readonly folder: string;
	readonly layout: 'current' | 'older' | 'oldest';
}

const OWNER_KINDS = ['raycluster', 'rayjob', 'rayservice'];

/**
 * All sessions of a storage that KubeRay's collector wrote, in any of its three layouts, also where the
 * tree's root is a folder above or one of the storage's own folders.
 */
export async function findSessions(tree: StorageTree): Promise<readonly StoredSession[]> {
	const sessions: StoredSession[] = [];
	for (const root of await findRoots(tree)) {
		const folders = await tree.folders(root);
		if (folders.includes('cluster-history'))
			sessions.push(...(await findCurrent(tree, join(root, 'cluster-history'))));
		if (folders.includes('metadir')) sessions.push(...(await findOlder(tree, root)));
		sessions.push(...(await findOldest(tree, root, folders)));
	}

	return sessions;
}

/** The root itself, or those of its folders in which a storage begins. */
async function findRoots(tree: StorageTree): Promise<readonly string[]> {
	const isRoot = async (folder: string) => {
		const folders = await tree.folders(folder);
		return (
			folders.includes('cluster-history') ||
			folders.includes('metadir') ||
			(await holdsMeta(tree, folder, folders))
		);
	};
	if (await isRoot('')) return [''];
	const roots: string[] = [];
	for (const folder of await tree.folders('')) if (await isRoot(folder)) roots.push(folder);
	return roots;
}

/** `cluster-history/{kind}/{namespace}/[{owner}/]{cluster}/{session}`. */
async function findCurrent(tree: StorageTree, root: string): Promise<StoredSession[]> {
	const sessions: StoredSession[] = [];
	for (const kind of (await tree.folders(root)).filter(name => OWNER_KINDS.includes(name))) {
		for (const namespace of await tree.folders(join(root, kind))) {
			for (const [path, ownerName] of await findClusters(tree, join(root, kind, namespace))) {
				for (const session of (await tree.folders(path)).filter(isSessionName)) {
					const name = path.slice(path.lastIndexOf('/') + 1);
					sessions.push({
						cluster: {namespace, name, ownerKind: kind, ownerName},
						session,
						folder: join(path, session),
						layout: 'current',
					});
				}
			}
		}
	}

	return sessions;
}

/** Folders that hold sessions, one or two steps below, and the owner's name where there are two. */
async function findClusters(tree: StorageTree, folder: string): Promise<(readonly [string, string])[]> {
	const clusters: (readonly [string, string])[] = [];
	for (const first of await tree.folders(folder)) {
		const inner = await tree.folders(join(folder, first));
		if (inner.some(isSessionName)) clusters.push([join(folder, first), '']);
		for (const second of inner.filter(name => !isSessionName(name))) {
			clusters.push([join(folder, first, second), first]);
		}
	}

	return clusters;
}

/** `metadir/{cluster}_{namespace}/{session}` with the data in `{cluster}_{namespace}/{session}`. */
async function findOlder(tree: StorageTree, root: string): Promise<StoredSession[]> {
	const sessions: StoredSession[] = [];
	for (const id of await tree.folders(join(root, 'metadir'))) {
		const names = [
			...(await tree.folders(join(root, 'metadir', id))),
			...(await tree.files(join(root, 'metadir', id))),
		];
		for (const session of new Set(names.filter(isSessionName))) {
			sessions.push({cluster: readClusterId(id), session, folder: join(root, id, session), layout: 'older'});
		}
	}

	return sessions;
}

/** `{cluster}_{id}/meta/{key}`: only answers that were collected beforehand, and logs beside them. */
async function findOldest(
	tree: StorageTree,
	root: string,
	folders: readonly string[],
): Promise<StoredSession[]> {
	const sessions: StoredSession[] = [];
	for (const id of await filterOldest(tree, root, folders)) {
		sessions.push({
			cluster: readClusterId(id),
			session: await findOldestName(tree, root, id),
			folder: join(root, id),
			layout: 'oldest',
		});
	}

	return sessions;
}

async function filterOldest(
	tree: StorageTree,
	root: string,
	folders: readonly string[],
): Promise<readonly string[]> {
	const found: string[] = [];
	for (const id of folders) {
		if (!(await tree.folders(join(root, id))).includes('meta')) continue;
		const names = await tree.files(join(root, id, 'meta'));
		if (names.some(name => name.endsWith('.json') || /^(?:restful|static|ack)__/.test(name))) found.push(id);
	}

	return found;
}

/** Files in which the session's name may stand, as an answer of the head or written by the collector. */
const NAME_FILES = ['ack__basicinfo', 'static__api__cluster_session_name', 'restful__api__version'];

/** These are small: what is longer is none of them. */
const MAX_NAME_BYTES = 65_536;

/** From the cluster's own files, else from `cluster_list/{cluster}#{id}#{session}#{time}`. */
async function findOldestName(tree: StorageTree, root: string, id: string): Promise<string> {
	const folder = join(root, id, 'meta');
	const known = (await tree.files(folder)).filter(name => NAME_FILES.includes(name.replace(/\.json$/, '')));
	for (const file of known) {
		const path = join(folder, file);
		if ((await tree.stat(path)).sizeBytes > MAX_NAME_BYTES) continue;
		const chunks: Buffer[] = [];
		for await (const chunk of tree.read(path) as AsyncIterable<Buffer>) chunks.push(chunk);
		const name = readOldestSessionName(Buffer.concat(chunks).toString('utf8'));
		if (name !== '') return name;
	}

	const listed = (await tree.files(join(root, 'cluster_list')))
		.map(name => name.split('#'))
		.find(([cluster, clusterId]) => `${cluster}_${clusterId}` === id);
	return listed?.[2] ?? 'session_unknown';
}

async function holdsMeta(tree: StorageTree, root: string, folders: readonly string[]): Promise<boolean> {
	return (await filterOldest(tree, root, folders)).length > 0;
}

/** "{cluster}_{namespace}": neither can hold "_" in Kubernetes. */
function readClusterId(id: string): ClusterKey {
	const at = id.lastIndexOf('_');
	const [name, namespace] = at < 0 ? [id, 'default'] : [id.slice(0, at), id.slice(at + 1)];
	return {namespace, name, ownerKind: '', ownerName: ''};
}

function isSessionName(name: string): boolean {
	return name.startsWith('session_');
}

function join(...parts: readonly string[]): string {
	return parts.filter(part => part !== '').join('/');
}
