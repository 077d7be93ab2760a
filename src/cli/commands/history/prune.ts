import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {formatBytes} from '../../../core/models/format-bytes.js';
import {choosePruned, prune} from '../../../history/store/prune.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {writeText} from '../../write-text.js';
import {historyFlags, openHistory} from './open-history.js';
import {parseDuration, parseSize} from './parse-moment.js';

const schema = z.object({
	...historyFlags,
	olderThan: z.string().optional(),
	maxSize: z.string().optional(),
	keep: wholeNumber(0, 1_000_000).optional(),
	dryRun: z.boolean().default(false),
});

export async function runHistoryPrune(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, olderThan, maxSize, keep, dryRun} = parseOptions(schema, flags);
	if (olderThan === undefined && maxSize === undefined && keep === undefined) {
		throw new InfinisstError('OPTION_INVALID', 'Nothing says which sessions to delete', {
			hint: 'Give --older-than, --max-size or --keep.',
		});
	}

	const rules = {
		...(olderThan === undefined ? {} : {olderThanMs: parseDuration('older-than', olderThan)}),
		...(maxSize === undefined ? {} : {maxBytes: parseSize('max-size', maxSize)}),
		...(keep === undefined ? {} : {keepCount: keep}),
	};
	const store = await openHistory(db, context);
	try {
		const nowMs = Date.now();
		const sessions = dryRun
			? choosePruned(store.sessions(), rules, nowMs)
			: await prune(store, rules, {nowMs, signal: context.signal});
		if (!dryRun && sessions.length > 0) store.vacuum();
		const verb = dryRun ? 'would delete' : 'deleted';
		const lines = sessions.map(({cluster, name}) => `${verb} ${cluster.namespace}/${cluster.name} ${name}\n`);
		if (dryRun && rules.maxBytes !== undefined && store.usedBytes() > rules.maxBytes) {
			lines.push(
				`then the oldest, until the ${formatBytes(store.usedBytes())} in use are at most ${formatBytes(rules.maxBytes)}\n`,
			);
		}

		await writeText(context.stdout, lines.join('') || `${verb} nothing\n`, context.signal);
	} finally {
		store.close();
	}
}
