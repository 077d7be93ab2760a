import {Counter, Gauge} from 'prom-client';

import type {Distribution, ReplicaStatistics} from '../../core/engine/engine.js';
import type {ServerParts} from '../server-parts.js';

/** A replica that does not answer by then is left out: figures of the others are worth more than waiting. */
const PATIENCE_MS = 1000;

/** @returns asks the replicas of all models for their statistics; to be awaited before figures are read. */
export function measureReplicas({
	metrics,
	models,
	clock,
}: Pick<ServerParts, 'metrics' | 'models' | 'clock'>): () => Promise<void> {
	const labelNames = ['model', 'replica'] as const;
	const gauge = <Label extends string = never>(
		name: string,
		help: string,
		...more: Label[]
	): Gauge<Label | (typeof labelNames)[number]> =>
		new Gauge({
			name: `infinisst_replica_${name}`,
			help,
			labelNames: [...labelNames, ...more],
			registers: [metrics],
		});
	const counter = <Label extends string = never>(
		name: string,
		help: string,
		...more: Label[]
	): Counter<Label | (typeof labelNames)[number]> =>
		new Counter({
			name: `infinisst_replica_${name}`,
			help,
			labelNames: [...labelNames, ...more],
			registers: [metrics],
		});

	const upSeconds = gauge('up_seconds', 'Since the replica was started.');
	const sessions = gauge('sessions', 'Sessions on the replica.');
	const waiting = gauge('waiting_seconds', 'Audio that was taken and not yet listened to.');
	const resident = gauge('resident_bytes', 'Memory that the replica holds.');
	const queueWait = gauge(
		'queue_wait_seconds',
		'From being ready to being begun, of the last thousand.',
		'quantile',
	);
	const encode = gauge('encode_seconds', 'One encoding, of the last thousand.', 'quantile');
	const step = gauge('decode_step_seconds', 'One step of a batch, of the last thousand.', 'quantile');
	const batches = counter('batches_total', 'Steps by how many sequences were decoded together.', 'size');
	const encodings = counter('encodings_total', 'Encodings.');
	const steps = counter('decode_steps_total', 'Steps of the decoder.');
	const guards = counter(
		'guards_total',
		'Loops that were stopped, texts on silence that were dropped, rewinds.',
		'guard',
	);
	const perReplica = [
		upSeconds,
		sessions,
		waiting,
		resident,
		queueWait,
		encode,
		step,
		batches,
		encodings,
		steps,
		guards,
	];

	const failovers = new Counter({
		name: 'infinisst_failovers_total',
		help: 'Sessions that went on elsewhere because their replica was lost.',
		labelNames: ['model'],
		registers: [metrics],
	});
	const journal = new Gauge({
		name: 'infinisst_journal_bytes',
		help: 'Audio that is kept so that another replica can go on.',
		labelNames: ['model'],
		registers: [metrics],
	});
	const losses = new Counter({
		name: 'infinisst_replica_losses_total',
		help: 'Replicas that were lost.',
		labelNames,
		registers: [metrics],
	});

	const replicas = new Gauge({
		name: 'infinisst_replicas',
		help: 'Replicas there are, by model and state.',
		labelNames: ['model', 'state'],
		registers: [metrics],
	});

	return async () => {
		const routers = [...models.routers()];
		const answers = await Promise.all(routers.map(([, router]) => within(router.statistics(), clock)));
		for (const metric of [...perReplica, failovers, journal, losses, replicas]) metric.reset();
		for (const [index, [model, router]] of routers.entries()) {
			const routed = router.routerStatistics();
			failovers.inc({model}, routed.failovers);
			journal.set({model}, routed.journalBytes);
			for (const {id, state, losses: lost} of routed.replicas) {
				replicas.inc({model, state});
				losses.inc({model, replica: id}, lost);
			}
			for (const replica of answers[index]!) show(model, replica);
		}
	};

	function show(model: string, replica: ReplicaStatistics): void {
		const labels = {model, replica: replica.id};
		upSeconds.set(labels, replica.upMs / 1000);
		sessions.set(labels, replica.sessions.length);
		waiting.set(labels, replica.sessions.reduce((sum, {waitingMs}) => sum + waitingMs, 0) / 1000);
		resident.set(labels, replica.residentBytes);
		showDistribution(queueWait, labels, replica.queueWaitMs);
		showDistribution(encode, labels, replica.encodeMs);
		showDistribution(step, labels, replica.decodeStepMs);
		encodings.inc(labels, replica.encodeMs.count);
		steps.inc(labels, replica.decodeStepMs.count);
		for (const [size, count] of Object.entries(replica.batchSizes)) batches.inc({...labels, size}, count);
		for (const [guard, count] of Object.entries(replica.guards)) guards.inc({...labels, guard}, count);
	}
}

function showDistribution(
	gauge: Gauge<'model' | 'replica' | 'quantile'>,
	labels: {readonly model: string; readonly replica: string},
	{p50, p95, max}: Distribution,
): void {
	for (const [quantile, valueMs] of [
		['0.5', p50],
		['0.95', p95],
		['1', max],
	] as const) {
		gauge.set({...labels, quantile}, valueMs / 1000);
	}
}

async function within(
	statistics: Promise<readonly ReplicaStatistics[]>,
	clock: ServerParts['clock'],
): Promise<readonly ReplicaStatistics[]> {
	let cancel: () => void = () => undefined;
	const patience = new Promise<readonly ReplicaStatistics[]>(resolve => {
		cancel = clock.after(PATIENCE_MS, () => resolve([]));
	});
	try {
		return await Promise.race([statistics.catch(() => []), patience]);
	} finally {
		cancel();
	}
}
