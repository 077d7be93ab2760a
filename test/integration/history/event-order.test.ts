import {beforeAll, expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {ask, ingestBatches, readBody, readRecordedBatches} from '../../helpers/history.js';
import {describeWithShared} from '../../helpers/shared.js';

/** Every answer that is made from events. */
const ADDRESSES = [
	'/api/v0/tasks?detail=1&limit=10000&exclude_driver=false',
	'/api/v0/tasks/summarize',
	'/api/v0/tasks/summarize?summary_by=lineage',
	'/api/v0/tasks/timeline',
	'/api/v0/actors?detail=1&limit=10000',
	'/api/v0/nodes?detail=1',
	'/api/v0/workers?detail=1&limit=10000',
	'/api/v0/jobs?detail=1',
	'/api/jobs/',
	'/logical/actors',
	'/nodes?view=summary',
	'/api/v0/tasks?detail=1&limit=10000&filter_keys=state&filter_predicates=%3D&filter_values=FAILED',
];

async function answersAfter(batches: readonly (readonly unknown[])[]): Promise<readonly string[]> {
	const {store, reader} = await ingestBatches(batches);
	const bodies = ADDRESSES.map(address => readBody(ask(reader, address)));
	store.close();
	return bodies;
}

function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
	const shuffled = [...items];
	for (let at = shuffled.length - 1; at > 0; at -= 1) {
		const other = Math.floor(random() * (at + 1));
		[shuffled[at], shuffled[other]] = [shuffled[other]!, shuffled[at]!];
	}

	return shuffled;
}

/** Some events once more, all of them shuffled, in batches of any size. */
function scramble(events: readonly unknown[], seed: number): unknown[][] {
	const random = createRandom(seed);
	const repeated = events.filter(() => random() < 0.3);
	const shuffled = shuffle([...events, ...repeated], random);
	const batches: unknown[][] = [];
	while (shuffled.length > 0) batches.push(shuffled.splice(0, 1 + Math.floor(random() * 700)));
	return batches;
}

describeWithShared('the order of events', () => {
	let batches: readonly (readonly unknown[])[];
	let expected: readonly string[];

	beforeAll(async () => {
		batches = readRecordedBatches();
		expected = await answersAfter(batches);
	});

	it('is that of a session with tasks', () => {
		expect(JSON.parse(expected[0]!)).toMatchObject({data: {result: {total: 470}}});
	});

	it.each([1, 2, 3, 4])('does not matter, nor does their repetition (seed %i)', async seed => {
		const actual = await answersAfter(scramble(batches.flat(), seed));
		for (const [index, body] of actual.entries()) {
			expect(body === expected[index], `${ADDRESSES[index]} differs`).toBe(true);
		}
	});

	it('does not matter for whole batches that come again long after', async () => {
		const again = [...batches, ...batches.slice(10, 40), ...batches.slice(0, 5)];
		expect(await answersAfter(again)).toEqual(expected);
	});
});
