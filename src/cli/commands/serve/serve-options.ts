import * as z from 'zod';

import {InfinisstError} from '../../../core/errors.js';
import {parseSetFlag, type SettingFlag} from '../../../server/config/read-text-settings.js';
import type {SettingPath} from '../../../server/config/settings-table.js';
import {oneOf, parseOptions} from '../../parse-options.js';

export interface ServeOptions {
	readonly configFile: string | undefined;
	readonly settings: readonly SettingFlag[];
	readonly json: boolean;
}

/** Flags that are settings, by commander's name of them. What they say is checked where all settings are. */
const SETTING_FLAGS: Readonly<Record<string, readonly [flag: string, path: SettingPath]>> = {
	host: ['--host', 'host'],
	port: ['--port', 'port'],
	model: ['--model', 'models'],
	precision: ['--precision', 'precision'],
	workers: ['--workers', 'workers'],
	threads: ['--threads', 'threadsPerWorker'],
	maxSessions: ['--max-sessions', 'limits.maxSessions'],
	maxQueued: ['--max-queued', 'limits.maxQueued'],
	latency: ['--latency', 'latencyMultiplier'],
	maxLlmCacheSize: ['--max-llm-cache-size', 'maxLlmCacheTokens'],
	contextSentences: ['--context-sentences', 'contextSentences'],
	maxBatchSize: ['--max-batch-size', 'batching.maxBatchSize'],
	minBatchSize: ['--min-batch-size', 'batching.minBatchSize'],
	batchTimeout: ['--batch-timeout', 'batching.batchTimeoutMs'],
	loadBalance: ['--load-balance', 'loadBalanceStrategy'],
	apiKey: ['--api-key', 'apiKeys'],
	allowOrigin: ['--allow-origin', 'allowedOrigins'],
	staticDir: ['--static-dir', 'staticDirectory'],
	videoDir: ['--video-dir', 'videoDirectories'],
	resultsDir: ['--results-dir', 'resultsDirectory'],
	logFile: ['--log-file', 'logFile'],
	logLevel: ['--log-level', 'logLevel'],
	drainTimeout: ['--drain-timeout', 'drainTimeoutMs'],
	db: ['--db', 'historyFile'],
	live: ['--live', 'historyLive.heads'],
	liveTokenFile: ['--live-token-file', 'historyLive.tokenFiles'],
	retainAge: ['--retain-age', 'historyRetention.maxAgeMs'],
	retainSize: ['--retain-size', 'historyRetention.maxBytes'],
	retainSessions: ['--retain-sessions', 'historyRetention.maxSessions'],
};

/** Flags without a value, and what it is where they are given. */
const SWITCHES: readonly (readonly [name: string, flag: string, path: SettingPath, given: boolean])[] = [
	['download', '--no-download', 'download', false],
	['dynamicBatching', '--no-dynamic-batching', 'batching.dynamicBatching', false],
	['history', '--no-history', 'history', false],
	['history', '--history', 'historyPages', true],
	['keepText', '--keep-text', 'keepText', true],
	['live', '--no-live', 'historyLive.passOn', false],
];

const schema = z.looseObject({
	config: z.string().min(1, 'must name a file').optional(),
	set: z.array(z.string()).default([]),
	engine: oneOf(['local', 'ray']).default('local'),
	json: z.boolean().default(false),
});

/**
 * What `infinisst serve` was told. Settings are not yet checked.
 *
 * @throws {InfinisstError} `OPTION_INVALID`, also for `--engine ray`, which there is not yet.
 */
export function parseServeOptions(flags: unknown): ServeOptions {
	const {config, set, engine, json, ...rest} = parseOptions(schema, flags);
	if (engine === 'ray') {
		throw new InfinisstError('OPTION_INVALID', 'This version cannot run models on a Ray cluster', {
			hint: 'Leave out --engine, or use --engine local: the models then run on this machine.',
		});
	}

	const settings: SettingFlag[] = set.map(parseSetFlag);
	for (const [name, [flag, path]] of Object.entries(SETTING_FLAGS)) {
		const value = rest[name];
		// A flag with a value may have a twin without one, such as --no-live.
		if (value === undefined || typeof value === 'boolean') continue;
		// Commander gives texts, and lists of them for flags that may be given again.
		settings.push({path, flag, text: typeof value === 'string' ? value : (value as string[]).join(',')});
	}
	for (const [name, flag, path, given] of SWITCHES) {
		if (rest[name] === given) settings.push({path, flag, text: String(given)});
	}
	return {configFile: config, settings, json};
}
