import {spawn, type ChildProcessWithoutNullStreams} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {InfinisstError} from '../../errors.js';
import {builtModule} from '../../util/built-module.js';
import {systemClock, type Clock} from '../../util/clock.js';
import {createDeferred} from '../../util/deferred.js';
import type {Channel} from './channel.js';
import {listenForChannels} from './listen-for-channels.js';
import {manageHost, type EngineHost} from './manage-host.js';
import {createPrivateAddress} from './private-address.js';
import {openRemoteEngine, type RemoteEngine, type RemoteEngineOptions} from './remote-engine.js';
import type {ReplicaModule} from './replica-module.js';
import type {SocketAddress} from './socket-address.js';

/** A process that has not connected by then hangs: it does so before it loads anything. */
const CONNECT_TIMEOUT_MS = 30_000;
/** A process that was told to end, its sessions being over, and has not by then hangs. */
const END_TIMEOUT_MS = 10_000;

export interface ChildReplicaOptions extends RemoteEngineOptions {
	/** Each line that the process writes to its standard error or output, and how it ended if nobody asked it to. */
	readonly onLog?: (line: string) => void;
	/** Told when the process has been started. */
	readonly onStart?: (processId: number) => void;
	/** @default the system's */
	readonly clock?: Clock;
}

/** The first line of what the process reads. */
export interface ReplicaProcessInput {
	/** Where its parent listens. */
	readonly address: SocketAddress;
	readonly token: string;
	readonly replica: ReplicaModule;
}

/**
 * Opens an engine in a process of its own, so that a crash in native code takes nothing else with it: its sessions
 * throw `REPLICA_LOST` then. The process ends with its engine, and with this process, however that ends.
 *
 * @throws {InfinisstError} what kept the engine from opening; `REPLICA_LOST` if the process ended or did not answer;
 * `signal.reason`.
 */
export async function openChildReplica(
	replica: ReplicaModule,
	options: ChildReplicaOptions = {},
): Promise<RemoteEngine> {
	const {clock = systemClock, onLog = () => undefined, signal} = options;
	signal?.throwIfAborted();
	const token = randomBytes(32).toString('hex');
	const connected = createDeferred<Channel>();
	const place = await createPrivateAddress();
	let child: ReplicaProcess | undefined;
	try {
		const listener = await listenForChannels(place.address, {
			token,
			clock,
			onChannel: channel => connected.resolve(channel),
			onRefused: error => onLog(`a connection was refused: ${String(error)}`),
		});
		try {
			child = startReplicaProcess(options, onLog, clock);
			child.tell({
				address: listener.address,
				token,
				replica: {...replica, module: builtModule(replica.module).href},
			});
			const channel = await waitForConnection(connected.promise, child, clock, signal);
			const engine = await openRemoteEngine(channel, options);
			return manageHost(engine, child);
		} finally {
			await listener.close();
		}
	} catch (error) {
		await child?.kill();
		throw error;
	} finally {
		// Both ends have what they need of it.
		await place.remove();
	}
}

async function waitForConnection(
	connected: Promise<Channel>,
	child: ReplicaProcess,
	clock: Clock,
	signal: AbortSignal | undefined,
): Promise<Channel> {
	const over = createDeferred<never>();
	const abort = (): void => {
		over.reject(signal!.reason);
	};
	signal?.addEventListener('abort', abort, {once: true});
	if (signal?.aborted === true) abort();
	const cancelTimeout = clock.after(CONNECT_TIMEOUT_MS, () => {
		over.reject(new InfinisstError('REPLICA_LOST', `The process of a replica did not connect`));
	});
	void child.exited.then(how => {
		over.reject(
			new InfinisstError('REPLICA_LOST', `The process of a replica ended before it connected: ${how}`),
		);
	});
	try {
		return await Promise.race([connected, over.promise]);
	} finally {
		cancelTimeout();
		signal?.removeEventListener('abort', abort);
	}
}

interface ReplicaProcess extends EngineHost {
	/** How it ended, in words. */
	readonly exited: Promise<string>;
	tell(input: ReplicaProcessInput): void;
}

function startReplicaProcess(
	{onStart}: ChildReplicaOptions,
	onLog: (line: string) => void,
	clock: Clock,
): ReplicaProcess {
	const entry = fileURLToPath(builtModule(import.meta.resolve('./replica-process.js')));
	const child = spawn(process.execPath, [entry], {windowsHide: true});
	let isExpected = false;
	let isAbandoned = false;
	const exited = waitForExit(child).then(how => {
		if (isAbandoned || !isExpected) onLog(`the process ended: ${how}`);
		return how;
	});
	for (const stream of [child.stdout, child.stderr]) createInterface({input: stream}).on('line', onLog);
	// It has ended: which is told otherwise.
	child.stdin.on('error', () => undefined);
	if (child.pid !== undefined) onStart?.(child.pid);
	const kill = async (): Promise<void> => {
		isExpected = true;
		// Also ends one that is stopped.
		child.kill('SIGKILL');
		await exited;
	};
	return {
		exited,
		tell: input => void child.stdin.write(`${JSON.stringify(input)}\n`),
		end: async () => {
			isExpected = true;
			child.stdin.end();
			const cancel = clock.after(END_TIMEOUT_MS, () => void kill());
			await exited;
			cancel();
		},
		kill,
		abandon: () => {
			isAbandoned = true;
			return kill();
		},
	};
}

async function waitForExit(child: ChildProcessWithoutNullStreams): Promise<string> {
	try {
		// Not 'close': what it has started may hold its streams open.
		const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
		return signal ?? `exit code ${String(exitCode)}`;
	} catch (error) {
		return (error as Error).message;
	}
}
