import {mkdir, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';

import type {FoundRecordings} from '../../../../../src/cli/commands/translate/find-recordings.js';
import {planOutputs} from '../../../../../src/cli/commands/translate/plan-outputs.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';

let cwd: string;
beforeEach(async () => {
	cwd = await temporaryDirectory();
});

function found(...paths: string[]): FoundRecordings {
	return {
		recordings: paths.map(path => ({
			name: path,
			path: resolve(cwd, path),
			outputName: path.replace(/\.\w+$/, '').replace(/^.*\//, ''),
		})),
		isCollection: paths.length > 1,
	};
}

async function plan(recordings: FoundRecordings, output: string): Promise<string[]> {
	const paths = await planOutputs(recordings, {output, format: 'srt', cwd});
	return paths.map(path => path.slice(cwd.length + 1));
}

describe('planOutputs', () => {
	it('takes the output for a file when there is one recording', async () => {
		expect(await plan(found('talk.wav'), 'out.srt')).toEqual(['out.srt']);
		expect(await plan(found('talk.wav'), 'out')).toEqual(['out']);
	});

	it('takes it for a folder when it is one or ends in a slash', async () => {
		await mkdir(join(cwd, 'there'));
		expect(await plan(found('talk.wav'), 'there')).toEqual(['there/talk.srt']);
		expect(await plan(found('talk.wav'), 'new/')).toEqual(['new/talk.srt']);
	});

	it('takes it for a folder when there are several recordings, or may be', async () => {
		expect(await plan(found('a.wav', 'b.wav'), 'out')).toEqual(['out/a.srt', 'out/b.srt']);
		expect(await plan({...found('a.wav'), isCollection: true}, 'out')).toEqual(['out/a.srt']);
	});

	it('tells recordings of the same name apart', async () => {
		expect(await plan(found('talk.mp3', 'talk.wav', 'other.wav'), 'out')).toEqual([
			'out/talk.mp3.srt',
			'out/talk.wav.srt',
			'out/other.srt',
		]);
		expect(await plan(found('x/talk.wav', 'y/talk.wav', 'z/talk.wav'), 'out')).toEqual([
			'out/talk.wav.srt',
			'out/talk.wav-2.srt',
			'out/talk.wav-3.srt',
		]);
		expect(await plan(found('Talk.wav', 'talk.mp3'), 'out')).toEqual([
			'out/Talk.wav.srt',
			'out/talk.mp3.srt',
		]);
	});

	it('never gives a recording the name of one', async () => {
		expect(await plan({...found('talk.srt'), isCollection: true}, '.')).toEqual(['talk-2.srt']);
		expect(await catchRejection(plan(found('talk.wav'), 'talk.wav'))).toMatchObject({
			code: 'OPTION_INVALID',
			message: '--output would replace the recording "talk.wav"',
		});
	});

	it('refuses to put several recordings into one file', async () => {
		await writeFile(join(cwd, 'file'), '');
		for (const output of ['out.srt', 'OUT.VTT', 'file']) {
			expect(await catchRejection(plan(found('a.wav', 'b.wav'), output))).toMatchObject({
				code: 'OPTION_INVALID',
				message: `"${output}" is one file, but there are several recordings`,
			});
		}
	});
});
