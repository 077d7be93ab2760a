import {InfinisstError} from '../errors.js';
import type {BatchSettings} from './engine.js';

/**
 * More than 6 sequences gain no time on a processor (bench/file). Pairs are answered earlier than single looks or larger
 * groups where looks wait for one another (simulated from measured costs): audio and prompts are taken one by one and
 * are four fifths of the work, so that little is left to be shared.
 */
export const DEFAULT_BATCH_SETTINGS: BatchSettings = {
	maxBatchSize: 6,
	minBatchSize: 2,
	batchTimeoutMs: 100,
	dynamicBatching: true,
};

/**
 * @returns `current` with what `change` names; `minBatchSize`, where it is not named, follows a smaller `maxBatchSize`.
 * @throws {InfinisstError} `OPTION_INVALID` for a value out of its range.
 */
export function changeBatchSettings(current: BatchSettings, change: Partial<BatchSettings>): BatchSettings {
	const maxBatchSize = change.maxBatchSize ?? current.maxBatchSize;
	const settings: BatchSettings = {
		maxBatchSize,
		// At least 1, so that it is `maxBatchSize` that is refused where that is wrong.
		minBatchSize: change.minBatchSize ?? Math.max(1, Math.min(current.minBatchSize, maxBatchSize)),
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
