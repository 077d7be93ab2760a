import {resolve} from 'node:path';

import {InfinisstError} from '../../../core/errors.js';
import {HeadProxy} from '../../../history/live/head-proxy.js';
import {LiveClusters, type ConfiguredHead} from '../../../history/live/live-clusters.js';
import {LiveGate} from '../../../history/live/live-gate.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import {parseHeadAddress} from './parse-head-address.js';
import {readTokenFile} from './read-token-file.js';

export interface LiveFlags {
	/** "[NAMESPACE/]NAME=URL" */
	readonly live: readonly string[];
	/** "[NAMESPACE/]NAME=FILE" */
	readonly liveTokenFile: readonly string[];
	readonly allowJobs: boolean;
}

/** @throws {InfinisstError} `OPTION_INVALID`; `INPUT_UNREADABLE` for the file of a token. */
export async function openLiveGate(
	store: HistoryStore,
	{live, liveTokenFile, allowJobs}: LiveFlags,
	cwd: string,
): Promise<LiveGate> {
	const configured: ConfiguredHead[] = [];
	for (const text of live) {
		const {namespace, name, value} = parseNamed('--live', text);
		if (configured.some(other => other.namespace === namespace && other.name === name)) {
			throw new InfinisstError('OPTION_INVALID', `--live names ${namespace}/${name} twice`, {
				hint: 'Give each cluster a name of its own.',
			});
		}

		configured.push({namespace, name, address: parseHeadAddress('--live', value)});
	}

	const tokens = new Map<string, string>();
	for (const text of liveTokenFile) {
		const {namespace, name, value} = parseNamed('--live-token-file', text);
		tokens.set(`${namespace}/${name}`, await readTokenFile(resolve(cwd, value)));
	}

	const clusters = new LiveClusters({store, configured, tokens, now: Date.now});
	return new LiveGate({clusters, proxy: new HeadProxy(), allowsJobs: allowJobs});
}

function parseNamed(flag: string, text: string) {
	const [, namespace = 'default', name, value] = /^(?:([^/=]+)\/)?([^/=]+)=(.+)$/.exec(text) ?? [];
	if (name === undefined || value === undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`${flag} must be NAME=${flag === '--live' ? 'URL' : 'FILE'}, not ${JSON.stringify(text)}`,
			{
				hint: 'NAME is that of the cluster, or NAMESPACE/NAME where its namespace is not "default".',
			},
		);
	}

	return {namespace, name, value};
}
