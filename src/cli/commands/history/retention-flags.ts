import {z} from 'zod';

import type {PruneRules} from '../../../history/store/prune.js';
import {wholeNumber} from '../../parse-options.js';
import {parseDuration, parseSize} from './parse-moment.js';

/** What a collector and a server keep, for as long as they run. */
export const retentionFlags = {
	retainAge: z.string().optional(),
	retainSize: z.string().optional(),
	retainSessions: wholeNumber(1, 1_000_000).optional(),
};

/** Undefined where nothing is to be deleted. @throws {InfinisstError} `OPTION_INVALID`. */
export function readRetention({
	retainAge,
	retainSize,
	retainSessions,
}: z.output<z.ZodObject<typeof retentionFlags>>): PruneRules | undefined {
	if (retainAge === undefined && retainSize === undefined && retainSessions === undefined) return undefined;
	return {
		...(retainAge === undefined ? {} : {olderThanMs: parseDuration('retain-age', retainAge)}),
		...(retainSize === undefined ? {} : {maxBytes: parseSize('retain-size', retainSize)}),
		...(retainSessions === undefined ? {} : {keepCount: retainSessions}),
	};
}
