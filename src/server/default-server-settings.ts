import {DEFAULT_BATCH_SETTINGS} from '../core/engine/batch-settings.js';
import {DEFAULT_ROUTER_SETTINGS} from '../core/engine/router/router-settings.js';
import {MAX_CACHE_TOKENS} from '../core/translation/text/text-settings.js';
import type {ServerLimits, ServerSettings, YoutubeSettings} from './server-settings.js';

const DEFAULT_LIMITS: ServerLimits = {
	// The router's memory of a session is its open window; what bounds sessions is the processor, and a machine
	// with a card can translate this many. Fewer are better on two cores: they are late rather than refused.
	maxSessions: 32,
	// As the router's own. Whoever comes later would wait for hours.
	maxQueued: 64,
	// A quarter of all, so that one key cannot take every place.
	sessionsPerKey: 8,
	// Only settings and names travel in bodies.
	bodyBytes: 1024 * 1024,
	// Three hours of 16-bit mono at 48 kHz; it is written to the disk, not kept in memory.
	uploadBytes: 1024 * 1024 * 1024,
	// The existing page sends 245 760 bytes at most (0.96 s, multiplier 4); 2 minutes of float32 are 7.7 million.
	frameBytes: 8 * 1024 * 1024,
	// A long day on a stage.
	audioSeconds: 12 * 60 * 60,
	// One fills the batch of the model alone; the second is there so that a short one need not wait for a long one. They
	// have the processor only while no speaker needs it.
	parallelRecordings: 2,
	// A page asks a few times a second; 200 of them behind one address still get an answer.
	requestsPerSecond: 100,
	// 1 000 listeners each for four speakers, within the usual 4 096 and more open files of a process.
	sockets: 4096,
	// As long as a session is kept whose client is silent.
	idleSocketMs: 300_000,
	// ../shared/spec/api.md: "neither pinged nor sent for 300 s".
	orphanMs: 300_000,
	// Twice the audience that is tested.
	listenersPerSession: 2000,
};

const DEFAULT_YOUTUBE: YoutubeSettings = {
	allowedHosts: ['youtube.com', 'youtu.be', 'youtube-nocookie.com', 'googlevideo.com', 'ytimg.com'],
	allowPrivateAddresses: false,
	// Half an hour: a film at 10 MB/s and more.
	timeoutMs: 1_800_000,
	maxBytes: 2 * 1024 * 1024 * 1024,
	// More would only share the same line.
	maxParallel: 2,
};

/** What a server does that nobody told anything: for this machine alone. */
export const DEFAULT_SERVER_SETTINGS: ServerSettings = {
	host: '127.0.0.1',
	port: 8000,
	models: ['whisper-base'],
	precision: 'auto',
	download: true,
	workers: 0,
	// As many replicas as cores with a thread each do more than one with many (docs/engine.md).
	threadsPerWorker: 1,
	transport: 'process',
	batching: DEFAULT_BATCH_SETTINGS,
	loadBalanceStrategy: DEFAULT_ROUTER_SETTINGS.loadBalanceStrategy,
	latencyMultiplier: 2,
	maxLlmCacheTokens: MAX_CACHE_TOKENS,
	contextSentences: 0,
	limits: DEFAULT_LIMITS,
	apiKeys: [],
	allowedOrigins: [],
	staticDirectory: undefined,
	videoDirectories: [],
	resultsDirectory: 'results',
	logFile: undefined,
	logLevel: 'info',
	// Sessions are a few seconds behind (docs/engine.md); the usual grace period of supervisors is 30 s.
	drainTimeoutMs: 30_000,
	youtube: DEFAULT_YOUTUBE,
	history: true,
	keepText: false,
	historyPages: false,
	historyFile: undefined,
	historyLive: {passOn: true, heads: [], tokenFiles: []},
	historyRetention: {maxAgeMs: undefined, maxBytes: undefined, maxSessions: undefined},
};
