import type {BatchSettings} from '../core/engine/engine.js';
import type {RouterSettings} from '../core/engine/router/router-settings.js';

/** A key that opens the server. Only its hash is kept. */
export interface ApiKey {
	/** How logs and limits name it. */
	readonly id: string;
	/** SHA-256 of the key, hex. */
	readonly sha256: string;
	/** Sessions at once. @default `limits.sessionsPerKey` */
	readonly maxSessions?: number;
}

export interface ServerLimits {
	readonly maxSessions: number;
	readonly maxQueued: number;
	readonly sessionsPerKey: number;
	/** Of a request, bytes; uploads of audio have their own. */
	readonly bodyBytes: number;
	readonly uploadBytes: number;
	/** Of one message on a socket, bytes. */
	readonly frameBytes: number;
	/** Of one session, and of one recording that is uploaded. */
	readonly audioSeconds: number;
	/** Recordings that are translated at once, of all models. */
	readonly parallelRecordings: number;
	/** Of one client address (or key); 0 for no limit. */
	readonly requestsPerSecond: number;
	/** Open sockets at once, in all. */
	readonly sockets: number;
	/** A socket that sent nothing by then is closed, unless it only listens. */
	readonly idleSocketMs: number;
	/** A session whose client has neither pinged nor sent for so long is removed. */
	readonly orphanMs: number;
	readonly listenersPerSession: number;
}

export interface YoutubeSettings {
	/** Host names; subdomains of them count too. */
	readonly allowedHosts: readonly string[];
	/** Only for tests and closed networks: addresses that point inside are refused otherwise. */
	readonly allowPrivateAddresses: boolean;
	readonly timeoutMs: number;
	readonly maxBytes: number;
	readonly maxParallel: number;
}

/** What of clusters that are alive is seen below the history. */
export interface HistoryLiveSettings {
	/** Pass on what is asked of their heads. */
	readonly passOn: boolean;
	/** Heads beside those that a collector asks: `NAME=URL`, or `NAMESPACE/NAME=URL`. */
	readonly heads: readonly string[];
	/** Files with the tokens that heads ask for: `NAME=FILE`, absolute. */
	readonly tokenFiles: readonly string[];
}

/** What the history keeps; undefined: everything. */
export interface HistoryRetentionSettings {
	/** Sessions whose last event is older go. */
	readonly maxAgeMs: number | undefined;
	/** The oldest go when more is in use. */
	readonly maxBytes: number | undefined;
	/** Of each cluster, so many of the newest stay. */
	readonly maxSessions: number | undefined;
}

/** Everything that can be set about a server. */
export interface ServerSettings {
	readonly host: string;
	/** 0 for any that is free. */
	readonly port: number;
	/** Loaded at the start; the first is the default. Names as `models list` prints them. */
	readonly models: readonly string[];
	readonly precision: string;
	/** Fetch models that sessions ask for and that are not installed. */
	readonly download: boolean;
	/** Replicas of each model, each in a process of its own; 0 for as many as there are cores. */
	readonly workers: number;
	readonly threadsPerWorker: number;
	/** `thread` is for tests. */
	readonly transport: 'process' | 'thread';
	readonly batching: BatchSettings;
	readonly loadBalanceStrategy: RouterSettings['loadBalanceStrategy'];
	/** For sessions that do not say. */
	readonly latencyMultiplier: 1 | 2 | 3 | 4;
	/** What a language model that translates text keeps of a talk. */
	readonly maxLlmCacheTokens: number;
	/** Closed sentences that other models of texts read before the open one. */
	readonly contextSentences: number;
	readonly limits: ServerLimits;
	/** None: everybody may, unless it is refused at the start. */
	readonly apiKeys: readonly ApiKey[];
	/** Origins of pages elsewhere that may use this server; `*` for all. */
	readonly allowedOrigins: readonly string[];
	readonly staticDirectory: string | undefined;
	/** `GET /test_video/{filename}` looks here. */
	readonly videoDirectories: readonly string[];
	/** Exports are written here, and nowhere else. */
	readonly resultsDirectory: string;
	readonly logFile: string | undefined;
	readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
	/** What was buffered must be translated by then after SIGTERM. */
	readonly drainTimeoutMs: number;
	readonly youtube: YoutubeSettings;
	/** Keep what happened in the history; texts only with `keepText`. */
	readonly history: boolean;
	readonly keepText: boolean;
	/** Show the history, that of others too, at `/history/`. */
	readonly historyPages: boolean;
	/** Undefined: in the user's data folder. */
	readonly historyFile: string | undefined;
	readonly historyLive: HistoryLiveSettings;
	readonly historyRetention: HistoryRetentionSettings;
}
