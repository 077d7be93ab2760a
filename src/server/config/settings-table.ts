import {resolve} from 'node:path';
import * as z from 'zod';

import type {BatchSettings} from '../../core/engine/engine.js';
import {LOAD_BALANCE_STRATEGIES} from '../../core/engine/router/placement/placements.js';
import {PRECISIONS} from '../../core/models/precision.js';
import {parseDurationMs, parseSizeBytes} from '../../core/util/parse-quantity.js';
import {TEXT_SETTING_LIMITS} from '../../core/translation/text/text-settings.js';
import type {
	HistoryLiveSettings,
	HistoryRetentionSettings,
	ServerLimits,
	ServerSettings,
	YoutubeSettings,
} from '../server-settings.js';
import {
	choiceSetting,
	listSetting,
	numberSetting,
	pathSetting,
	quantitySetting,
	switchSetting,
	textSetting,
	wholeNumberSetting,
	type SettingKind,
} from './setting-values.js';

export type SettingPath =
	| Exclude<keyof ServerSettings, 'batching' | 'limits' | 'youtube' | 'historyLive' | 'historyRetention'>
	| `batching.${keyof BatchSettings}`
	| `limits.${keyof ServerLimits}`
	| `youtube.${keyof YoutubeSettings}`
	| `historyLive.${keyof HistoryLiveSettings}`
	| `historyRetention.${keyof HistoryRetentionSettings}`;

export interface SettingDefinition extends SettingKind {
	/** For people, half a sentence. */
	readonly about: string;
	/** Whether it changes on a running server (SIGHUP). */
	readonly isLive: boolean;
}

const MAX_BYTES = 1024 ** 4;
/** Ten years: what a timer can hold is cut off where it is started. */
const MAX_SECONDS = 315_360_000;
/** setTimeout() holds no more. */
const MAX_TIMER_MS = 2_147_483_647;

const apiKeySchema = z.strictObject(
	{
		id: z.string('must be a name').min(1, 'must be a name'),
		sha256: z
			.string('must be the SHA-256 of a key, 64 hexadecimal digits')
			.regex(/^[\da-f]{64}$/i, 'must be the SHA-256 of a key, 64 hexadecimal digits')
			.toLowerCase(),
		maxSessions: z
			.int('must be a whole number, 1 or more')
			.min(1, 'must be a whole number, 1 or more')
			.optional(),
	},
	'must be an object with an id and a sha256',
);

const name = (message: string) => z.string(message).min(1, message);

/** @param value - pattern of what stands behind the name. */
const namedSchema = (value: string, message: string) =>
	z.string(message).regex(new RegExp(`^(?:[^/=]+/)?[^/=]+=${value}$`), message);

const live = (kind: SettingKind, about: string): SettingDefinition => ({...kind, about, isLive: true});
const fixed = (kind: SettingKind, about: string): SettingDefinition => ({...kind, about, isLive: false});

/** Everything that can be configured, in the order in which it is shown. */
export const SETTINGS: Readonly<Record<SettingPath, SettingDefinition>> = {
	host: fixed(textSetting('must be an address or a host name'), 'address to listen on'),
	port: fixed(wholeNumberSetting(0, 65_535), 'port to listen on, 0 for any that is free'),
	models: fixed(
		listSetting(name('must be the name of a model'), 'must be a list of models'),
		'loaded at the start; the first is the default',
	),
	precision: fixed(choiceSetting(['auto', ...PRECISIONS]), 'how weights are stored and multiplied'),
	download: live(switchSetting(), 'fetch models that sessions ask for and that are not installed'),
	workers: fixed(wholeNumberSetting(0, 256), 'replicas of each model; 0 for as many as there are cores'),
	threadsPerWorker: fixed(wholeNumberSetting(1, 256), 'processor threads of a replica'),
	transport: fixed(choiceSetting(['process', 'thread']), 'what a replica runs in'),
	'batching.maxBatchSize': live(wholeNumberSetting(1, 256), 'sequences decoded together at most'),
	'batching.minBatchSize': live(wholeNumberSetting(1, 256), 'under load, wait for so many, ...'),
	'batching.batchTimeoutMs': live(numberSetting(0, 10_000), '... but no longer than this'),
	'batching.dynamicBatching': live(switchSetting(), 'let sequences join and leave between steps'),
	loadBalanceStrategy: live(choiceSetting(LOAD_BALANCE_STRATEGIES), 'how sessions are spread over replicas'),
	latencyMultiplier: live(
		{
			schema: z.literal([1, 2, 3, 4], {error: 'must be 1, 2, 3 or 4'}),
			fromText: text => (/^\d$/.test(text) ? Number(text) : text),
		},
		'for sessions that do not say: 1 is fastest, 4 is best',
	),
	maxLlmCacheTokens: fixed(
		wholeNumberSetting(TEXT_SETTING_LIMITS.maxCacheTokens.least, TEXT_SETTING_LIMITS.maxCacheTokens.most),
		'what a language model that translates text keeps of a talk',
	),
	contextSentences: fixed(
		wholeNumberSetting(TEXT_SETTING_LIMITS.contextSentences.least, TEXT_SETTING_LIMITS.contextSentences.most),
		'sentences that other models of texts read before the open one',
	),
	'limits.maxSessions': live(wholeNumberSetting(1, 100_000), 'sessions at once'),
	'limits.maxQueued': live(wholeNumberSetting(0, 100_000), 'sessions that may wait for a place'),
	'limits.sessionsPerKey': live(wholeNumberSetting(1, 100_000), 'sessions at once of one key'),
	'limits.bodyBytes': fixed(wholeNumberSetting(1024, MAX_BYTES), 'largest body of a request'),
	'limits.uploadBytes': live(wholeNumberSetting(1024, MAX_BYTES), 'largest recording that is uploaded'),
	'limits.frameBytes': fixed(wholeNumberSetting(1024, 1024 ** 3), 'largest message on a socket'),
	'limits.audioSeconds': live(wholeNumberSetting(1, MAX_SECONDS), 'audio of one session'),
	'limits.parallelRecordings': live(wholeNumberSetting(1, 1000), 'recordings translated at once'),
	'limits.requestsPerSecond': live(
		wholeNumberSetting(0, 1_000_000),
		'requests of one address or key; 0 for no limit',
	),
	'limits.sockets': live(wholeNumberSetting(1, 1_000_000), 'open sockets at once'),
	'limits.idleSocketMs': live(
		wholeNumberSetting(1000, MAX_TIMER_MS),
		'after which a silent socket is closed',
	),
	'limits.orphanMs': live(
		wholeNumberSetting(1000, MAX_TIMER_MS),
		'after which a session that was left is removed',
	),
	'limits.listenersPerSession': live(
		wholeNumberSetting(0, 1_000_000),
		'sockets that only listen to a session',
	),
	apiKeys: live(
		{schema: z.array(apiKeySchema, 'must be a list of keys'), fromText: text => text},
		'hashes of the keys that open the server; none: everybody may',
	),
	allowedOrigins: live(
		listSetting(
			z
				.string('must be an origin such as https://example.org, or *')
				// Applications have schemes of their own, files have no host, and frames without rights are called null.
				.regex(
					/^(?:\*|null|file:\/\/|[a-z][a-z\d+.-]*:\/\/[^/\s]+)$/i,
					'must be an origin such as https://example.org, or *',
				),
			'must be a list of origins',
		),
		'pages elsewhere that may use the server; * for all',
	),
	staticDirectory: fixed(
		pathSetting('folder'),
		'folder with the page; none: ./static, ./serve/static, the built-in page',
	),
	videoDirectories: live(
		listSetting(name('must be the path of a folder'), 'must be a list of folders', {isPath: true}),
		'folders of /test_video',
	),
	resultsDirectory: live(pathSetting('folder'), 'folder that exports are written to'),
	logFile: fixed(pathSetting('file'), 'file for the log; none: the standard error'),
	logLevel: live(
		choiceSetting(['debug', 'info', 'warn', 'error', 'silent']),
		'what is worth a line of the log',
	),
	drainTimeoutMs: live(
		wholeNumberSetting(0, MAX_TIMER_MS),
		'for what is buffered when the server is stopped',
	),
	'youtube.allowedHosts': live(
		listSetting(
			z
				.string('must be a host name')
				.regex(/^[\da-z](?:[\d.a-z-]*[\da-z])?$/i, 'must be a host name')
				.toLowerCase(),
			'must be a list of host names',
		),
		'hosts that videos may come from, with their subdomains',
	),
	'youtube.allowPrivateAddresses': live(
		switchSetting(),
		'also addresses that point inside; for closed networks',
	),
	'youtube.timeoutMs': live(wholeNumberSetting(1000, MAX_TIMER_MS), 'for one video'),
	'youtube.maxBytes': live(wholeNumberSetting(1024, MAX_BYTES), 'of one video'),
	'youtube.maxParallel': live(wholeNumberSetting(1, 1000), 'videos at once'),
	history: fixed(switchSetting(), 'keep in the history what happened'),
	keepText: live(switchSetting(), 'also keep the texts there'),
	historyPages: fixed(switchSetting(), 'show the history at /history/'),
	historyFile: fixed(pathSetting('file'), "the history's file; none: history.db of the program's data"),
	'historyLive.passOn': fixed(switchSetting(), 'show there what the heads of live Ray clusters say'),
	'historyLive.heads': fixed(
		listSetting(
			namedSchema('https?:\\/\\/\\S+', 'must be NAME=URL, with the address of a Ray dashboard'),
			'must be a list of NAME=URL',
		),
		'live clusters beside those that "history collect" asks: NAME=URL',
	),
	'historyLive.tokenFiles': fixed(
		listSetting(namedSchema('.+', 'must be NAME=FILE'), 'must be a list of NAME=FILE', {
			isPath: true,
			makeAbsolute: (directory, text) => {
				const start = text.indexOf('=') + 1;
				return text.slice(0, start) + resolve(directory, text.slice(start));
			},
		}),
		'files with the tokens that heads of live clusters ask for: NAME=FILE',
	),
	'historyRetention.maxAgeMs': fixed(
		quantitySetting(parseDurationMs, 'must be a time such as "36h" or "30d", or milliseconds'),
		'delete sessions whose last event is older, such as "30d"',
	),
	'historyRetention.maxBytes': fixed(
		quantitySetting(parseSizeBytes, 'must be a size such as "500MB" or "2GB", or bytes'),
		'delete the oldest sessions when more is in use, such as "2GB"',
	),
	'historyRetention.maxSessions': fixed(
		wholeNumberSetting(1, 1_000_000),
		'delete all but so many of the newest of each cluster',
	),
};

export const SETTING_PATHS = Object.keys(SETTINGS) as readonly SettingPath[];

export function isSettingPath(path: string): path is SettingPath {
	return Object.hasOwn(SETTINGS, path);
}

/** `limits.maxSessions` is `INFINISST_LIMITS_MAX_SESSIONS`. */
export function variableOfSetting(path: SettingPath): string {
	return `INFINISST_${path
		.replaceAll('.', '_')
		.replaceAll(/[A-Z]/g, letter => `_${letter}`)
		.toUpperCase()}`;
}
