import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {prune} from '../../../history/store/prune.js';
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
		const sessions = prune(store, rules, {nowMs: Date.now(), isDryRun: dryRun});
		const verb = dryRun ? 'would delete' : 'deleted';
		const text = sessions
			.map(({cluster, name}) => `${verb} ${cluster.namespace}/${cluster.name} ${name}\n`)
			.join('');
		await writeText(context.stdout, text === '' ? `${verb} nothing\n` : text, context.signal);
	} finally {
		store.close();
	}
}
