/** Ray's own classes and ours answer for the same events, which a random generator makes up. */
import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {expect, it} from 'vitest';

import {isObject} from '../../../src/history/ingest/wire-values.js';
import {ask, ingestBatches, readBody} from '../../helpers/history.js';
import {describeWithRay, ensureRay} from '../../helpers/real-ray.js';

const program = fileURLToPath(new URL('../../fixtures/ray/own-answers.py', import.meta.url));

interface Made {
	readonly events: readonly unknown[];
	readonly answers: readonly {readonly address: string; readonly status: number; readonly body: string}[];
}

async function makeAnswers(seed: number): Promise<Made> {
	const python = join(await ensureRay(), 'python');
	const {stdout} = await promisify(execFile)(python, [program, String(seed)], {maxBuffer: 2 ** 28});
	return JSON.parse(stdout) as Made;
}

describeWithRay("filters, sums and timelines of Ray's own code", () => {
	it.each([1, 2])('are ours too (seed %i)', async seed => {
		const {events, answers} = await makeAnswers(seed);
		const {store, reader} = await ingestBatches([events]);
		const differing = answers.filter(({address, status, body}) => {
			const ours = ask(reader, address);
			if (ours.status !== status) return true;
			// What is wrong with a column names all that there are, in any order.
			if (status !== 200) return status === 400 && readMessage(readBody(ours)) !== readMessage(body);
			return JSON.stringify(normalize(readBody(ours))) !== JSON.stringify(normalize(body));
		});
		store.close();
		expect(answers.length).toBeGreaterThan(150);
		expect(differing.map(({address}) => address)).toEqual([]);
	});
});

function readMessage(body: string): string {
	return (JSON.parse(body) as {msg: string}).msg.replace(/\{.*\}/s, '').replace(/input_value=.*/, '');
}

/** Without what depends on the order in which events came, or that this code leaves to the rest of the head. */
function normalize(body: string): unknown {
	return simplify(JSON.parse(body), '');
}

function simplify(value: unknown, name: string): unknown {
	if (Array.isArray(value)) {
		const items = value.map(item => simplify(item, name));
		return name === 'result' || !items.every(isObject)
			? items
			: items.map(item => JSON.stringify(item)).sort();
	}

	if (!isObject(value)) return value;
	const members = Object.entries(value).filter(
		([member]) =>
			// Rows of the picture get their numbers as they are met.
			!(isObject(value['args']) && ['pid', 'tid'].includes(member)) && member !== 'fallback_strategy',
	);
	return Object.fromEntries(
		members
			.map(([member, inner]) => [member, simplify(inner, member)] as const)
			.sort(([a], [b]) => (a < b ? -1 : 1)),
	);
}
