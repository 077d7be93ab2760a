import type {ReplicaStatistics} from '../../core/engine/engine.js';
import type {RoutedReplicaStatistics, Router} from '../../core/engine/router/router.js';
import {InfinisstError} from '../../core/errors.js';
import type {EngineSettings, ModelHost} from '../models/model-host.js';
import {describeFailure} from './failures.js';
import {roundToThousandths} from './round-to-thousandths.js';

/** Of `stats` in `GET /ray/stats`, in the shape that the original's statistics have. */
export type EngineDescription = Readonly<Record<string, unknown>>;

interface Worker {
	readonly name: string;
	readonly model: string;
	readonly routed: RoutedReplicaStatistics;
	/** Undefined while it is not running. */
	readonly measured: ReplicaStatistics | undefined;
}

/** @param activeSessions - of whoever asks. */
export async function describeEngine(models: ModelHost, activeSessions: number): Promise<EngineDescription> {
	const routers = [...models.routers()];
	const workers = (
		await Promise.all(routers.map(async ([model, router]) => findWorkers(model, router)))
	).flat();
	const routed = routers.map(([, router]) => router.routerStatistics());
	const sum = (of: (statistics: (typeof routed)[number]) => number): number =>
		routed.reduce((total, statistics) => total + of(statistics), 0);
	return {
		global_stats: {
			running_sessions: sum(({sessions}) => sessions),
			queued_sessions: sum(({queued}) => queued),
			failovers: sum(({failovers}) => failovers),
			moves: sum(({moves}) => moves),
			longest_pause_ms: Math.round(Math.max(0, ...routed.map(({longestPauseMs}) => longestPauseMs))),
			journal_bytes: sum(({journalBytes}) => journalBytes),
		},
		queue_stats: byName(workers, countWaiting),
		gpu_load: byName(workers, ({routed: {workPerSecondMs}}) => roundToThousandths(workPerSecondMs / 1000)),
		active_sessions: activeSessions,
		config: describeConfig(models.engineSettings),
		workers: workers.map(describeWorker),
		models: models.models().map(({name, state, activity, fraction, failure}) => ({
			name,
			state,
			activity: activity ?? null,
			fraction: fraction ?? null,
			error: failure === undefined ? null : describeFailure(failure),
		})),
	};
}

/** How the engines batch and place sessions, under the names of this API. */
export function describeConfig({batching, loadBalanceStrategy}: EngineSettings): EngineDescription {
	return {
		max_batch_size: batching.maxBatchSize,
		min_batch_size: batching.minBatchSize,
		batch_timeout_ms: batching.batchTimeoutMs,
		enable_dynamic_batching: batching.dynamicBatching,
		load_balance_strategy: loadBalanceStrategy,
	};
}

async function findWorkers(model: string, router: Router): Promise<readonly Worker[]> {
	const measured = await router.statistics().catch((error: unknown) => {
		// It is being closed, or all its replicas are lost at the moment.
		if (InfinisstError.is(error)) return [];
		throw error;
	});
	const {replicas} = router.routerStatistics();
	const ready = replicas.filter(({state}) => state === 'ready');
	return replicas.map(routed => ({
		name: `${model}/${routed.id}`,
		model,
		routed,
		// Told in the order of the replicas that run; where one was lost meanwhile, nobody knows whose is whose.
		measured: measured.length === ready.length ? measured[ready.indexOf(routed)] : undefined,
	}));
}

function describeWorker({name, model, routed, measured}: Worker): EngineDescription {
	return {
		id: name,
		model,
		state: routed.state,
		sessions: routed.sessions,
		starts: routed.starts,
		losses: routed.losses,
		...(measured !== undefined && {
			up_seconds: Math.round(measured.upMs / 1000),
			resident_bytes: measured.residentBytes,
			free_device_bytes: measured.freeDeviceBytes,
			batch_sizes: measured.batchSizes,
			queue_wait_ms: measured.queueWaitMs,
			encode_ms: measured.encodeMs,
			decode_step_ms: measured.decodeStepMs,
			guards: measured.guards,
		}),
	};
}

/** Sessions whose audio waits for more than a look's time to be heard. */
function countWaiting({measured}: Worker): number {
	return measured?.sessions.filter(({waitingMs}) => waitingMs > MAX_ORDINARY_WAIT_MS).length ?? 0;
}

/** Audio is listened to every 256 ms, so that this much always waits. */
const MAX_ORDINARY_WAIT_MS = 256;

function byName(
	workers: readonly Worker[],
	of: (worker: Worker) => number,
): Readonly<Record<string, number>> {
	return Object.fromEntries(workers.map(worker => [worker.name, of(worker)]));
}
