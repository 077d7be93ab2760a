import {describe, expect, it} from 'vitest';

import {parseWorkerOptions} from '../../../../../src/cli/commands/worker/worker-options.js';
import {DEFAULT_BATCH_SETTINGS} from '../../../../../src/core/engine/batch-settings.js';
import {catchError} from '../../../../helpers/catch-error.js';

describe('parseWorkerOptions()', () => {
	it('fills in what is not said', () => {
		const options = parseWorkerOptions({listen: '127.0.0.1:0', dynamicBatching: true});
		expect(options).toMatchObject({
			role: 'listen',
			address: {host: '127.0.0.1', port: 0},
			tokenStdin: false,
			exitWithStdin: false,
			model: undefined,
			device: 'auto',
			threads: 1,
			settings: DEFAULT_BATCH_SETTINGS,
			download: false,
		});
		expect(options.id).toContain(String(process.pid));
	});

	it('takes what is said', () => {
		const flags = {
			connect: 'router.example:7000',
			tokenStdin: true,
			id: 'a',
			precision: 'q8',
			threads: '2',
			maxBatchSize: '16',
			minBatchSize: '4',
			batchTimeout: '0',
			dynamicBatching: false,
		};
		expect(parseWorkerOptions(flags)).toMatchObject({
			role: 'connect',
			address: {host: 'router.example', port: 7000},
			id: 'a',
			precision: 'q8',
			threads: 2,
			settings: {maxBatchSize: 16, minBatchSize: 4, batchTimeoutMs: 0, dynamicBatching: false},
		});
	});

	it('lets the smallest batch follow a smaller largest one', () => {
		const {settings} = parseWorkerOptions({listen: 'localhost:1', maxBatchSize: '1', dynamicBatching: true});
		expect(settings).toMatchObject({maxBatchSize: 1, minBatchSize: 1});
	});

	it.each([
		[{}, 'A worker needs either --listen or --connect'],
		[{listen: 'localhost:1', connect: 'localhost:1'}, 'A worker needs either --listen or --connect'],
		[{listen: '7000'}, '"7000" is no address'],
		[{listen: '0.0.0.0:7000'}, '0.0.0.0:7000 can be reached by others'],
		[{connect: 'router.example:7000'}, 'router.example:7000 can be reached by others'],
		[
			{listen: 'localhost:1', maxBatchSize: '257'},
			'--max-batch-size must be a whole number from 1 to 256, not "257"',
		],
		[
			{listen: 'localhost:1', minBatchSize: '7', maxBatchSize: '6'},
			'--min-batch-size is 7, more than --max-batch-size, 6',
		],
		[{listen: 'localhost:1', device: 'tpu'}, '--device must be one of auto, cpu, cuda, webgpu, not "tpu"'],
	])('refuses %j', (flags, message) => {
		expect(catchError(() => parseWorkerOptions(flags))).toMatchObject({code: 'OPTION_INVALID', message});
	});
});
