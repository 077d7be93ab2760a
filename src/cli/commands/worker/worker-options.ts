import {hostname} from 'node:os';
import * as z from 'zod';

import type {BatchSettings} from '../../../core/engine/engine.js';
import {DEFAULT_BATCH_SETTINGS} from '../../../core/engine/batch-settings.js';
import {
	isLocalAddress,
	parseSocketAddress,
	type SocketAddress,
} from '../../../core/engine/transport/socket-address.js';
import {InfinisstError} from '../../../core/errors.js';
import {DEVICES, type Device} from '../../../core/models/onnx-session.js';
import {DEFAULT_PRECISION, PRECISIONS, type Precision} from '../../../core/models/precision.js';
import {oneOf, parseOptions, wholeNumber} from '../../parse-options.js';

export interface WorkerOptions {
	readonly role: 'listen' | 'connect';
	readonly address: SocketAddress;
	readonly tokenStdin: boolean;
	readonly exitWithStdin: boolean;
	readonly id: string;
	/** Undefined: the catalogue's default. */
	readonly model: string | undefined;
	readonly precision: Precision;
	readonly device: Device;
	readonly threads: number;
	readonly settings: BatchSettings;
	readonly download: boolean;
	readonly quiet: boolean;
}

const schema = z.object({
	listen: z.string().optional(),
	connect: z.string().optional(),
	tokenStdin: z.boolean().default(false),
	exitWithStdin: z.boolean().default(false),
	id: z.string().min(1, 'must be a name').optional(),
	model: z.string().min(1, 'must name a model').optional(),
	precision: oneOf(['auto', ...PRECISIONS]).default('auto'),
	device: oneOf(DEVICES).default('auto'),
	threads: wholeNumber(1, 256).optional(),
	maxBatchSize: wholeNumber(1, 256).optional(),
	minBatchSize: wholeNumber(1, 256).optional(),
	batchTimeout: wholeNumber(0, 10_000).optional(),
	dynamicBatching: z.boolean().default(true),
	download: z.boolean().default(false),
	quiet: z.boolean().default(false),
});

/**
 * What `infinisst worker` shall do, with every default filled in.
 *
 * @throws {InfinisstError} `OPTION_INVALID`.
 */
export function parseWorkerOptions(flags: unknown): WorkerOptions {
	const parsed = parseOptions(schema, flags);
	const {listen, connect} = parsed;
	if ((listen === undefined) === (connect === undefined)) {
		throw new InfinisstError('OPTION_INVALID', 'A worker needs either --listen or --connect', {
			hint: 'Add --listen 127.0.0.1:7000, for example, or --connect with the address of what waits for it.',
		});
	}

	const address = parseSocketAddress((listen ?? connect)!);
	if (!parsed.tokenStdin && !isLocalAddress(address)) {
		throw new InfinisstError('OPTION_INVALID', `${(listen ?? connect)!} can be reached by others`, {
			hint: 'Add --token-stdin and give both ends the same token, or use an address of this machine.',
		});
	}

	return {
		role: listen === undefined ? 'connect' : 'listen',
		address,
		tokenStdin: parsed.tokenStdin,
		exitWithStdin: parsed.exitWithStdin,
		id: parsed.id ?? `worker-${hostname()}-${process.pid}`,
		model: parsed.model,
		precision: parsed.precision === 'auto' ? DEFAULT_PRECISION : parsed.precision,
		device: parsed.device,
		threads: parsed.threads ?? 1,
		settings: resolveSettings(parsed),
		download: parsed.download,
		quiet: parsed.quiet,
	};
}

function resolveSettings(parsed: z.output<typeof schema>): BatchSettings {
	const {batchTimeoutMs, minBatchSize} = DEFAULT_BATCH_SETTINGS;
	const maxBatchSize = parsed.maxBatchSize ?? DEFAULT_BATCH_SETTINGS.maxBatchSize;
	const settings: BatchSettings = {
		maxBatchSize,
		minBatchSize: parsed.minBatchSize ?? Math.min(minBatchSize, maxBatchSize),
		batchTimeoutMs: parsed.batchTimeout ?? batchTimeoutMs,
		dynamicBatching: parsed.dynamicBatching,
	};
	if (settings.minBatchSize > maxBatchSize) {
		throw new InfinisstError(
			'OPTION_INVALID',
			`--min-batch-size is ${settings.minBatchSize}, more than --max-batch-size, ${maxBatchSize}`,
		);
	}

	return settings;
}
