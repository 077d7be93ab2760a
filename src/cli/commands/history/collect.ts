import {readFile} from 'node:fs/promises';
import {once} from 'node:events';
import {resolve} from 'node:path';
import {z} from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {createCollectListener} from '../../../history/collect/collect-listener.js';
import {listen} from '../../../history/http/listen.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {historyFlags, openHistory} from './open-history.js';

const schema = z.object({
	...historyFlags,
	host: z.string(),
	port: wholeNumber(0, 65_535),
	cluster: z.string().min(1),
	namespace: z.string().min(1),
	tokenFile: z.string().optional(),
});

/** Takes events until the signal fires; then ends in order, which is no fault. */
export async function runHistoryCollect(
	flags: unknown,
	context: Pick<CommandContext, 'stderr' | 'signal' | 'env' | 'cwd'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const {signal} = context;
	const token =
		options.tokenFile === undefined ? '' : await readToken(resolve(context.cwd, options.tokenFile));
	const store = await openHistory(options.db, context);
	try {
		const server = await listen(
			createCollectListener({
				store,
				cluster: {
					namespace: options.namespace,
					name: options.cluster,
					ownerKind: 'raycluster',
					ownerName: '',
				},
				token,
				isDraining: () => signal.aborted,
			}),
			options,
		);
		context.stderr.write(`infinisst: taking events at ${server.url}/v1/events\n`);
		await untilStopped(signal);
		await server.close();
	} finally {
		store.close();
	}
}

/** Resolves when the signal has fired. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
	if (!signal.aborted) await once(signal, 'abort');
}

async function readToken(path: string): Promise<string> {
	try {
		return (await readFile(path, 'utf8')).trim();
	} catch (error) {
		throw new InfinisstError('INPUT_UNREADABLE', `Cannot read the token in ${path}`, {cause: error});
	}
}
