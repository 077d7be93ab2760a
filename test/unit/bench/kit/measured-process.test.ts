import {describe, expect, it} from 'vitest';
import {measureProcess} from '../../../../bench/kit/measured-process.js';

function runNode(source: string) {
	return measureProcess({program: process.execPath, args: ['-e', source]});
}

describe('measured process', () => {
	it('counts the memory the program held at once and none of ours', async () => {
		// Ours grows past the program's, to show that it is not taken for the program's.
		const ballast = Buffer.alloc(400_000_000, 1);
		const small = await runNode('0');
		const large = await runNode('Buffer.alloc(200_000_000, 1)');
		expect(small.peakResidentBytes).toBeGreaterThan(10_000_000);
		expect(small.peakResidentBytes).toBeLessThan(150_000_000);
		expect(large.peakResidentBytes - small.peakResidentBytes).toBeGreaterThan(190_000_000);
		expect(large.peakResidentBytes - small.peakResidentBytes).toBeLessThan(260_000_000);
		expect(ballast.at(-1)).toBe(1);
	});

	it('counts the processor time of threads other than the first', async () => {
		const {userMs} = await runNode(
			`const {Worker} = require('node:worker_threads');
			new Worker('while (process.cpuUsage().user < 300_000);', {eval: true});`,
		);
		expect(userMs).toBeGreaterThanOrEqual(300);
	});

	it('gives the lines in order with a time within the run', async () => {
		const {lines, wallMs} = await runNode(
			`console.log('first'); setTimeout(() => console.log('second'), 20);`,
		);
		expect(lines.map(({text}) => text)).toEqual(['first', 'second']);
		expect(lines[0]!.atMs).toBeGreaterThan(0);
		expect(lines[1]!.atMs).toBeGreaterThan(lines[0]!.atMs);
		expect(wallMs).toBeGreaterThan(lines[1]!.atMs - lines[0]!.atMs);
	});

	it('says how a program failed, with the end of what it complained', async () => {
		await expect(runNode(`console.error('no such model'); process.exit(3)`)).rejects.toThrow(
			/ended with 3:\nno such model/,
		);
	});

	it('says so when there is no such program', async () => {
		await expect(measureProcess({program: 'no-such-program-here', args: []})).rejects.toThrow(
			/no-such-program-here/,
		);
	});
});
