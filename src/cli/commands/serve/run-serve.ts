import {randomUUID} from 'node:crypto';
import type {Logger} from 'pino';
import {Registry} from 'prom-client';

import {InfinisstError} from '../../../core/errors.js';
import type {ModelStore} from '../../../core/models/model-store.js';
import {splitCombination} from '../../../core/models/store/combination.js';
import {whenAborted} from '../../../core/util/when-aborted.js';
import {findInstalledDashboard} from '../../../history/dashboard/installed-dashboard.js';
import {openMountedHistory} from '../../../history/mount/open-mounted-history.js';
import {NO_RUN_RECORDER} from '../../../history/record/no-run-recorder.js';
import {HistorySessionLog} from '../../../history/record/history-session-log.js';
import type {RunRecorder} from '../../../history/record/run-recorder.js';
import type {PruneRules} from '../../../history/store/prune.js';
import {openStreamArchive} from '../../../history/record/stream-archive.js';
import {MemorySessionLog} from '../../../server/compatible/session-log.js';
import {applyServerSettings} from '../../../server/apply-server-settings.js';
import {describeExposure} from '../../../server/auth/describe-exposure.js';
import {compareSettings} from '../../../server/config/compare-settings.js';
import {createServer, type ListeningAt, type Server} from '../../../server/create-server.js';
import {openLog, type ServerLog} from '../../../server/logging/create-logger.js';
import {HISTORY_PATH, type MountedHistory} from '../../../server/history/mounted-history.js';
import type {ModelHost} from '../../../server/models/model-host.js';
import {openModelHost} from '../../../server/models/open-model-host.js';
import type {HistoryRetentionSettings, ServerSettings} from '../../../server/server-settings.js';
import {createSessionHost} from '../../../server/sessions/create-session-host.js';
import type {SessionHost} from '../../../server/sessions/session-host.js';
import type {StreamArchive} from '../../../server/stream/stream-archive.js';
import type {CommandContext} from '../../command-context.js';
import {describeError} from '../../describe-error.js';
import {loadSettings} from '../../load-settings.js';
import {readVersion} from '../../read-version.js';
import {resolveDashboardsDirectory, resolveHistoryFile} from '../../resolve-home-directory.js';
import {writeText} from '../../write-text.js';
import {readLiveHeads, type LiveFlagNames} from '../history/open-live-gate.js';
import {letHeapGrow} from './let-heap-grow.js';
import {logModelStates, logRouterEvent} from './log-models.js';
import {recordRouterEvent} from './record-router-event.js';
import {parseServeOptions, type ServeOptions} from './serve-options.js';

type ServeContext = Pick<
	CommandContext,
	| 'stdout'
	| 'stderr'
	| 'env'
	| 'cwd'
	| 'clock'
	| 'signal'
	| 'onHangUp'
	| 'onUncaughtFault'
	| 'openModelStore'
	| 'openRunRecorder'
>;

/** Printed with `--json` when the server answers: a published format (docs/cli.md). */
interface ServerListening {
	readonly type: 'server-listening';
	readonly url: string;
	readonly host: string;
	readonly port: number;
	readonly pid: number;
}

/**
 * The work of `infinisst serve`. Asked to stop it takes no new sessions and returns when what was buffered is
 * translated and delivered.
 *
 * @param openModels - replaces how models are opened, for tests.
 * @throws {InfinisstError} for the settings, models and the address; `RESOURCE_CLOSED` when the drain time was over
 * first; what nobody caught, after the sessions were drained.
 */
export async function runServe(
	flags: unknown,
	context: ServeContext,
	openModels: typeof openModelHost = openModelHost,
): Promise<void> {
	const options = parseServeOptions(flags);
	letHeapGrow();
	const {settings, notes} = await loadSettings(options, context);
	const exposure = describeExposure(settings);
	const unseen =
		settings.historyLive.heads.length > 0 && !settings.historyPages
			? 'live clusters are shown below the history, which is not shown: add --history'
			: undefined;
	for (const note of [...notes, exposure, unseen].filter(text => text !== undefined)) {
		context.stderr.write(`infinisst: ${note}\n`);
	}

	const log = await openLog(settings, settings.logFile === undefined ? context.stderr : undefined);
	try {
		const recorder = await openRecorder(settings, {logger: log.logger, context});
		let cause: unknown;
		try {
			await serve({options, settings, log, recorder, context, openModels});
		} catch (error) {
			cause = error;
			throw error;
		} finally {
			await recorder.end(cause);
		}
	} finally {
		await log.close();
	}
}

interface ServeParts {
	readonly options: ServeOptions;
	readonly settings: ServerSettings;
	readonly log: ServerLog;
	readonly recorder: RunRecorder;
	readonly context: ServeContext;
	readonly openModels: typeof openModelHost;
}

async function serve({
	options,
	settings: first,
	log,
	recorder,
	context,
	openModels,
}: ServeParts): Promise<void> {
	const {logger} = log;
	const {clock, signal} = context;
	let settings = first;
	const fault = new AbortController();
	context.onUncaughtFault((error, kind) => {
		logger.error({fault_id: randomUUID(), err: error, kind}, 'a fault that nobody caught');
		if (kind === 'exception') fault.abort(error);
	});
	const stop = AbortSignal.any([signal, fault.signal]);

	const store = await context.openModelStore();
	await assertModels(settings, store);
	const models = await openModels({
		store,
		settings: () => settings,
		clock,
		signal,
		onEvent: (event, model) => {
			logRouterEvent(logger, event, model);
			recordRouterEvent(recorder, event, model);
		},
		onLog: (line, model) => logger.warn({model}, line),
	});
	logModelStates(logger, models);
	const sessions = createSessionHost({
		models,
		settings: () => settings,
		clock,
		recorder: recorder.sessions,
		onFault: error => logger.error({fault_id: randomUUID(), err: error}, 'a fault in what watches sessions'),
	});
	let server: Server | undefined;
	let archive: StreamArchive | undefined;
	let mountedHistory: MountedHistory | undefined;
	try {
		archive = await openArchive(settings, context);
		mountedHistory = await mountHistory(settings, {logger, context});
		server = await createServer(
			{
				...(archive !== undefined && {archive}),
				...(mountedHistory !== undefined && settings.historyPages && {mountedHistory}),
				recorder: recorder.sessions,
				sessionLog: new HistorySessionLog(new MemorySessionLog(), recorder),
				settings: () => settings,
				sessions,
				models,
				metrics: new Registry(),
				clock,
				workingDirectory: context.cwd,
				signal: new AbortController().signal,
			},
			{log, version: readVersion()},
		);
		const address = await server.listen();
		const reload = createReload({
			options,
			context,
			logger,
			hosts: {models, sessions},
			get: () => settings,
			set: next => void (settings = next),
		});
		context.onHangUp(reload);
		logger.info({url: address.url}, 'listening');
		await writeText(context.stdout, formatAddress(address, options), stop);
		await whenAborted(stop);
		await drain(server, settings, clock);
	} catch (error) {
		await (server ?? sessions).destroy(error);
		// Stopped before it could say where it is: as good as any other end.
		if (!signal.aborted || error !== signal.reason) throw error;
	} finally {
		await archive?.close();
		await mountedHistory?.close();
	}
	fault.signal.throwIfAborted();
}

/** What happens is kept by a thread, when there is something to keep: the server does not wait for it. */
async function openRecorder(
	{history, historyFile, models, precision}: ServerSettings,
	{logger, context}: {readonly logger: Logger; readonly context: Pick<ServeContext, 'openRunRecorder'>},
): Promise<RunRecorder> {
	if (!history) return NO_RUN_RECORDER;
	return context.openRunRecorder({
		path: historyFile,
		command: 'serve',
		entrypoint: ['infinisst serve', ...models.map(model => `--model ${model}`)].join(' '),
		metadata: {models: models.join(', '), precision},
		onWarning: message => logger.warn(message),
	});
}

/** Streams outlive the server in the history's file; without a history they do not. */
async function openArchive(
	{history, historyFile}: ServerSettings,
	context: Pick<ServeContext, 'env' | 'cwd' | 'clock'>,
): Promise<StreamArchive | undefined> {
	if (!history) return undefined;
	return openStreamArchive({path: historyFile ?? resolveHistoryFile(context), clock: context.clock});
}

/**
 * A thread of its own shows the history, with the page of Ray's dashboard where that was installed, and deletes what is
 * past what shall be kept, also where nothing is shown.
 */
async function mountHistory(
	{historyPages, historyFile, historyLive, historyRetention}: ServerSettings,
	{logger, context}: {readonly logger: Logger; readonly context: Pick<ServeContext, 'env' | 'cwd'>},
): Promise<MountedHistory | undefined> {
	const rules = readRules(historyRetention);
	if (!historyPages && rules === undefined) return undefined;
	const dashboard = await findInstalledDashboard(resolveDashboardsDirectory(context));
	const heads = {live: historyLive.heads, liveTokenFile: historyLive.tokenFiles};
	return openMountedHistory({
		path: historyFile ?? resolveHistoryFile(context),
		basePath: HISTORY_PATH,
		dashboardDirectory: dashboard?.directory,
		live: historyLive.passOn ? await readLiveHeads(heads, context.cwd, HEAD_SETTINGS) : undefined,
		retention: rules === undefined ? undefined : {rules},
		onNotice: text => logger.info(text),
	});
}

const HEAD_SETTINGS: LiveFlagNames = {live: 'historyLive.heads', liveTokenFile: 'historyLive.tokenFiles'};

/** Undefined where nothing is to be deleted. */
function readRules({maxAgeMs, maxBytes, maxSessions}: HistoryRetentionSettings): PruneRules | undefined {
	if (maxAgeMs === undefined && maxBytes === undefined && maxSessions === undefined) return undefined;
	return {
		...(maxAgeMs !== undefined && {olderThanMs: maxAgeMs}),
		...(maxBytes !== undefined && {maxBytes}),
		...(maxSessions !== undefined && {keepCount: maxSessions}),
	};
}

/** A name that nobody knows, or a model that may not be fetched, is told before anything is opened. */
async function assertModels({models, download}: ServerSettings, store: ModelStore): Promise<void> {
	for (const model of models.flatMap(splitCombination)) {
		if ((await store.find(model)) !== undefined) continue;
		await store.resolve(model);
		if (download) continue;
		throw new InfinisstError('MODEL_UNAVAILABLE', `The model ${model} is not installed`, {
			hint: `Run "infinisst models pull ${model}", or leave out --no-download.`,
		});
	}
}

function formatAddress({url, host, port}: ListeningAt, {json}: ServeOptions): string {
	const line: ServerListening = {type: 'server-listening', url, host, port, pid: process.pid};
	return json ? `${JSON.stringify(line)}\n` : `Listening on ${url}\n`;
}

async function drain(
	server: Server,
	{drainTimeoutMs}: ServerSettings,
	clock: ServeContext['clock'],
): Promise<void> {
	const late = new AbortController();
	// Set before the server's own of the same length, so that it is told why.
	const cancel = clock.after(drainTimeoutMs, () => {
		late.abort(
			new InfinisstError(
				'RESOURCE_CLOSED',
				`What was buffered could not all be translated within ${drainTimeoutMs} ms`,
				{hint: 'Give it more time with --drain-timeout.'},
			),
		);
	});
	try {
		await server.close(late.signal);
	} finally {
		cancel();
	}
	late.signal.throwIfAborted();
}

interface ReloadParts {
	readonly options: ServeOptions;
	readonly context: ServeContext;
	readonly logger: Logger;
	readonly hosts: {readonly models: ModelHost; readonly sessions: SessionHost};
	readonly get: () => ServerSettings;
	readonly set: (settings: ServerSettings) => void;
}

/** @returns reads the configuration again; never throws. Whatever is wrong is logged, and all stays as it was. */
function createReload({options, context, logger, hosts, get, set}: ReloadParts): () => void {
	let last = Promise.resolve();
	return () => {
		last = last.then(async () => {
			const before = get();
			try {
				const {settings: read, notes} = await loadSettings(options, context);
				const {settings, changed, needRestart} = compareSettings(before, read);
				set(settings);
				await applyServerSettings(hosts, settings, changed);
				logger.level = settings.logLevel;
				for (const note of notes) logger.warn(note);
				logger.info({changed}, 'configuration read again');
				if (needRestart.length > 0) {
					logger.warn({settings: needRestart}, 'these settings change when the server is started again');
				}
			} catch (error) {
				set(before);
				logger.error(
					{reason: describeError(error, {}).sentence},
					'the configuration was not read again: all stays as it was',
				);
			}
		});
	};
}
