import {LATENCY_MULTIPLIERS, type LatencyMultiplier} from '../../core/engine/engine.js';
import {InfinisstError} from '../../core/errors.js';

/** @throws {InfinisstError} `OPTION_INVALID`. */
export function parseLatencyMultiplier(value: number): LatencyMultiplier {
	const multiplier = LATENCY_MULTIPLIERS.find(each => each === value);
	if (multiplier !== undefined) return multiplier;
	throw new InfinisstError('OPTION_INVALID', `latency_multiplier must be 1, 2, 3 or 4, not ${value}`);
}
