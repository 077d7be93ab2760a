import {spawn, type ChildProcess} from 'node:child_process';
import {randomInt, randomUUID} from 'node:crypto';
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {describe} from 'vitest';
import {request} from 'undici';

import {findPip} from '../../src/core/models/sources/pip.js';
import {isRunning} from './is-running.js';
import {ensurePython} from './python-environment.js';
import {skipSuite} from './requirements.js';

/** The version whose answers ours equal. */
export const RAY_REQUIREMENT = 'ray[default]==2.60.0';

/** How long a head may take to answer, and a job to end, on a busy machine. */
const PATIENCE_MS = 120_000;

const pip = await findPip(process.env);

/** A suite that needs a Ray of its own; its processes are found by what Linux tells of each. */
export function describeWithRay(title: string, body: () => void): void {
	if (process.platform !== 'linux') skipSuite(title, 'Linux');
	else if (pip === undefined) skipSuite(title, 'Python with pip');
	else describe(title, body);
}

/** @returns the folder of Ray's programs, in an environment that is kept from run to run. */
export function ensureRay(): Promise<string> {
	return ensurePython(RAY_REQUIREMENT);
}

export interface RayOptions {
	/** From `ensureRay()`. */
	readonly programs: string;
	/** Where its events go, for example "http://127.0.0.1:8084/v1/events". */
	readonly eventsUrl: string;
	/** Nodes besides the head's. */
	readonly extraNodes?: number;
	/** For the head as well as for its nodes. */
	readonly environment?: Readonly<Record<string, string>>;
}

/**
 * A Ray cluster on this machine that holds no more than a test needs. Its dashboard listens on 127.0.0.1; for
 * its nodes Ray takes the machine's own address, whatever it is told.
 */
export class RayCluster implements AsyncDisposable {
	/** Of the dashboard, for example "http://127.0.0.1:8265". */
	readonly url: string;
	/** Folders of its nodes, the head's first. */
	readonly directories: readonly string[];
	/** Everything that descends from it has this in its environment. */
	readonly #mark: string;
	readonly #starters: readonly ChildProcess[];
	readonly #nodeIds: string[] = [];

	private constructor(
		url: string,
		directories: readonly string[],
		mark: string,
		starters: readonly ChildProcess[],
	) {
		this.url = url;
		this.directories = directories;
		this.#mark = mark;
		this.#starters = starters;
	}

	/** In the order of `directories`. */
	get nodeIds(): readonly string[] {
		return this.#nodeIds;
	}

	/** Resolves when the head answers and all nodes are there. */
	static async start({programs, eventsUrl, extraNodes = 0, environment}: RayOptions): Promise<RayCluster> {
		const mark = `INFINISST_TEST_RAY=${randomUUID()}`;
		const directories: string[] = [];
		// Paths of its sockets may have 107 characters, of which Ray's own names take eighty.
		for (let node = 0; node <= extraNodes; node += 1) {
			directories.push(await mkdtemp(join(tmpdir(), 'ray-')));
		}

		const [port, dashboardPort] = await findFreePorts(2);
		const common = ['start', '--block', '--disable-usage-stats', '--node-ip-address', '127.0.0.1'];
		const limits = ['--num-cpus', '2', '--object-store-memory', '100000000'];
		const env = {
			...process.env,
			PATH: `${programs}:${process.env['PATH'] ?? ''}`,
			[mark.split('=')[0]!]: mark.split('=')[1]!,
			PYTHONUNBUFFERED: '1',
			RAY_USAGE_STATS_ENABLED: '0',
			RAY_DEDUP_LOGS: '0',
			RAY_enable_ray_event: 'true',
			RAY_enable_core_worker_ray_event_to_aggregator: 'true',
			RAY_DASHBOARD_AGGREGATOR_AGENT_EVENTS_EXPORT_ADDR: eventsUrl,
			RAY_DASHBOARD_AGGREGATOR_AGENT_EXPOSABLE_EVENT_TYPES: 'ALL',
			// Workers that nobody needs would end while the answers are taken.
			RAY_idle_worker_killing_time_threshold_ms: '600000',
			// When a job has ended, the head fails what is left of it after fifteen seconds.
			RAY_gcs_mark_task_failed_on_job_done_delay_ms: '2000',
			...environment,
		};
		const starters: ChildProcess[] = [];
		const cluster = new RayCluster(`http://127.0.0.1:${dashboardPort}`, directories, mark, starters);
		// Where a test was given up, nothing of it may stay either.
		process.once('exit', () => cluster.#killAll());
		try {
			for (const [index, directory] of directories.entries()) {
				const ports = await findFreePorts(6);
				const role =
					index === 0
						? ['--head', '--port', String(port), '--dashboard-host', '127.0.0.1']
						: ['--address', `127.0.0.1:${port}`];
				const own =
					index === 0
						? ['--dashboard-port', String(dashboardPort), '--ray-client-server-port', String(ports[5])]
						: [];
				const parameters = [
					...common,
					...role,
					...own,
					...limits,
					...['--temp-dir', directory, '--min-worker-port', '0', '--max-worker-port', '0'],
					...['--dashboard-agent-listen-port', String(ports[0])],
					...['--dashboard-agent-grpc-port', String(ports[1])],
					...['--metrics-export-port', String(ports[2])],
					...['--runtime-env-agent-port', String(ports[3])],
				];
				const starter = spawn(join(programs, 'ray'), parameters, {
					env,
					stdio: 'ignore',
				});
				starters.push(starter);
				await cluster.#untilNodes(index + 1);
			}
		} catch (error) {
			await cluster[Symbol.asyncDispose]();
			throw error;
		}

		return cluster;
	}

	/** Asks the head as a program does: Ray refuses what Node's own `fetch` sends. */
	async ask(
		path: string,
	): Promise<{readonly status: number; readonly headers: Record<string, unknown>; readonly body: string}> {
		const {statusCode, headers, body} = await request(this.url + path);
		return {status: statusCode, headers, body: await body.text()};
	}

	async askJson(path: string): Promise<unknown> {
		return JSON.parse((await this.ask(path)).body) as unknown;
	}

	/** Submits a job. @returns the id it was given. */
	async submit(
		entrypoint: string,
		submissionId: string,
		options: Readonly<Record<string, unknown>> = {},
	): Promise<string> {
		const payload = JSON.stringify({entrypoint, submission_id: submissionId, ...options});
		let text = '';
		// The head knows of its agent a moment after it begins to answer.
		await untilTrue(
			async () => {
				const {statusCode, body} = await request(`${this.url}/api/jobs/`, {
					method: 'POST',
					headers: {'content-type': 'application/json'},
					body: payload,
				});
				text = await body.text();
				return statusCode === 200;
			},
			() => `Ray took no job: ${text}`,
		);
		return submissionId;
	}

	async stopJob(submissionId: string): Promise<void> {
		const {body} = await request(`${this.url}/api/jobs/${submissionId}/stop`, {method: 'POST'});
		await body.dump();
	}

	/** Waits until a job is in one of these states. */
	async untilJob(submissionId: string, states: readonly string[]): Promise<void> {
		let state = '';
		await untilTrue(
			async () => {
				({status: state} = (await this.askJson(`/api/jobs/${submissionId}`)) as {status: string});
				return states.includes(state);
			},
			() => `The job ${submissionId} is still ${state}`,
		);
	}

	/** Waits until a job has written a text. */
	async untilLogged(submissionId: string, text: string): Promise<void> {
		let written = '';
		await untilTrue(
			async () => {
				({logs: written} = (await this.askJson(`/api/jobs/${submissionId}/logs`)) as {logs: string});
				return written.includes(text);
			},
			() => `The job ${submissionId} has not written "${text}": ${written}`,
		);
	}

	/** Ids of all its processes. */
	processIds(): readonly number[] {
		return readdirSync('/proc')
			.filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
			.map(Number)
			.filter(id => readProcess(id, 'environ').split('\0').includes(this.#mark) && isRunning(id));
	}

	/** Ends one of its nodes as a machine ends that loses its power. */
	killNode(index: number): void {
		const directory = this.directories[index]!;
		const ids = this.processIds().filter(id => belongsTo(id, directory));
		for (const id of ids) killProcess(id);
	}

	/** The power goes: nothing of it can say another word. Idempotent. */
	async stop(): Promise<void> {
		while (this.#killAll() > 0) await wait(20);
	}

	/** @returns how many there were. */
	#killAll(): number {
		const ids = this.processIds();
		for (const id of ids) killProcess(id);
		return ids.length;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.stop();
		for (const directory of this.directories) await rm(directory, {recursive: true, force: true});
	}

	async #untilNodes(count: number): Promise<void> {
		await untilTrue(
			async () => {
				const found = await this.#findNodes();
				this.#nodeIds.push(...found.filter(id => !this.#nodeIds.includes(id)));
				const ended = this.#starters.find(({exitCode}) => exitCode !== null);
				if (ended !== undefined) throw new Error(`"ray start" ended with ${ended.exitCode}`);
				return this.#nodeIds.length >= count;
			},
			() => `Ray has ${this.#nodeIds.length} nodes of ${count}`,
		);
	}

	async #findNodes(): Promise<readonly string[]> {
		try {
			const {data} = (await this.askJson('/api/v0/nodes')) as {data: {result: {result: {node_id: string}[]}}};
			return data.result.result.map(({node_id: id}) => id);
		} catch {
			// It does not listen yet.
			return [];
		}
	}
}

/** Asks ten times a second, as there is nothing that tells. */
async function untilTrue(ask: () => Promise<boolean>, describe: () => string): Promise<void> {
	const deadline = Date.now() + PATIENCE_MS;
	while (!(await ask())) {
		if (Date.now() > deadline) throw new Error(describe());
		await wait(100);
	}
}

/**
 * Ports that nobody listens on, below those that the system gives to whoever asks for any: Ray binds some of
 * them seconds later, and its own processes ask for many.
 */
async function findFreePorts(count: number): Promise<readonly number[]> {
	const ports = new Set<number>();
	while (ports.size < count) {
		const port = randomInt(20_000, 32_000);
		if (await isFree(port)) ports.add(port);
	}

	return [...ports];
}

function isFree(port: number): Promise<boolean> {
	return new Promise(resolve => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
	});
}

function readProcess(id: number, file: string): string {
	try {
		return readFileSync(`/proc/${id}/${file}`, 'latin1');
	} catch {
		return '';
	}
}

function belongsTo(id: number, directory: string): boolean {
	const texts = [readProcess(id, 'cmdline'), readProcess(id, 'environ')];
	return texts.some(text => text.includes(directory)) || readLink(`/proc/${id}/cwd`).startsWith(directory);
}

function readLink(path: string): string {
	try {
		return readlinkSync(path);
	} catch {
		return '';
	}
}

function killProcess(id: number): void {
	try {
		process.kill(id, 'SIGKILL');
	} catch {
		// It has ended by itself.
	}
}
