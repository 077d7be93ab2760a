import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';

import {openByteSource} from '../../../../src/core/audio/byte-source.js';
import {openMp4} from '../../../../src/core/audio/mp4-index.js';
import {makeLyingM4a} from '../../../helpers/audio-bombs.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

it('refuses an index that promises more samples than the file can hold, without going through them', async () => {
	const path = join(await temporaryDirectory(), 'talk.m4a');
	await writeFile(path, makeLyingM4a());
	const source = await openByteSource({kind: 'file', path});
	const error = await catchRejection(openMp4(source));
	await source.close();
	expect(error).toMatchObject({
		code: 'AUDIO_UNDECODABLE',
		message: expect.stringContaining('promises more than the file holds') as string,
	});
});
