import {resolve} from 'node:path';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {importStorage} from '../../../history/import/import-storage.js';
import {isHistoryFile, importSessions} from '../../../history/import/session-file.js';
import {openS3Tree} from '../../../history/import/s3-tree.js';
import {openDirectoryTree, type StorageTree} from '../../../history/import/storage-tree.js';
import type {HistoryStore} from '../../../history/store/history-store.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	endpoint: z
		.url({protocol: /^https?$/, error: 'must be an address such as http://127.0.0.1:9000'})
		.optional(),
	region: z.string().min(1).optional(),
	pathStyle: z.boolean().optional(),
	json: z.boolean().default(false),
	quiet: z.boolean().default(false),
});

type Options = z.output<typeof schema>;

type Context = Pick<CommandContext, 'stdout' | 'stderr' | 'signal' | 'env' | 'cwd'>;

/** @param source - a folder, `s3://bucket/prefix`, or a file that `history export` wrote. */
export async function runHistoryImport(source: string, flags: unknown, context: Context): Promise<void> {
	const options = parseOptions(schema, flags);
	const path = resolve(context.cwd, source);
	if (!isS3(source) && (await isHistoryFile(path))) {
		await importFile(path, options, context);
		return;
	}

	const tree = await openTree(source, options, context);
	try {
		await withStore(options, context, store => importTree(source, tree, store, options, context));
	} finally {
		tree.close();
	}
}

async function importTree(
	source: string,
	tree: StorageTree,
	store: HistoryStore,
	{json, quiet}: Options,
	{stdout, stderr, signal}: Context,
): Promise<void> {
	const result = await importStorage(store, tree, {
		signal,
		onProgress({path, events}) {
			if (!quiet && events > 0) stderr.write(`infinisst: ${events} events from ${path}\n`);
		},
	});
	if (result.sessions.length === 0) {
		throw new InfinisstError(
			'INPUT_UNREADABLE',
			`${source} holds no session that KubeRay's collector wrote`,
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
}

async function importFile(path: string, options: Options, context: Context): Promise<void> {
	await withStore(options, context, async store => {
		const sessions = await importSessions(store, path, {signal: context.signal});
		const text = options.json
			? `${JSON.stringify({sessions})}\n`
			: sessions.map(({cluster, name, tasks}) => `${cluster} ${name}: ${tasks} tasks\n`).join('');
		await writeText(context.stdout, text, context.signal);
	});
}

async function withStore(
	{db}: Options,
	context: Context,
	work: (store: HistoryStore) => Promise<void>,
): Promise<void> {
	const store = await openHistory(db, context, {survivesPowerCut: false});
	try {
		await work(store);
	} finally {
		store.close();
	}
}

async function openTree(
	source: string,
	{endpoint, region, pathStyle}: Options,
	{cwd, env, signal}: Context,
): Promise<StorageTree & {close(): void}> {
	if (isS3(source)) {
		return openS3Tree({
			address: source,
			endpoint,
			region,
			isPathStyle: pathStyle,
			environment: env,
			signal,
		});
	}

	if (endpoint !== undefined || region !== undefined || pathStyle !== undefined) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--endpoint, --region and --path-style are for s3://, not ${source}`,
		);
	}

	return {...(await openDirectoryTree(resolve(cwd, source))), close: () => undefined};
}

function isS3(source: string): boolean {
	return source.startsWith('s3://');
}
