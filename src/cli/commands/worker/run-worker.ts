import type {Channel} from '../../../core/engine/transport/channel.js';
import {connectChannel} from '../../../core/engine/transport/connect-channel.js';
import {listenForChannels} from '../../../core/engine/transport/listen-for-channels.js';
import type {RemoteEngine} from '../../../core/engine/transport/remote-engine.js';
import {serveEngine} from '../../../core/engine/transport/serve-engine.js';
import {formatSocketAddress, type SocketAddress} from '../../../core/engine/transport/socket-address.js';
import {openThreadReplica} from '../../../core/engine/transport/thread-replica.js';
import {whisperReplicaModule} from '../../../core/engine/whisper-replica-module.js';
import {assertDevice} from '../../../core/models/assert-device.js';
import {whenAborted} from '../../../core/util/when-aborted.js';
import type {CommandContext} from '../../command-context.js';
import {describeError} from '../../describe-error.js';
import {ensureInstalledModel} from '../../ensure-installed-model.js';
import {writeText} from '../../write-text.js';
import {withModelRun} from '../models/model-run.js';
import {readWorkerInput, type WorkerInput} from './worker-input.js';
import {parseWorkerOptions, type WorkerOptions} from './worker-options.js';

type WorkerContext = Pick<
	CommandContext,
	'stdin' | 'stdout' | 'stderr' | 'env' | 'clock' | 'signal' | 'openModelStore'
>;

/** The line a worker prints when it is ready: a published format (docs/cli.md). */
interface WorkerReady {
	readonly type: 'worker-listening' | 'worker-connected';
	readonly address: string;
	readonly id: string;
	readonly model: string;
}

/**
 * The work of `infinisst worker`. Asked to stop it takes no new sessions, and returns when those that run have ended;
 * so it does when the other end of --connect leaves.
 *
 * @param openReplica - replaces how the replica is opened, for tests.
 * @throws {InfinisstError} `REPLICA_LOST` if the model crashes; `PEER_UNREACHABLE` if the other end of --connect
 * vanishes; for options, the model and the device.
 */
export async function runWorker(
	flags: unknown,
	context: WorkerContext,
	openReplica: typeof openThreadReplica = openThreadReplica,
): Promise<void> {
	const options = parseWorkerOptions(flags);
	const input = await readWorkerInput(options, context);
	try {
		const model = await openModel(options, context);
		if (options.device !== 'auto' && options.device !== 'cpu') await assertDevice(options.device);
		const engine = await openReplica(
			whisperReplicaModule({
				graphsDirectory: model.graphsDirectory,
				id: options.id,
				model: model.name,
				threads: options.threads,
				device: options.device,
				settings: options.settings,
			}),
			{signal: AbortSignal.any([context.signal, input.ended])},
		);
		try {
			await serve(engine, model, {options, input, context});
		} finally {
			await engine.destroy();
		}
	} finally {
		input.close();
	}
}

interface WorkerModel {
	readonly name: string;
	/** Absolute. */
	readonly graphsDirectory: string;
}

/** Nobody watches a worker, so a missing model is fetched only where that was asked for. */
async function openModel(
	{model: wanted, precision, download, quiet}: WorkerOptions,
	context: WorkerContext,
): Promise<WorkerModel> {
	let model: WorkerModel | undefined;
	await withModelRun({json: false, quiet}, context, async ({onEvent}) => {
		const store = await context.openModelStore();
		const events = {onEvent, signal: context.signal};
		const options = {...events, store, mayFetch: download};
		const {name} = await ensureInstalledModel(wanted ?? store.catalogue.defaultModel, options);
		model = {name, graphsDirectory: await store.ensureGraphs(name, precision, events)};
	});
	return model!;
}

interface ServeParts {
	readonly options: WorkerOptions;
	readonly input: WorkerInput;
	readonly context: WorkerContext;
}

async function serve(engine: RemoteEngine, model: WorkerModel, parts: ServeParts): Promise<void> {
	const {options, input, context} = parts;
	const channels = new Set<Channel>();
	const serveChannel = async (channel: Channel): Promise<unknown> => {
		channels.add(channel);
		try {
			return await serveEngine(channel, engine);
		} finally {
			channels.delete(channel);
		}
	};
	const report = (error: unknown): void => {
		context.stderr.write(`infinisst: ${describeError(error, context.env).text}\n`);
	};
	const ready = (type: WorkerReady['type'], address: SocketAddress): Promise<void> => {
		const line: WorkerReady = {
			type,
			address: formatSocketAddress(address),
			id: engine.id,
			model: model.name,
		};
		return writeText(context.stdout, `${JSON.stringify(line)}\n`, context.signal);
	};
	const {token} = input;
	const {clock, signal} = context;
	const stopped = whenAborted(signal);
	const abandoned = whenAborted(input.ended);
	const lost = engine.gone.then(error => {
		throw error;
	});
	// Awaited below, while something runs.
	lost.catch(() => undefined);
	/** Lets what runs come to its end. */
	const drain = () => Promise.race([engine.close(), abandoned, lost]);
	try {
		if (options.role === 'listen') {
			const listener = await listenForChannels(options.address, {
				token,
				clock,
				onRefused: report,
				onChannel: channel => {
					void serveChannel(channel).then(cause => {
						if (cause !== undefined) report(cause);
					});
				},
			});
			try {
				await ready('worker-listening', listener.address);
				await Promise.race([stopped, abandoned, lost]);
			} finally {
				await listener.close();
			}
		} else {
			const channel = await connectChannel(options.address, {token, clock, signal});
			const left = serveChannel(channel).then(cause => {
				if (cause !== undefined) throw cause as Error;
			});
			left.catch(() => undefined);
			await ready('worker-connected', options.address);
			await Promise.race([stopped, abandoned, lost, left]);
		}

		await drain();
	} finally {
		for (const channel of channels) channel.close();
	}
}
