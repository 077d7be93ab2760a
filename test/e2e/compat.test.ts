import {beforeAll, describe, expect, it} from 'vitest';

import {ensureDefaultModel} from '../helpers/default-model.js';
import {runProgram} from '../helpers/run-program.js';

/** Its checks speak for minutes on a slow machine. */
const LONG_MS = 900_000;

describe('infinisst compat without an address', () => {
	beforeAll(ensureDefaultModel);

	it(
		'finds our server to keep the API with a real model',
		async () => {
			const {stdout, stderr, exitCode} = await runProgram(['compat', '--json']);
			const results = stdout
				.trimEnd()
				.split('\n')
				.map(line => JSON.parse(line) as {id: string; status: string; seen?: string});
			expect(stderr).toBe('infinisst: starting a server of our own, as no address was given\n');
			const failed = results.filter(({status}) => status === 'failed');
			expect(
				failed.map(({id}) => id),
				JSON.stringify(failed),
			).toEqual([]);
			expect(exitCode).toBe(0);
			const skipped = results.filter(({status}) => status === 'skipped').map(({id}) => id);
			expect(skipped).toEqual(['init.initializing', 'ping.idle', 'youtube.video']);
		},
		LONG_MS,
	);

	it('ends its server, which removed sessions when it was told to', async () => {
		const {stdout, exitCode} = await runProgram(['compat', '--only', 'ping.idle', '--idle', '4']);
		expect(stdout).toContain('1 checks, 1 passed, 0 failed, 0 skipped');
		expect(exitCode).toBe(0);
		const [address] = /http:\S+(?=:)/.exec(stdout)!;
		await expect(fetch(address)).rejects.toThrow('fetch failed');
	});
});
