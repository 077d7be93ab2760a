import {execFile} from 'node:child_process';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {beforeAll, expect, it} from 'vitest';

import {InfinisstError} from '../../../src/core/errors.js';
import {openScriptedModelHost} from '../../../src/server/testing/scripted-model-host.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {describeWithPython, ensurePython} from '../../helpers/python-environment.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const REQUIREMENT = 'schemathesis==4.32.5';
/** What it does in this time depends on the machine; that it does the same first does not. */
const SECONDS = 30;

const run = promisify(execFile);

/** No room, and a model or program that is not there: intended, and said so. */
const INTENDED = new Set([503, 507]);

describeWithPython('requests made up after /openapi.json', () => {
	beforeAll(() => ensurePython(REQUIREMENT));

	it(`meet no fault in ${SECONDS} s, on any route`, {timeout: 180_000}, async () => {
		const models = await openScriptedModelHost();
		// There is no model behind it to read recordings with.
		models.graphs = () =>
			Promise.reject(new InfinisstError('MODEL_UNAVAILABLE', 'The model cannot be fetched'));
		const server = await openTestServer({
			models,
			settings: {limits: {requestsPerSecond: 0}, logLevel: 'debug'},
		});
		const schemathesis = join(await ensurePython(REQUIREMENT), 'schemathesis');
		const cwd = await temporaryDirectory();
		const described = await fetch(`${server.url}/openapi.json`).then(response => response.json());
		const {paths} = described as {readonly paths: Readonly<Record<string, object>>};
		// Its verdict is ours: the log knows all that happened.
		const {stdout} = await run(
			schemathesis,
			[
				...[
					'run',
					`${server.url}/openapi.json`,
					'--max-time',
					String(SECONDS),
					'--phases',
					'coverage,fuzzing',
				],
				...['--checks', 'not_a_server_error', '--seed', '1', '--no-shrink', '--continue-on-failure'],
				...['--request-timeout', '10', '--suppress-health-check', 'all', '--warnings', 'off'],
			],
			{cwd, maxBuffer: 64 * 1024 * 1024},
		).catch((error: unknown) => error as {readonly stdout: string});

		expect(server.logged.filter(({level}) => level === 50 || level === 'error')).toEqual([]);
		const answered = server.logged.filter(({status}) => status !== undefined);
		expect(answered.length, stdout).toBeGreaterThan(200);
		const faults = answered.filter(({status}) => Number(status) >= 500 && !INTENDED.has(Number(status)));
		expect(faults).toEqual([]);
		const met = new Set(answered.map(({path}) => String(path).replaceAll(/:(\w+)/g, '{$1}')));
		expect(Object.keys(paths).filter(path => !met.has(path))).toEqual([]);
		expect((await fetch(`${server.url}/livez`)).status).toBe(200);
	});
});
