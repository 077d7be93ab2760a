import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {beforeEach, describe, expect, it} from 'vitest';

import {main} from '../../src/cli/main.js';
import {hashApiKey} from '../../src/server/config/hash-api-key.js';
import {DEFAULT_SERVER_SETTINGS} from '../../src/server/default-server-settings.js';
import {createFakeContext} from '../helpers/fake-context.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';

describe('infinisst config', () => {
	let folder: string;

	beforeEach(async () => {
		folder = await temporaryDirectory();
		await mkdir(join(folder, 'home'));
	});

	async function run(args: readonly string[], parts: {env?: Record<string, string>; input?: string} = {}) {
		const context = createFakeContext({
			cwd: folder,
			env: {INFINISST_HOME: join(folder, 'home'), ...parts.env},
			stdin: Readable.from([parts.input ?? '']),
		});
		const exitCode = await main(['config', ...args], context);
		return {
			exitCode,
			stdout: context.stdout.text.replaceAll(folder, '.'),
			stderr: context.stderr.text.replaceAll(folder, '.'),
		};
	}

	it('create writes a file that says what the defaults say', async () => {
		expect(await run(['create'])).toEqual({
			exitCode: 0,
			stdout: 'Wrote ./infinisst.config.json\n',
			stderr: '',
		});
		const text = await readFile(join(folder, 'infinisst.config.json'), 'utf8');
		expect(text).toContain('\t\t// sessions at once\n\t\t"maxSessions": 32,\n');
		expect(text).toContain('// port to listen on, 0 for any that is free (changes at the next start)\n');
		const {stdout} = await run(['show', '--json']);
		expect(JSON.parse(stdout)).toEqual(
			JSON.parse(JSON.stringify({...DEFAULT_SERVER_SETTINGS, resultsDirectory: './home/results'})),
		);
		expect((await run(['validate'])).stdout).toBe('Valid: ./infinisst.config.json\n');
	});

	it('create replaces a file only if it is told to, and prints it if it is told to', async () => {
		await writeFile(join(folder, 'infinisst.config.json'), '{}');
		expect(await run(['create'])).toEqual({
			exitCode: 1,
			stdout: '',
			stderr:
				'infinisst: There is a file ./infinisst.config.json already. Name another, or replace it with --force.\n',
		});
		expect((await run(['create', '--force'])).exitCode).toBe(0);
		const {stdout} = await run(['create', '--print']);
		expect(stdout).toBe(await readFile(join(folder, 'infinisst.config.json'), 'utf8'));
	});

	it('create --user writes the file that all projects share', async () => {
		expect((await run(['create', '--user'])).stdout).toBe('Wrote ./home/infinisst.config.json\n');
		const {stdout} = await run(['show', '--origin', '--json']);
		expect(JSON.parse(stdout)).toMatchObject({
			port: {value: 8000, origin: 'user file', place: './home/infinisst.config.json, line 5'},
			logFile: {value: null, origin: 'default', place: ''},
		});
	});

	it('create --from turns the original’s file into ours, and says what is left out', async () => {
		await writeFile(
			join(folder, 'ray_config.json'),
			JSON.stringify({serving: {port: 8011, max_batch_size: 32, prefetch_enabled: true}}),
		);
		const {exitCode, stderr} = await run(['create', '--from', 'ray_config.json']);
		expect(exitCode).toBe(0);
		expect(stderr).toBe(
			'infinisst: ./ray_config.json: serving.prefetch_enabled is ignored: audio is always taken while other audio is translated.\n',
		);
		const {stdout} = await run(['show', '--json']);
		expect(JSON.parse(stdout)).toMatchObject({port: 8011, batching: {maxBatchSize: 32, minBatchSize: 2}});
	});

	it('show --origin says where each value comes from', async () => {
		await writeFile(join(folder, 'infinisst.config.json'), '{\n\t"host": "::1",\n\t"port": 9000\n}\n');
		await writeFile(join(folder, 'home/infinisst.config.json'), '{"port": 9001, "workers": 3}');
		const {stdout} = await run(['show', '--origin', '--set', 'logLevel=warn'], {
			env: {INFINISST_HOST: 'localhost'},
		});
		const rows = stdout.split('\n').map(line => line.split(/ {2,}/));
		expect(rows[0]).toEqual(['SETTING', 'VALUE', 'ORIGIN']);
		expect(
			rows.filter(([path]) => ['host', 'port', 'workers', 'logLevel', 'logFile'].includes(path!)),
		).toEqual([
			['host', '"localhost"', 'environment', 'INFINISST_HOST'],
			['port', '9000', 'project file', './infinisst.config.json, line 3'],
			['workers', '3', 'user file', './home/infinisst.config.json, line 1'],
			['logFile', 'none', 'default'],
			['logLevel', '"warn"', 'flag', '--set logLevel'],
		]);
	});

	it('show prints no key, only hashes', async () => {
		const {stdout} = await run(['show', '--json'], {env: {INFINISST_API_KEYS: 'a-key-of-the-office'}});
		expect(stdout).not.toContain('a-key-of-the-office');
		expect(JSON.parse(stdout)).toMatchObject({apiKeys: [hashApiKey('a-key-of-the-office', '')]});
	});

	it('validate says what is wrong, where, and what to do', async () => {
		await writeFile(join(folder, 'server.json'), '{"limits": {"maxSessions": "many"}}');
		const sentence = './server.json: limits.maxSessions must be a whole number from 1 to 100000, not "many"';
		const hint = 'Change it in line 1, or leave it out for the default, 32.';
		expect(await run(['validate', 'server.json'])).toEqual({
			exitCode: 2,
			stdout: '',
			stderr: `infinisst: ${sentence}. ${hint}\n`,
		});
		const {exitCode, stdout} = await run(['validate', 'server.json', '--json']);
		expect(exitCode).toBe(2);
		expect(JSON.parse(stdout)).toEqual({valid: false, code: 'OPTION_INVALID', message: sentence, hint});
	});

	it('validate tells what it read, and what it did not take over', async () => {
		expect((await run(['validate'])).stdout).toBe('Valid: no file, only defaults\n');
		await writeFile(join(folder, 'ray_config.json'), '{"serving": {"cleanup_interval": 60}}');
		expect(JSON.parse((await run(['validate', 'ray_config.json', '--json'])).stdout)).toEqual({
			valid: true,
			files: ['./ray_config.json'],
			notes: [
				'./ray_config.json: serving.cleanup_interval is ignored: sessions are removed at the moment their time is over.',
			],
		});
	});

	it('hash-key prints an entry that opens the server to the key it read', async () => {
		const {stdout} = await run(['hash-key', '--id', 'office', '--max-sessions', '2'], {
			input: 'a-key-of-the-office\n',
		});
		const entry = JSON.parse(stdout) as object;
		expect(entry).toEqual({
			id: 'office',
			sha256: hashApiKey('a-key-of-the-office', '').sha256,
			maxSessions: 2,
		});
		await writeFile(join(folder, 'infinisst.config.json'), JSON.stringify({apiKeys: [entry]}));
		expect((await run(['validate'])).exitCode).toBe(0);
	});

	it('hash-key refuses what is no key', async () => {
		expect(await run(['hash-key'], {input: ''})).toEqual({
			exitCode: 2,
			stdout: '',
			stderr:
				'infinisst: The standard input holds a key that is empty or has spaces, commas or other than ASCII characters. Make one with "openssl rand -hex 24", for example.\n',
		});
	});
});
