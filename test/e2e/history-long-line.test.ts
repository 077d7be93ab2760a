import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {expect, it} from 'vitest';

import {makeTaskEvents} from '../helpers/history.js';
import {runProgram} from '../helpers/run-program.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

const LINE_BYTES = 100_000_000;

/**
 * A process says at its end how much memory it had at most, in kB. What `resourceUsage()` tells begins with the memory
 * of the process that started it.
 */
const REPORT = `data:text/javascript,import {readFileSync} from 'node:fs';process.on('exit',()=>process.stderr.write('peak '+readFileSync('/proc/self/status','utf8').split('VmHWM:')[1].trim().split(' ')[0]))`;

/** An import of a storage with one file of events. @returns its peak memory in bytes, and what it printed. */
async function importFile(events: Buffer): Promise<{readonly peakBytes: number; readonly result: unknown}> {
	const folder = await temporaryDirectory();
	const path = join(folder, 'storage/cluster-history/raycluster/a/b/session_1/node1/job_events/01000000');
	await mkdir(path, {recursive: true});
	await writeFile(join(path, 'node1-2026-11-23-05-1.jsonl.gz'), events);
	const {exitCode, stdout, stderr} = await runProgram(
		['history', 'import', join(folder, 'storage'), '--db', join(folder, 'history.db'), '--json', '--quiet'],
		{env: {NODE_OPTIONS: `--import="${REPORT}"`}},
	);
	expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/^peak \d+$/)]);
	return {peakBytes: Number(/peak (\d+)/.exec(stderr)![1]) * 1024, result: JSON.parse(stdout)};
}

it('leaves a line of 100 MB out, keeps what is before and after it, and holds no more of it than any line may have', async () => {
	const [before, after] = [makeTaskEvents(0, 10), makeTaskEvents(10, 10)].map(
		events => `${events.map(event => JSON.stringify(event)).join('\n')}\n`,
	) as [string, string];
	const plain = await importFile(gzipSync(before + after));
	expect(plain.result).toMatchObject({events: 40, damages: 0});
	const long = Buffer.concat([
		Buffer.from(before),
		Buffer.from('{"eventId": "'),
		Buffer.alloc(LINE_BYTES, 'x'),
		Buffer.from(`"}\n${after}`),
	]);
	const {result, peakBytes} = await importFile(gzipSync(long, {level: 1}));
	expect(result).toMatchObject({events: 40, damages: 1});
	// A line may have 16 MiB; as much again is on its way.
	expect(peakBytes - plain.peakBytes).toBeLessThan(64 * 1024 * 1024);
});
