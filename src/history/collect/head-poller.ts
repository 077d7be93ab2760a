import {createHash} from 'node:crypto';
import {Agent} from 'undici';

import {InfinisstError} from '../../core/errors.js';
import type {Clock} from '../../core/util/clock.js';
import {isObject, readText} from '../ingest/wire-values.js';
import type {HistoryStore} from '../store/history-store.js';
import type {ClusterKey, Snapshot} from '../store/history-types.js';
import {fetchEndpoint, type FetchedEndpoint} from './fetch-endpoint.js';
import {TroubleLog} from './trouble-log.js';
import {wait} from './wait.js';

export interface HeadPollerOptions {
	readonly store: HistoryStore;
	readonly cluster: ClusterKey;
	/** "http://head:8265", without a slash at the end. */
	readonly address: string;
	/** Ray's own token. @default none */
	readonly token?: string;
	/** From the end of one round to the beginning of the next. */
	readonly intervalMs: number;
	readonly clock: Clock;
	/** @returns milliseconds since 1970. */
	readonly now: () => number;
	/** Is told once when something goes wrong, and once when it is right again. */
	readonly onNotice: (text: string) => void;
	/** For one answer. @default 30 000 */
	readonly timeoutMs?: number;
	/** Of one answer. @default 64 MiB */
	readonly maxBytes?: number;
}

/** What one round came to. */
export type PollOutcome =
	| {readonly type: 'stored'; readonly session: string; readonly snapshots: number}
	/** Nobody answers, or not as a head does. */
	| {readonly type: 'no-head'}
	/** The head ended or was started anew in the middle: of which session the answers are is not known. */
	| {readonly type: 'session-changed'}
	/** The history could not be written. */
	| {readonly type: 'not-stored'};

/**
 * What a session's answers need of its head besides events (section 1 of the contract), and a few that are
 * replayed as they were. Fetched with just these queries: a snapshot is found by its path alone.
 */
const ENDPOINTS: readonly string[] = [
	'/api/version',
	'/timezone',
	'/api/v0/cluster_metadata',
	'/api/jobs/',
	'/logical/actors',
	'/nodes?view=summary',
	'/api/v0/nodes?detail=1&limit=10000',
	'/api/v0/placement_groups?detail=1&limit=10000',
	'/api/serve/applications/',
	'/api/cluster_status?format=1',
	'/api/grafana_health',
	'/api/prometheus_health',
	'/api/component_activities',
	'/usage_stats_enabled',
];

/** Of so many jobs, the newest, the data sets are asked for in one round. */
const MAX_DATASET_JOBS = 100;

const ENDED = ['STOPPED', 'SUCCEEDED', 'FAILED'];

/**
 * Asks a live head again and again for what events do not tell, and keeps the last answers with the session
 * that was alive when they were given. A head that is gone is asked on: what is stored stays, and when it is
 * there again it may be with another session.
 */
export class HeadPoller {
	readonly #options: Required<HeadPollerOptions>;
	readonly #troubles: TroubleLog;
	readonly #dispatcher: Agent;

	/** Hashes of the bodies that are stored, by path and query: most are the same at the next round. */
	readonly #stored = new Map<string, string>();

	/** Jobs that had ended when their data sets were last stored. */
	readonly #endedJobs = new Set<string>();

	#session = '';

	constructor(options: HeadPollerOptions) {
		this.#options = {token: '', timeoutMs: 30_000, maxBytes: 64 * 1024 * 1024, ...options};
		this.#troubles = new TroubleLog(options.onNotice);
		this.#dispatcher = new Agent({connect: {timeout: 5000}, connections: 2});
	}

	/** Polls until the signal fires. Never rejects for what the head or the disk does. */
	async run(signal: AbortSignal): Promise<void> {
		try {
			while (!signal.aborted) {
				await this.poll(signal);
				await wait(this.#options.clock, this.#options.intervalMs, signal);
			}
		} catch (error) {
			if (!signal.aborted) throw error;
		} finally {
			await this.#dispatcher.destroy();
		}
	}

	/**
	 * One round.
	 *
	 * @throws the signal's reason.
	 */
	async poll(signal: AbortSignal): Promise<PollOutcome> {
		const {address, now} = this.#options;
		const session = await this.#askSession(signal);
		if (session === undefined) return {type: 'no-head'};
		if (session !== this.#session) {
			if (this.#session !== '')
				this.#options.onNotice(`the head at ${address} now runs ${session}, no longer ${this.#session}`);
			this.#session = session;
			this.#stored.clear();
			this.#endedJobs.clear();
		}

		const snapshots = await this.#fetchAll(signal);
		const ended = await this.#fetchDatasets(snapshots, signal);
		// Between the first answer and the last the head may have been started anew.
		const after = await this.#askSession(signal);
		if (after === undefined) return {type: 'no-head'};
		if (after !== session) return {type: 'session-changed'};
		if (!this.#write(session, snapshots, now())) return {type: 'not-stored'};
		for (const id of ended) this.#endedJobs.add(id);
		return {type: 'stored', session, snapshots: snapshots.length};
	}

	/** The name of the session the head runs; undefined when nobody tells. */
	async #askSession(signal: AbortSignal): Promise<string | undefined> {
		const {address} = this.#options;
		const fetched = await this.#fetch('/api/version', signal);
		const value = fetched.type === 'answer' && fetched.status === 200 ? parseJson(fetched.text) : undefined;
		const session = isObject(value) ? readText(value['session_name']) : '';
		if (session === '') {
			this.#troubles.begin(
				'head',
				`the head at ${address} does not answer: ${describe(fetched)}; asking on every ${this.#options.intervalMs / 1000} s`,
			);
			return undefined;
		}

		this.#troubles.end('head', `the head at ${address} answers again`);
		return session;
	}

	async #fetchAll(signal: AbortSignal): Promise<Snapshot[]> {
		const snapshots: Snapshot[] = [];
		for (const endpoint of ENDPOINTS) {
			const snapshot = await this.#fetchSnapshot(endpoint, signal);
			if (snapshot !== undefined) snapshots.push(snapshot);
		}

		return snapshots;
	}

	/** Adds to the snapshots. @returns the jobs that need not be asked for again. */
	async #fetchDatasets(snapshots: Snapshot[], signal: AbortSignal): Promise<readonly string[]> {
		const jobs: unknown = JSON.parse(snapshots.find(({path}) => path === '/api/jobs')?.body ?? '[]');
		const ended: string[] = [];
		const asked = (Array.isArray(jobs) ? jobs.filter(isObject) : [])
			.map(job => ({id: readText(job['job_id']), isEnded: ENDED.includes(readText(job['status']))}))
			.filter(({id}) => /^[\da-f]+$/.test(id) && !this.#endedJobs.has(id))
			.sort((a, b) => (a.id < b.id ? 1 : -1))
			.slice(0, MAX_DATASET_JOBS);
		for (const {id, isEnded} of asked) {
			const snapshot = await this.#fetchSnapshot(`/api/data/datasets/${id}`, signal);
			if (snapshot === undefined) continue;
			snapshots.push(snapshot);
			if (isEnded) ended.push(id);
		}

		return ended;
	}

	/** Undefined for what the head has not, or does not answer in JSON. */
	async #fetchSnapshot(endpoint: string, signal: AbortSignal): Promise<Snapshot | undefined> {
		const fetched = await this.#fetch(endpoint, signal);
		if (fetched.type !== 'answer') {
			this.#troubles.begin(
				endpoint,
				`${endpoint} of the head at ${this.#options.address} is left out: ${describe(fetched)}`,
			);
			return undefined;
		}

		this.#troubles.end(endpoint, `${endpoint} of the head at ${this.#options.address} is answered again`);
		if (fetched.status !== 200 || parseJson(fetched.text) === undefined) return undefined;
		const [path = '', query = ''] = endpoint.split('?', 2);
		return {path: path.replace(/\/$/, ''), query, fetchedMs: this.#options.now(), body: fetched.text};
	}

	#fetch(path: string, signal: AbortSignal): Promise<FetchedEndpoint> {
		const {address, token, timeoutMs, maxBytes} = this.#options;
		return fetchEndpoint({dispatcher: this.#dispatcher, address, path, token, timeoutMs, maxBytes, signal});
	}

	#write(session: string, snapshots: readonly Snapshot[], seenMs: number): boolean {
		const {store, cluster, address} = this.#options;
		const changed = snapshots.filter(snapshot => this.#stored.get(keyOf(snapshot)) !== hash(snapshot.body));
		try {
			store.write(store.openSession(cluster, session), {snapshots: changed, head: {address, seenMs}});
		} catch (error) {
			if (!InfinisstError.is(error)) throw error;
			this.#troubles.begin('store', `what the head answered is not stored: ${error.message}; trying on`);
			return false;
		}

		this.#troubles.end('store', 'what the head answers is stored again');
		for (const snapshot of changed) this.#stored.set(keyOf(snapshot), hash(snapshot.body));
		return true;
	}
}

function keyOf({path, query}: Snapshot): string {
	return `${path}?${query}`;
}

function hash(text: string): string {
	return createHash('sha256').update(text).digest('base64');
}

function describe(fetched: FetchedEndpoint): string {
	switch (fetched.type) {
		case 'no-answer':
			return fetched.reason;
		case 'too-large':
			return 'its answer is too large';
		case 'answer':
			if (fetched.status === 401 || fetched.status === 403)
				return `status ${fetched.status}, it asks for a token (--ray-token-file)`;
			return fetched.status === 200 ? 'its answer names no session' : `status ${fetched.status}`;
	}
}

/** Undefined for what is no JSON, which `null` stands for as well as it does. */
function parseJson(text: string): unknown {
	try {
		return JSON.parse(text) ?? undefined;
	} catch {
		return undefined;
	}
}
