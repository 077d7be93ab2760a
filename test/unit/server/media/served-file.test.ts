import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';

import {findServedFile} from '../../../../src/server/media/served-file.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

describe('findServedFile', () => {
	it('finds files of the folder, also below it and by links within', async () => {
		const {folder} = await makeFolder();
		expect(await findServedFile(folder, 'page.css')).toMatchObject({name: 'page.css'});
		expect(await findServedFile(folder, 'images/logo.svg')).toMatchObject({name: 'images/logo.svg'});
		expect(await findServedFile(folder, 'within.css')).toMatchObject({name: 'page.css'});
	});

	it.each([
		...['', '.', '..', '../secret', 'images/../../secret', 'images/..', '/etc/passwd', '//etc/passwd'],
		...['..\\secret', 'images\\..\\..\\secret', 'C:\\secret', 'C:secret', '%2e%2e/secret', '..%2fsecret'],
		...['page.css\0', 'page.css\0.png', '.hidden', '.git/config', 'images/.hidden', 'images', 'nothing.css'],
		...['outside.css', 'outside/secret', 'page.css:stream', 'images//logo.svg', 'x'.repeat(5000)],
	])('finds nothing at %j', async path => {
		const {folder} = await makeFolder();
		expect(await findServedFile(folder, path)).toBeUndefined();
	});

	async function makeFolder(): Promise<{folder: string}> {
		const root = await temporaryDirectory();
		const folder = join(root, 'page');
		for (const name of ['page/images', 'page/.git', 'elsewhere'])
			await mkdir(join(root, name), {recursive: true});
		const files = ['secret', 'elsewhere/secret', 'page/page.css', 'page/.hidden', 'page/.git/config'];
		for (const name of [...files, 'page/images/logo.svg', 'page/images/.hidden']) {
			await writeFile(join(root, name), name);
		}
		await symlink(join(root, 'secret'), join(folder, 'outside.css'));
		await symlink(join(root, 'elsewhere'), join(folder, 'outside'));
		await symlink('page.css', join(folder, 'within.css'));
		return {folder};
	}
});
