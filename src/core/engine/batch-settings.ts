import {InfinisstError} from '../errors.js';
import type {BatchSettings} from './engine.js';

/** More than 6 sequences gain no time on a processor (bench/file). */
export const DEFAULT_BATCH_SETTINGS: BatchSettings = {
	maxBatchSize: 6,
	minBatchSize: 1,
	batchTimeoutMs: 100,
	dynamicBatching: true,
};

/**
 * @returns `current` with what `change` names.
 * @throws {InfinisstError} `OPTION_INVALID` for a value out of its range.
 */
export function changeBatchSettings(current: BatchSettings, change: Partial<BatchSettings>): BatchSettings {
	const settings: BatchSettings = {
		maxBatchSize: change.maxBatchSize ?? current.maxBatchSize,
		minBatchSize: change.minBatchSize ?? current.minBatchSize,
		batchTimeoutMs: change.batchTimeoutMs ?? current.batchTimeoutMs,
		dynamicBatching: change.dynamicBatching ?? current.dynamicBatching,
	};
	assertRange('maxBatchSize', settings.maxBatchSize, 1, 256);
	assertRange('minBatchSize', settings.minBatchSize, 1, settings.maxBatchSize);
	assertRange('batchTimeoutMs', settings.batchTimeoutMs, 0, 10_000);
	return settings;
}

function assertRange(name: keyof BatchSettings, value: number, smallest: number, largest: number): void {
	const isWhole = name === 'batchTimeoutMs' || Number.isInteger(value);
	if (isWhole && value >= smallest && value <= largest) return;
	const kind = name === 'batchTimeoutMs' ? 'number' : 'whole number';
	throw new InfinisstError(
		'OPTION_INVALID',
		`${name} must be a ${kind} from ${smallest} to ${largest}, not ${String(value)}`,
	);
}
