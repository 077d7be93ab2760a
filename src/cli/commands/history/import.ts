import {resolve} from 'node:path';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {importStorage} from '../../../history/import/import-storage.js';
import {openDirectoryTree} from '../../../history/import/storage-tree.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	json: z.boolean().default(false),
	quiet: z.boolean().default(false),
});

export async function runHistoryImport(
	folder: string,
	flags: unknown,
	{stdout, stderr, signal, env, cwd}: Pick<CommandContext, 'stdout' | 'stderr' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, json, quiet} = parseOptions(schema, flags);
	const tree = await openDirectoryTree(resolve(cwd, folder));
	const store = await openHistory(db, {env, cwd}, {survivesPowerCut: false});
	try {
		const result = await importStorage(store, tree, {
			signal,
			onProgress({path, events}) {
				if (!quiet && events > 0) stderr.write(`infinisst: ${events} events from ${path}\n`);
			},
		});
		if (result.sessions.length === 0) {
			throw new InfinisstError(
				'INPUT_UNREADABLE',
				`${folder} holds no session that KubeRay's collector wrote`,
				{
					hint: 'Name the folder that holds cluster-history or metadir.',
				},
			);
		}

		const {sessions, files, skipped, events, damages} = result;
		const text = json
			? `${JSON.stringify(result)}\n`
			: `${sessions.length} sessions, ${files} files of which ${skipped} were known, ${events} events, ${damages} damaged\n`;
		await writeText(stdout, text, signal);
	} finally {
		store.close();
	}
}
