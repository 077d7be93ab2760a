import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {delimiter, join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {findProgram} from '../../../../src/core/audio/find-program.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

async function placeProgram(folder: string, name: string, mode = 0o755): Promise<string> {
	await mkdir(folder, {recursive: true});
	const path = join(folder, name);
	await writeFile(path, '#!/bin/sh\n');
	await chmod(path, mode);
	return path;
}

describe('finding a program', () => {
	it('takes the first folder of PATH that holds it, and folders with spaces', async () => {
		const root = await temporaryDirectory();
		const first = await placeProgram(join(root, 'one two'), 'ffmpeg');
		await placeProgram(join(root, 'second'), 'ffmpeg');
		const path = [join(root, 'none'), join(root, 'one two'), join(root, 'second')].join(delimiter);
		expect(await findProgram('ffmpeg', {PATH: path})).toBe(first);
	});

	it('passes over folders and files that cannot be run', async () => {
		const root = await temporaryDirectory();
		await mkdir(join(root, 'a', 'ffmpeg'), {recursive: true});
		await placeProgram(join(root, 'b'), 'ffmpeg', 0o644);
		const third = await placeProgram(join(root, 'c'), 'ffmpeg');
		const path = ['a', 'b', 'c'].map(folder => join(root, folder)).join(delimiter);
		expect(await findProgram('ffmpeg', {PATH: path})).toBe(third);
	});

	it.each([{}, {PATH: ''}, {PATH: '/nonexistent'}])('finds nothing in %j', async environment => {
		expect(await findProgram('ffmpeg', environment)).toBeUndefined();
	});
});
