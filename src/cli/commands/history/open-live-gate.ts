import {resolve} from 'node:path';

import {InfinisstError} from '../../../core/errors.js';
import {HeadProxy} from '../../../history/live/head-proxy.js';
import {LiveClusters, type ConfiguredHead, type LiveHeads} from '../../../history/live/live-clusters.js';
import {LiveGate} from '../../../history/live/live-gate.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import {parseHeadAddress} from './parse-head-address.js';
import {readTokenFile} from './read-token-file.js';

export interface LiveFlags {
	/** "[NAMESPACE/]NAME=URL" */
	readonly live: readonly string[];
	/** "[NAMESPACE/]NAME=FILE" */
	readonly liveTokenFile: readonly string[];
}

/** What messages call them. */
export interface LiveFlagNames {
	readonly live: string;
	readonly liveTokenFile: string;
}

const FLAG_NAMES: LiveFlagNames = {live: '--live', liveTokenFile: '--live-token-file'};

/** @throws {InfinisstError} `OPTION_INVALID`; `INPUT_UNREADABLE` for the file of a token. */
export async function openLiveGate(
	store: HistoryStore,
	flags: LiveFlags & {readonly allowJobs: boolean},
	cwd: string,
): Promise<LiveGate> {
	const clusters = new LiveClusters({store, ...(await readLiveHeads(flags, cwd)), now: Date.now});
	return new LiveGate({clusters, proxy: new HeadProxy(), allowsJobs: flags.allowJobs});
}

/** @throws {InfinisstError} `OPTION_INVALID`; `INPUT_UNREADABLE` for the file of a token. */
export async function readLiveHeads(
	{live, liveTokenFile}: LiveFlags,
	cwd: string,
	names: LiveFlagNames = FLAG_NAMES,
): Promise<LiveHeads> {
	const configured: ConfiguredHead[] = [];
	for (const text of live) {
		const {namespace, name, value} = parseNamed(names.live, 'URL', text);
		if (configured.some(other => other.namespace === namespace && other.name === name)) {
			throw new InfinisstError('OPTION_INVALID', `${names.live} names ${namespace}/${name} twice`, {
				hint: 'Give each cluster a name of its own.',
			});
		}

		configured.push({namespace, name, address: parseHeadAddress(names.live, value)});
	}

	const tokens = new Map<string, string>();
	for (const text of liveTokenFile) {
		const {namespace, name, value} = parseNamed(names.liveTokenFile, 'FILE', text);
		tokens.set(`${namespace}/${name}`, await readTokenFile(resolve(cwd, value)));
	}

	return {configured, tokens};
}

function parseNamed(flag: string, what: 'URL' | 'FILE', text: string) {
	const [, namespace = 'default', name, value] = /^(?:([^/=]+)\/)?([^/=]+)=(.+)$/.exec(text) ?? [];
	if (name === undefined || value === undefined) {
		throw new InfinisstError('OPTION_INVALID', `${flag} must be NAME=${what}, not ${JSON.stringify(text)}`, {
			hint: 'NAME is that of the cluster, or NAMESPACE/NAME where its namespace is not "default".',
		});
	}

	return {namespace, name, value};
}
