import {once} from 'node:events';
import {resolve} from 'node:path';
import {z} from 'zod';

import {createCollectListener} from '../../../history/collect/collect-listener.js';
import {HeadPoller} from '../../../history/collect/head-poller.js';
import {LogFollower} from '../../../history/collect/log-follower.js';
import {listen} from '../../../history/http/listen.js';
import {runRetention} from '../../../history/upkeep/run-retention.js';
import type {CommandContext} from '../../command-context.js';
import {parseOptions, wholeNumber} from '../../parse-options.js';
import {historyFlags, openHistory} from './open-history.js';
import {parseHeadAddress} from './parse-head-address.js';
import {readTokenFile} from './read-token-file.js';
import {readRetention, retentionFlags} from './retention-flags.js';

const schema = z.object({
	...historyFlags,
	host: z.string(),
	port: wholeNumber(0, 65_535),
	cluster: z.string().min(1),
	namespace: z.string().min(1),
	tokenFile: z.string().optional(),
	rayAddress: z.string().optional(),
	rayTokenFile: z.string().optional(),
	interval: wholeNumber(1, 3600),
	logsDir: z.string().optional(),
	...retentionFlags,
	nodeId: z
		.string()
		.regex(/^[\da-f]{56}$/, 'must be the 56 hex digits of a node')
		.optional(),
});

/** Log files are looked at this often. */
const LOGS_INTERVAL_MS = 1000;

/** Takes events, asks the head and follows logs until the signal fires; then ends in order, which is no fault. */
export async function runHistoryCollect(
	flags: unknown,
	context: Pick<CommandContext, 'stderr' | 'signal' | 'env' | 'cwd' | 'clock'>,
): Promise<void> {
	const options = parseOptions(schema, flags);
	const {signal, clock, cwd} = context;
	const readToken = (path: string | undefined) =>
		path === undefined ? '' : readTokenFile(resolve(cwd, path));
	const token = await readToken(options.tokenFile);
	const rayToken = await readToken(options.rayTokenFile);
	const address =
		options.rayAddress === undefined ? undefined : parseHeadAddress('--ray-address', options.rayAddress);
	const retention = readRetention(options);
	const store = await openHistory(options.db, context);
	const onNotice = (text: string) => void context.stderr.write(`infinisst: ${text}\n`);
	const cluster = {
		namespace: options.namespace,
		name: options.cluster,
		ownerKind: 'raycluster',
		ownerName: '',
	};
	try {
		const isDraining = () => signal.aborted;
		const server = await listen(createCollectListener({store, cluster, token, isDraining}), options);
		onNotice(`taking events at ${server.url}/v1/events`);
		const ending = new AbortController();
		const parts: Promise<void>[] = [];
		if (address !== undefined) {
			const intervalMs = options.interval * 1000;
			const poller = new HeadPoller({
				...{store, cluster, address, token: rayToken, intervalMs},
				...{clock, now: Date.now, onNotice},
			});
			onNotice(`asking the head at ${address} every ${options.interval} s`);
			parts.push(poller.run(ending.signal));
		}

		if (options.logsDir !== undefined) {
			const directory = resolve(cwd, options.logsDir);
			const {nodeId} = options;
			const follower = new LogFollower({
				...{store, cluster, directory, nodeId},
				...{intervalMs: LOGS_INTERVAL_MS, clock, onNotice},
			});
			onNotice(`following the logs in ${directory}`);
			parts.push(follower.run(ending.signal));
		}

		if (retention !== undefined) {
			parts.push(runRetention({store, rules: retention, clock, now: Date.now, onNotice}, ending.signal));
		}

		try {
			// None of the parts ends before it is told to, unless by a fault.
			await Promise.race([untilStopped(signal), ...parts]);
		} finally {
			ending.abort();
			await Promise.allSettled(parts);
			await server.close();
		}
	} finally {
		store.close();
	}
}

/** Resolves when the signal has fired. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
	if (!signal.aborted) await once(signal, 'abort');
}
