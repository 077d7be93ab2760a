import {z} from 'zod';

import type {CommandContext} from '../../command-context.js';
import {parseOptions} from '../../parse-options.js';
import {chooseSession, openHistory, sessionFlags} from './open-history.js';
import {printAnswer} from './query.js';

const schema = z.object({...sessionFlags, job: z.string().optional()});

export async function runHistoryTimeline(
	flags: unknown,
	context: Pick<CommandContext, 'stdout' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const {db, job, ...choice} = parseOptions(schema, flags);
	const store = await openHistory(db, context);
	try {
		const query = job === undefined ? '' : `?job_id=${encodeURIComponent(job)}`;
		const reader = chooseSession(store, choice);
		await printAnswer(reader, `/api/v0/tasks/timeline${query}`, context.stdout, context.signal);
	} finally {
		store.close();
	}
}
