import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {describe, expect, it} from 'vitest';

import {findRecordings} from '../../../../../src/cli/commands/translate/find-recordings.js';
import {makeWav} from '../../../../helpers/make-wav.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

const wav = makeWav({bitsPerSample: 16, data: new Uint8Array(3200)});

async function folderOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
	const folder = await temporaryDirectory();
	for (const [name, content] of Object.entries(files)) {
		await mkdir(dirname(join(folder, name)), {recursive: true});
		await writeFile(join(folder, name), content);
	}

	return folder;
}

async function namesOf(inputs: readonly string[], cwd: string): Promise<string[]> {
	return (await findRecordings(inputs, cwd)).recordings.map(({name}) => name);
}

describe('findRecordings', () => {
	it('keeps the order of its arguments and takes a file twice once', async () => {
		const cwd = await folderOf({'b.wav': wav, 'a.wav': wav});
		expect(await namesOf(['b.wav', 'a.wav', './b.wav', '-'], cwd)).toEqual(['b.wav', 'a.wav', '-']);
	});

	it('takes a file that is named, whatever it holds', async () => {
		const cwd = await folderOf({'notes.txt': 'hello'});
		expect(await findRecordings(['notes.txt'], cwd)).toEqual({
			recordings: [{name: 'notes.txt', path: join(cwd, 'notes.txt'), outputName: 'notes'}],
			isCollection: false,
		});
	});

	it('lists a folder all the way down, in the order people count in', async () => {
		const cwd = await folderOf({'talks/part10.wav': wav, 'talks/part2.wav': wav, 'talks/deep/er/x.wav': wav});
		const {recordings, isCollection} = await findRecordings(['talks'], cwd);
		expect(recordings.map(({name}) => name)).toEqual([
			join('talks', 'deep/er/x.wav'),
			join('talks', 'part2.wav'),
			join('talks', 'part10.wav'),
		]);
		expect(recordings[0]?.outputName).toBe(join('deep', 'er', 'x'));
		expect(isCollection).toBe(true);
	});

	it('takes files of a folder by their content or by their extension, and leaves the others', async () => {
		const cwd = await folderOf({
			'recording without extension': wav,
			'damaged.mp3': 'not much of it is left',
			'notes.md': '# notes',
			'cover.jpg': new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46]),
			'.hidden.wav': wav,
		});
		expect(await namesOf(['.'], cwd)).toEqual(['damaged.mp3', 'recording without extension']);
	});

	it('does not follow links round in circles', async () => {
		const cwd = await folderOf({'talks/a.wav': wav});
		await symlink(join(cwd, 'talks'), join(cwd, 'talks', 'again'));
		expect(await namesOf(['talks'], cwd)).toEqual([join('talks', 'a.wav')]);
	});

	it('expands a pattern that no shell has expanded', async () => {
		const cwd = await folderOf({'a1.wav': wav, 'a10.wav': wav, 'a2.wav': wav, 'deep/a3.wav': wav});
		expect(await namesOf(['a*.wav'], cwd)).toEqual(['a1.wav', 'a2.wav', 'a10.wav']);
		expect(await namesOf(['**/*.wav'], cwd)).toHaveLength(4);
	});

	it('prefers a file to the pattern of the same name', async () => {
		const cwd = await folderOf({'talk [1].wav': wav, 'talk 1.wav': wav});
		expect(await namesOf(['talk [1].wav'], cwd)).toEqual(['talk [1].wav']);
	});

	it('calls one match of a pattern a single recording, several of them a collection', async () => {
		const cwd = await folderOf({'a.wav': wav, 'b.flac': wav, 'c.flac': wav});
		expect((await findRecordings(['*.wav'], cwd)).isCollection).toBe(false);
		expect((await findRecordings(['*.flac'], cwd)).isCollection).toBe(true);
	});

	it.each([
		['gone.wav', 'There is no file or folder "gone.wav"'],
		['*.ogg', 'No file matches "*.ogg"'],
		['empty', 'The folder "empty" holds no recording'],
	])('finds %s with the reason why there is nothing to hear', async (input, message) => {
		const cwd = await folderOf({'empty/notes.md': '# notes'});
		const [recording] = (await findRecordings([input], cwd)).recordings;
		expect(recording).toMatchObject({name: input, fault: {code: 'INPUT_UNREADABLE', message}});
	});
});
