import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';

import {hashApiKey} from '../../../../src/server/config/hash-api-key.js';
import {
	loadServerSettings,
	type ConfigSources,
	type LoadedSettings,
} from '../../../../src/server/config/load-server-settings.js';
import {parseSetFlag} from '../../../../src/server/config/read-text-settings.js';
import {SETTING_PATHS, variableOfSetting} from '../../../../src/server/config/settings-table.js';
import {DEFAULT_SERVER_SETTINGS} from '../../../../src/server/default-server-settings.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

interface Given extends Partial<Pick<ConfigSources, 'flags' | 'configFile' | 'env'>> {
	readonly project?: string | object;
	readonly user?: string | object;
}

async function load({project, user, ...sources}: Given): Promise<LoadedSettings & {readonly folder: string}> {
	const folder = await temporaryDirectory();
	await mkdir(join(folder, 'user'));
	const write = async (path: string, content: string | object) =>
		writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
	if (project !== undefined) await write(join(folder, 'infinisst.config.json'), project);
	if (user !== undefined) await write(join(folder, 'user', 'infinisst.config.json'), user);
	const loaded = await loadServerSettings({
		flags: [],
		configFile: undefined,
		env: {},
		cwd: folder,
		userDirectory: join(folder, 'user'),
		dataDirectory: '/data',
		...sources,
	});
	return {...loaded, folder};
}

/** What a user would read, with the test's own folder left out. */
async function complaint(given: Given): Promise<string> {
	const error = (await catchRejection(load(given))) as Error & {code?: string; hint?: string};
	expect(error.code).toBe('OPTION_INVALID');
	return `${error.message} | ${error.hint ?? ''}`.replaceAll(/\/\S*\/(?=infinisst\.config)/g, '');
}

it('has a value for every setting, all by default where nobody says anything', async () => {
	const {settings, values, notes, files} = await load({});
	expect(settings).toEqual({...DEFAULT_SERVER_SETTINGS, resultsDirectory: '/data/results'});
	expect([...values.values()].every(({origin}) => origin.kind === 'default')).toBe(true);
	expect([...values.keys()]).toEqual(SETTING_PATHS);
	expect(notes).toEqual([]);
	expect(files).toEqual([]);
});

it('reads times and sizes with their units, and tokens relative to the file they stand in', async () => {
	const {settings, values, folder} = await load({
		flags: [{path: 'historyRetention.maxAgeMs', flag: '--retain-age', text: '30d'}],
		env: {INFINISST_HISTORY_RETENTION_MAX_BYTES: '1500000'},
		project: {historyRetention: {maxBytes: '2GB', maxSessions: 5}},
		user: {historyLive: {tokenFiles: ['jobs/ray=tokens/ray=1']}},
	});
	expect(settings.historyRetention).toEqual({maxAgeMs: 30 * 86_400_000, maxBytes: 1_500_000, maxSessions: 5});
	expect(settings.historyLive.tokenFiles).toEqual([`jobs/ray=${join(folder, 'user', 'tokens', 'ray=1')}`]);
	expect(values.get('historyRetention.maxAgeMs')!.origin).toEqual({kind: 'flag', place: '--retain-age'});
	expect(await complaint({project: {historyRetention: {maxAgeMs: '30 days'}}})).toContain(
		'historyRetention.maxAgeMs must be a time such as "36h" or "30d", or milliseconds, not "30 days"',
	);
});

it('takes a flag before a variable before the project before the user before the default', async () => {
	const all = {
		flags: [{path: 'port', flag: '--port', text: '1'}] as const,
		env: {INFINISST_PORT: '2', INFINISST_HOST: 'b.example'},
		project: {port: 3, host: 'c.example', workers: 3},
		user: {port: 4, host: 'd.example', workers: 4, threadsPerWorker: 4},
	};
	const {settings, values} = await load(all);
	expect([settings.port, settings.host, settings.workers, settings.threadsPerWorker]).toEqual([
		1,
		'b.example',
		3,
		4,
	]);
	expect(settings.precision).toBe('auto');
	expect(
		(['port', 'host', 'workers', 'threadsPerWorker', 'precision'] as const).map(
			path => values.get(path)!.origin.kind,
		),
	).toEqual(['flag', 'environment', 'project file', 'user file', 'default']);
	expect(values.get('port')!.origin.place).toBe('--port');
	expect(values.get('host')!.origin.place).toBe('INFINISST_HOST');
	expect(values.get('workers')!.origin.place).toMatch(/infinisst\.config\.json, line 1$/);
});

it('keeps what other sources say of a section of which one says a part', async () => {
	const {settings} = await load({
		project: {limits: {maxSessions: 4}},
		user: {limits: {maxSessions: 5, maxQueued: 6}},
		env: {INFINISST_YOUTUBE_MAX_PARALLEL: '7'},
	});
	expect(settings.limits).toEqual({...DEFAULT_SERVER_SETTINGS.limits, maxSessions: 4, maxQueued: 6});
	expect(settings.youtube).toEqual({...DEFAULT_SERVER_SETTINGS.youtube, maxParallel: 7});
});

it('reads the named file instead of the project’s, and paths from its folder', async () => {
	const folder = await temporaryDirectory();
	const configFile = join(folder, 'other.json');
	await writeFile(configFile, '{"staticDirectory": "page", "videoDirectories": ["a", "/b"]}');
	for (const named of [{configFile}, {env: {INFINISST_CONFIG: configFile}}]) {
		const {settings, files} = await load({project: {port: 3}, ...named});
		expect(settings.port).toBe(8000);
		expect(settings.staticDirectory).toBe(join(folder, 'page'));
		expect(settings.videoDirectories).toEqual([join(folder, 'a'), '/b']);
		expect(files).toEqual([configFile]);
	}
});

it('reads paths of flags and variables from the working folder', async () => {
	const {settings, folder} = await load({
		flags: [{path: 'logFile', flag: '--log-file', text: 'server.log'}],
		env: {INFINISST_VIDEO_DIRECTORIES: 'a, b'},
	});
	expect(settings.logFile).toBe(join(folder, 'server.log'));
	expect(settings.videoDirectories).toEqual([join(folder, 'a'), join(folder, 'b')]);
});

it('understands comments, a comma after the last entry, null and a byte order mark', async () => {
	const {settings} = await load({
		project: '\uFEFF{\n\t// for the office\n\t"port": 9000, /* none */ "logFile": null,\n}\n',
	});
	expect(settings.port).toBe(9000);
	expect(settings.logFile).toBeUndefined();
});

it('hashes keys of flags and variables, and names them by their hash', async () => {
	const {settings} = await load({env: {INFINISST_API_KEYS: 'first-of-two-keys, second-of-two-keys'}});
	expect(settings.apiKeys).toEqual([
		hashApiKey('first-of-two-keys', ''),
		hashApiKey('second-of-two-keys', ''),
	]);
	expect(JSON.stringify(settings)).not.toContain('of-two-keys');
	expect(settings.apiKeys[0]!.id).toBe(`key-${settings.apiKeys[0]!.sha256.slice(0, 16)}`);
});

it('lets the smaller batch size follow the larger one, unless both were chosen', async () => {
	expect((await load({project: {batching: {maxBatchSize: 1}}})).settings.batching.minBatchSize).toBe(1);
	expect(await complaint({project: {batching: {minBatchSize: 9}}})).toBe(
		'batching.minBatchSize is 9 (infinisst.config.json, line 1), more than batching.maxBatchSize, 6 (the default) | Lower the one or raise the other.',
	);
});

it('warns of variables that were probably meant as settings, and of no others', async () => {
	const {notes} = await load({
		env: {INFINISST_LIMIT_MAX_SESSIONS: '3', INFINISST_HOME: '/x', INFINISST_API_KEY: 'y', INFINISST_ZZ: 'z'},
	});
	expect(notes).toEqual([
		'INFINISST_LIMIT_MAX_SESSIONS is no setting and was ignored. Did you mean INFINISST_LIMITS_MAX_SESSIONS?',
	]);
});

it('gives every setting a variable of its own', () => {
	expect(variableOfSetting('limits.maxSessions')).toBe('INFINISST_LIMITS_MAX_SESSIONS');
	expect(variableOfSetting('apiKeys')).toBe('INFINISST_API_KEYS');
	expect(new Set(SETTING_PATHS.map(variableOfSetting)).size).toBe(SETTING_PATHS.length);
});

it.each<[string, Given, string]>([
	[
		'a value of the wrong type',
		{project: '{\n\t"limits": {\n\t\t"maxSessions": "many"\n\t}\n}'},
		'infinisst.config.json: limits.maxSessions must be a whole number from 1 to 100000, not "many" | Change it in line 3, or leave it out for the default, 32.',
	],
	[
		'a value out of its range',
		{user: {limits: {maxSessions: 0}}},
		'infinisst.config.json: limits.maxSessions must be a whole number from 1 to 100000, not 0 | Change it in line 1, or leave it out for the default, 32.',
	],
	[
		'a fraction',
		{project: {port: 80.5}},
		'infinisst.config.json: port must be a whole number from 0 to 65535, not 80.5 | Change it in line 1, or leave it out for the default, 8000.',
	],
	[
		'a mistyped word',
		{project: {loadBalanceStrategy: 'least_loded'}},
		'infinisst.config.json: loadBalanceStrategy must be one of least_loaded, round_robin, gpu_memory, not "least_loded" | Did you mean least_loaded? Change it in line 1.',
	],
	[
		'an item of a list',
		{project: {videoDirectories: ['a', 5]}},
		'infinisst.config.json: videoDirectories[1] must be the path of a folder, not 5 | Change it in line 1, or leave it out for the default, [].',
	],
	[
		'an address as an origin',
		{project: {allowedOrigins: ['https://example.org/page']}},
		'infinisst.config.json: allowedOrigins[0] must be an origin such as https://example.org, or *, not "https://example.org/page" | Change it in line 1, or leave it out for the default, [].',
	],
	[
		'a mistyped name',
		{project: '{"port": 1,\n"limits": {"maxSesions": 4}}'},
		'infinisst.config.json: there is no setting "limits.maxSesions" (line 2) | Did you mean limits.maxSessions?',
	],
	[
		'a name without its section',
		{project: {maxSessions: 4}},
		'infinisst.config.json: there is no setting "maxSessions" (line 1) | Did you mean limits.maxSessions?',
	],
	[
		'a name like nothing there is',
		{project: {colour: 'red'}},
		'infinisst.config.json: there is no setting "colour" (line 1) | See "infinisst config show" for those there are.',
	],
	[
		'a section that is no object',
		{project: {limits: 5}},
		'infinisst.config.json: limits must be an object, not 5 | Change line 1; it holds settings such as limits.maxSessions.',
	],
	[
		'a file that is no object',
		{project: '[1]'},
		'infinisst.config.json must be an object, not [1] | See one that is complete with "infinisst config create --print".',
	],
	[
		'a missing comma',
		{project: '{\n"port": 1\n"host": "a"}'},
		'infinisst.config.json is no JSON: a comma is missing, at line 3, column 1 | Correct it there.',
	],
	[
		'an empty file',
		{project: ''},
		'infinisst.config.json is no JSON: a value is missing, at line 1, column 1 | Correct it there.',
	],
	[
		'a setting that stands twice',
		{project: '{"port": 1,\n"port": 2}'},
		'infinisst.config.json has "port" twice, again in line 2 | Leave one of them out.',
	],
	[
		'a key as plain text in a file, without repeating it',
		{project: {apiKeys: [{id: 'office', key: 'a secret of the office'}]}},
		'infinisst.config.json: apiKeys[0].sha256 must be the SHA-256 of a key, 64 hexadecimal digits | Make the entry with "infinisst config hash-key".',
	],
	[
		'a key that is a text, without repeating it',
		{project: {apiKeys: ['a-secret-of-the-office']}},
		'infinisst.config.json: apiKeys[0] must be an object with an id and a sha256 | Make the entry with "infinisst config hash-key".',
	],
	[
		'a key with something else in it',
		{project: {apiKeys: [{id: 'office', sha256: 'a'.repeat(64), key: 'a secret'}]}},
		'infinisst.config.json: apiKeys[0] has "key", which is no part of a key: only its hash is kept | Make the entry with "infinisst config hash-key".',
	],
	[
		'two keys of one name',
		{
			project: {
				apiKeys: [
					{id: 'office', sha256: 'a'.repeat(64)},
					{id: 'office', sha256: 'b'.repeat(64)},
				],
			},
		},
		'Two keys are called "office" (infinisst.config.json, line 1) | Give each an id of its own, or leave one out.',
	],
	[
		'a variable',
		{env: {INFINISST_DOWNLOAD: 'perhaps'}},
		'INFINISST_DOWNLOAD must be true or false, not "perhaps" | Change it there, or leave it out for the default, true.',
	],
	[
		'a flag',
		{flags: [{path: 'port', flag: '--port', text: '8o00'}]},
		'--port must be a whole number from 0 to 65535, not "8o00" | Change it there, or leave it out for the default, 8000.',
	],
	[
		'a key that no header can hold, without repeating it',
		{env: {INFINISST_API_KEYS: 'my secret'}},
		'INFINISST_API_KEYS holds a key that is empty or has spaces, commas or other than ASCII characters | Make one with "openssl rand -hex 24", for example.',
	],
])('refuses %s, saying where it is and what to do', async (_title, given, expected) => {
	expect(await complaint(given)).toBe(expected);
});

it('refuses a named file that is not there, and one that cannot be read', async () => {
	const missing = await catchRejection(load({configFile: 'nowhere.json'}));
	expect(missing).toMatchObject({
		code: 'INPUT_UNREADABLE',
		hint: 'Make one with "infinisst config create nowhere.json".',
	});
	expect((missing as Error).message).toMatch(/^There is no file \/.*\/nowhere\.json \(--config\)$/);
	expect(await catchRejection(load({configFile: 'user'}))).toMatchObject({
		code: 'INPUT_UNREADABLE',
		hint: 'Check that it is a file, and who may read it.',
	});
});

it('takes any setting from --set', () => {
	expect(parseSetFlag('limits.frameBytes=4096')).toEqual({
		path: 'limits.frameBytes',
		flag: '--set limits.frameBytes',
		text: '4096',
	});
	expect(() => parseSetFlag('frameBytes=1')).toThrow('--set names "frameBytes", which is no setting');
	expect(() => parseSetFlag('port')).toThrow('--set port has no value');
});
