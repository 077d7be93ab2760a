import {execFileSync} from 'node:child_process';
import {mkdir, readFile, readdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';

import {InfinisstError} from '../../../../../src/core/errors.js';
import {fileNameOf, writeResult} from '../../../../../src/server/compatible/evaluation/write-result.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

async function folders(): Promise<{results: string; outside: string}> {
	const root = await temporaryDirectory();
	const outside = join(root, 'outside');
	await mkdir(outside);
	await writeFile(join(outside, 'secret.log'), 'before');
	return {results: join(root, 'results'), outside};
}

it('writes into folders that it makes on the way, and replaces what is there', async () => {
	const {results} = await folders();
	await writeResult(results, 'run 1/German -> English/instances.log', 'a longer first text\n');
	const path = await writeResult(results, 'run 1/German -> English/instances.log', 'second\n');
	expect(await readFile(path, 'utf8')).toBe('second\n');
	expect(path.endsWith('/results/run 1/German -> English/instances.log')).toBe(true);
});

it.each([
	'../outside/secret.log',
	'a/../../outside/secret.log',
	'..',
	'.',
	'',
	'/etc/passwd',
	'a//b',
	'./a.log',
	'a/',
	'%2e%2e/outside/secret.log',
	'..%2foutside%2fsecret.log',
	'%252e%252e%252foutside',
	String.raw`..\outside\secret.log`,
	String.raw`C:\results\a.log`,
	'C:a.log',
	String.raw`\\server\share\a.log`,
	'a.log:stream',
	'a\u0000.log',
	'a\n.log',
	'.hidden',
	'a./b',
	'a.log ',
	'~/a.log',
	'.../a.log',
	`${'a/'.repeat(300)}b`,
])('refuses the path %j', async path => {
	const {results, outside} = await folders();
	const error = await catchRejection(writeResult(results, path, 'x'));
	expect(InfinisstError.is(error, 'OPTION_INVALID')).toBe(true);
	expect(await readFile(join(outside, 'secret.log'), 'utf8')).toBe('before');
});

it('refuses links that lead out, to folders and to files', async () => {
	const {results, outside} = await folders();
	await mkdir(results);
	await symlink(outside, join(results, 'link'));
	await symlink(join(outside, 'secret.log'), join(results, 'file.log'));
	for (const path of ['link/secret.log', 'link/new.log', 'file.log']) {
		const error = await catchRejection(writeResult(results, path, 'x'));
		expect(InfinisstError.is(error, 'OPTION_INVALID')).toBe(true);
	}
	expect(await readFile(join(outside, 'secret.log'), 'utf8')).toBe('before');
	expect(await readdir(outside)).toEqual(['secret.log']);
});

it('refuses what is no plain file, and does not wait for a reader of a pipe', async () => {
	const {results} = await folders();
	await mkdir(join(results, 'folder'), {recursive: true});
	execFileSync('mkfifo', [join(results, 'pipe')]);
	for (const path of ['folder', 'pipe']) {
		const error = await catchRejection(writeResult(results, path, 'x'));
		expect(InfinisstError.is(error, 'OPTION_INVALID')).toBe(true);
	}
});

it('says that it cannot write without naming what the system said', async () => {
	const {outside} = await folders();
	const error = await catchRejection(writeResult(join(outside, 'secret.log'), 'a.log', 'x'));
	expect(InfinisstError.is(error, 'OUTPUT_UNWRITABLE')).toBe(true);
});

it('makes plain names of what sessions are called', () => {
	expect(fileNameOf('InfiniSST_English -> German_17')).toBe('InfiniSST_English_-_German_17');
	expect(fileNameOf('../../etc')).toBe('etc');
	expect(fileNameOf('...')).toBe('session');
});
