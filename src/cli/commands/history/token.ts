import {resolve} from 'node:path';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {ClusterKey} from '../../../history/store/history-types.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {historyFlags, openHistory} from './open-history.js';
import {readTokenFile} from './read-token-file.js';

const schema = z.object({
	...historyFlags,
	namespace: z.string().optional(),
	tokenFile: z.string().optional(),
	remove: z.boolean().default(false),
});

/** Sets or removes the token that `history serve` asks for before it shows a cluster. Only its hash is kept. */
export async function runHistoryToken(
	name: string,
	flags: unknown,
	{stdout, signal, env, cwd}: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, namespace, tokenFile, remove} = parseOptions(schema, flags);
	if ((tokenFile === undefined) !== remove) {
		throw new InfinisstError('OPTION_INVALID', 'Give either --token-file or --remove');
	}

	const token = tokenFile === undefined ? '' : await readTokenFile(resolve(cwd, tokenFile));
	if (token === '' && tokenFile !== undefined)
		throw new InfinisstError('INPUT_UNREADABLE', `The file ${tokenFile} holds no token`);
	const store = await openHistory(db, {env, cwd});
	try {
		const clusters = findClusters(store, name, namespace);
		for (const cluster of clusters) store.setClusterToken(cluster, token);
		const text = clusters
			.map(
				cluster => `${cluster.namespace}/${cluster.name} ${remove ? 'needs no token' : 'needs the token'}\n`,
			)
			.join('');
		await writeText(stdout, text, signal);
	} finally {
		store.close();
	}
}

/** All of this name, whoever owns them: a token that opened only some of them would surprise. */
function findClusters(
	store: HistoryStore,
	name: string,
	namespace: string | undefined,
): readonly ClusterKey[] {
	const clusters = new Map<string, ClusterKey>();
	for (const {cluster} of store.sessions()) {
		if (cluster.name === name && (namespace === undefined || cluster.namespace === namespace))
			clusters.set(JSON.stringify(cluster), cluster);
	}

	if (clusters.size > 0) return [...clusters.values()];
	throw new InfinisstError('HISTORY_UNKNOWN', `The history ${store.path} holds no cluster ${name}`, {
		hint: 'See "infinisst history clusters" for those it holds.',
	});
}
