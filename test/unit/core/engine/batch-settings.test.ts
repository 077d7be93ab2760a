import {expect, it} from 'vitest';
import {changeBatchSettings, DEFAULT_BATCH_SETTINGS} from '../../../../src/core/engine/batch-settings.js';
import {catchError} from '../../../helpers/catch-error.js';

it('changes what is named and nothing else', () => {
	const changed = changeBatchSettings(DEFAULT_BATCH_SETTINGS, {batchTimeoutMs: 0.5, dynamicBatching: false});
	expect(changed).toEqual({...DEFAULT_BATCH_SETTINGS, batchTimeoutMs: 0.5, dynamicBatching: false});
});

it('waits for no more than may be decoded together, without being told', () => {
	const four = changeBatchSettings(DEFAULT_BATCH_SETTINGS, {maxBatchSize: 8, minBatchSize: 4});
	expect(changeBatchSettings(four, {maxBatchSize: 3})).toMatchObject({maxBatchSize: 3, minBatchSize: 3});
	expect(changeBatchSettings(four, {maxBatchSize: 5})).toMatchObject({maxBatchSize: 5, minBatchSize: 4});
});

it.each([
	[{maxBatchSize: 0}, 'maxBatchSize must be a whole number from 1 to 256, not 0'],
	[{maxBatchSize: NaN}, 'maxBatchSize must be a whole number from 1 to 256, not NaN'],
	[{minBatchSize: 7}, 'minBatchSize must be a whole number from 1 to 6, not 7'],
	[{minBatchSize: 1.5}, 'minBatchSize must be a whole number from 1 to 6, not 1.5'],
	[{batchTimeoutMs: 10_001}, 'batchTimeoutMs must be a number from 0 to 10000, not 10001'],
])('refuses %o', (change, message) => {
	const error = catchError(() => changeBatchSettings(DEFAULT_BATCH_SETTINGS, change));
	expect(error).toMatchObject({code: 'OPTION_INVALID', message});
});
