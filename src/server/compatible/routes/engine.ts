import type {FastifyInstance} from 'fastify';
import {z} from 'zod';

import {
	LOAD_BALANCE_STRATEGIES,
	type LoadBalanceStrategy,
} from '../../../core/engine/router/placement/placements.js';
import {InfinisstError} from '../../../core/errors.js';
import type {EngineSettingsChange} from '../../models/model-host.js';
import type {ServerParts} from '../../server-parts.js';
import type {CompatibleSessions} from '../compatible-sessions.js';
import {describeConfig, describeEngine} from '../describe-engine.js';
import {addEndpoint} from '../endpoint.js';

export interface EngineRouteParts extends Pick<ServerParts, 'models'> {
	readonly sessions: CompatibleSessions;
}

interface AskedConfig {
	readonly max_batch_size?: number | undefined;
	readonly min_batch_size?: number | undefined;
	readonly batch_timeout_ms?: number | undefined;
	readonly enable_dynamic_batching?: boolean | undefined;
	readonly load_balance_strategy?: string | undefined;
}

/** What the engines do, and how they batch and place sessions, under the names of the original and under its older ones. */
export function registerEngine(app: FastifyInstance, {models, sessions}: EngineRouteParts): void {
	addEndpoint(app, {
		method: 'GET',
		url: '/ray/stats',
		summary: 'What the engines do',
		parameters: {},
		answer: {success: z.boolean(), stats: z.looseObject({})},
		handle: async (_parameters, request) => ({
			success: true,
			stats: await describeEngine(models, sessions.list(request).length),
		}),
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/ray/configure',
		summary: 'Change how the engines batch and place sessions, at once',
		parameters: {
			max_batch_size: z.int().optional(),
			min_batch_size: z.int().optional(),
			batch_timeout_ms: z.number().optional(),
			enable_dynamic_batching: z.boolean().optional(),
			load_balance_strategy: z.string().optional(),
		},
		answer: {success: z.boolean(), updated_config: z.looseObject({})},
		async handle(asked) {
			const settings = await models.configure(parseConfig(asked, models.engineSettings.batching));
			return {success: true, updated_config: describeConfig(settings)};
		},
	});

	addEndpoint(app, {
		method: 'GET',
		url: '/dynamic_schedule_stats',
		summary: 'How the engines batch, under older names',
		parameters: {},
		answer: {success: z.boolean(), stats: z.looseObject({})},
		async handle(_parameters, request) {
			const {queue_stats, global_stats, workers} = await describeEngine(
				models,
				sessions.list(request).length,
			);
			return {success: true, stats: {...describeSchedule(), queue_stats, global_stats, workers}};
		},
	});

	addEndpoint(app, {
		method: 'POST',
		url: '/configure_dynamic_schedule',
		summary: 'Change how the engines batch, under older names',
		parameters: {
			enabled: z.boolean().optional(),
			wait_threshold_ms: z.number().optional(),
			min_batch_size: z.int().optional(),
			max_batch_size: z.int().optional(),
		},
		answer: {success: z.boolean(), updated_config: z.looseObject({})},
		async handle({enabled, wait_threshold_ms, ...sizes}) {
			assertRange('wait_threshold_ms', wait_threshold_ms, 0, 10_000);
			await models.configure(
				parseConfig(
					{...sizes, enable_dynamic_batching: enabled, batch_timeout_ms: wait_threshold_ms},
					models.engineSettings.batching,
				),
			);
			return {success: true, updated_config: describeSchedule()};
		},
	});

	function describeSchedule(): Readonly<Record<string, unknown>> {
		const {batching} = models.engineSettings;
		return {
			enabled: batching.dynamicBatching,
			wait_threshold_ms: batching.batchTimeoutMs,
			min_batch_size: batching.minBatchSize,
			max_batch_size: batching.maxBatchSize,
		};
	}
}

/** @throws {InfinisstError} `OPTION_INVALID`, under the names of this API. */
function parseConfig(asked: AskedConfig, current: {readonly maxBatchSize: number}): EngineSettingsChange {
	const {max_batch_size, min_batch_size, batch_timeout_ms, enable_dynamic_batching} = asked;
	assertRange('max_batch_size', max_batch_size, 1, 256);
	assertRange('min_batch_size', min_batch_size, 1, max_batch_size ?? current.maxBatchSize);
	assertRange('batch_timeout_ms', batch_timeout_ms, 0, 10_000);
	return {
		batching: {
			...(max_batch_size !== undefined && {maxBatchSize: max_batch_size}),
			...(min_batch_size !== undefined && {minBatchSize: min_batch_size}),
			...(batch_timeout_ms !== undefined && {batchTimeoutMs: batch_timeout_ms}),
			...(enable_dynamic_batching !== undefined && {dynamicBatching: enable_dynamic_batching}),
		},
		...(asked.load_balance_strategy !== undefined && {
			loadBalanceStrategy: parseStrategy(asked.load_balance_strategy),
		}),
	};
}

function parseStrategy(text: string): LoadBalanceStrategy {
	const strategy = LOAD_BALANCE_STRATEGIES.find(name => name === text);
	if (strategy !== undefined) return strategy;
	throw new InfinisstError(
		'OPTION_INVALID',
		`load_balance_strategy must be one of ${LOAD_BALANCE_STRATEGIES.join(', ')}`,
	);
}

function assertRange(name: string, value: number | undefined, smallest: number, largest: number): void {
	if (value === undefined || (value >= smallest && value <= largest)) return;
	throw new InfinisstError('OPTION_INVALID', `${name} must be from ${smallest} to ${largest}, not ${value}`);
}
