import {availableParallelism} from 'node:os';
import {openModelStore} from '../../src/cli/open-model-store.js';
import type {Engine} from '../../src/core/engine/engine.js';
import {openRouter} from '../../src/core/engine/router/router.js';
import {openChildReplica} from '../../src/core/engine/transport/child-replica.js';
import {openThreadReplica} from '../../src/core/engine/transport/thread-replica.js';
import {whisperReplicaModule} from '../../src/core/engine/whisper-replica-module.js';
import {DEFAULT_PRECISION} from '../../src/core/models/precision.js';

/** Where our engine runs: in threads of the program, as `translate` has it, or in processes behind the router. */
export const LIVE_TRANSPORTS = ['thread', 'process'] as const;

export type LiveTransport = (typeof LIVE_TRANSPORTS)[number];

export interface LiveEngineOptions {
	readonly transport: LiveTransport;
	/** Copies of the model. @default one for each core: one thread in each does more than all in one */
	readonly replicas?: number;
	/** Of each copy. @default the replica's own */
	readonly threads?: number;
}

export interface LiveEngine {
	readonly engine: Engine;
	/** Model, policy and transport. */
	readonly description: string;
	readonly runsInProcesses: boolean;
}

/** Opens our engine with the default model at its default precision. Needs a build. */
export async function openLiveEngine(options: LiveEngineOptions): Promise<LiveEngine> {
	const {transport, replicas = availableParallelism(), threads} = options;
	const store = openModelStore({env: process.env, cwd: process.cwd()});
	const {name: model} = await store.pull(store.catalogue.defaultModel);
	const graphsDirectory = await store.ensureGraphs(model, DEFAULT_PRECISION);
	const describeReplica = (id: string) =>
		whisperReplicaModule({graphsDirectory, id, model, ...(threads !== undefined && {threads})});
	const openInThread = (id: string, signal?: AbortSignal): Promise<Engine> =>
		openThreadReplica(describeReplica(id), signal === undefined ? {} : {signal});
	const openInProcess = (id: string, signal: AbortSignal): Promise<Engine> =>
		openChildReplica(describeReplica(id), {signal, onLog: line => console.error(line)});
	const isRouted = transport === 'process' || replicas > 1;
	const engine = isRouted
		? await openRouter({
				replicas,
				startReplica: ({id, signal}) =>
					transport === 'process' ? openInProcess(id, signal) : openInThread(id, signal),
			})
		: await openInThread('replica');
	return {
		engine,
		description: [
			`${engine.capabilities.model} ${DEFAULT_PRECISION}, ${engine.capabilities.policies[0]!}`,
			`${replicas} ${transport}${replicas === 1 ? '' : transport === 'process' ? 'es' : 's'}${isRouted ? ' behind the router' : ''}`,
			...(threads === undefined ? [] : [`threads ${threads}`]),
		].join(', '),
		runsInProcesses: transport === 'process',
	};
}
