import {readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';

import {laal} from '../../../../src/core/scoring/laal.js';
import {describeWithShared, sharedPath} from '../../../helpers/shared.js';

interface Instance {
	readonly delays: readonly number[];
	readonly source_length: number;
}

interface Expected {
	readonly reference_length: readonly number[];
	readonly latency: Record<
		'use_ref_len' | 'no_use_ref_len',
		{readonly LAAL: {readonly per_instance: readonly (number | null)[]}}
	>;
}

it.each([
	// Pace 4000 / 4 = 1000: ((1000 - 0) + (2000 - 1000) + (3000 - 2000) + (4000 - 3000)) / 4.
	['an even pace', [1000, 2000, 3000, 4000], 4000, 4, 1000],
	// Pace 4000 / 4: ((2000 - 0) + (2000 - 1000) + (4000 - 2000)) / 3; the fourth came after the end as well.
	['units behind the end', [2000, 2000, 4000, 4000], 4000, 4, 5000 / 3],
	// Pace 4000 / 8 = 500: ((1000 - 0) + (2000 - 500)) / 2.
	['a reference that is longer', [1000, 2000], 4000, 8, 1250],
	['all after the end', [5000, 6000], 4000, 2, 5000],
	['nothing', [], 4000, 3, undefined],
])('lags for %s as computed by hand', (_title, delays, sourceMs, reference, expected) => {
	expect(laal(delays, sourceMs, reference)).toBe(expected);
});

describeWithShared('against SimulEval', () => {
	it.each(['word', 'char'] as const)('gives the same figure for each instance (%s)', async unit => {
		const folder = `metrics/dev/shortform/${unit}/`;
		const lines = (await readFile(sharedPath(`${folder}instances.log`), 'utf8')).trim().split('\n');
		const {latency, reference_length} = JSON.parse(
			await readFile(sharedPath(`${folder}expected.simuleval.json`), 'utf8'),
		) as Expected;
		const instances = lines.map(line => JSON.parse(line) as Instance);
		const withReference = instances.map(({delays, source_length}, index) =>
			laal(delays, source_length, reference_length[index]!),
		);
		const without = instances.map(({delays, source_length}) => laal(delays, source_length, delays.length));
		expectSame(withReference, latency.use_ref_len.LAAL.per_instance);
		expectSame(without, latency.no_use_ref_len.LAAL.per_instance);
	});
});

function expectSame(seen: readonly (number | undefined)[], expected: readonly (number | null)[]): void {
	expect(seen.length).toBe(expected.length);
	for (const [index, value] of expected.entries()) {
		if (value === null) expect(seen[index]).toBeUndefined();
		else expect(seen[index]).toBeCloseTo(value, 6);
	}
}
