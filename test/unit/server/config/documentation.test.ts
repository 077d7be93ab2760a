import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';

import {defaultOf} from '../../../../src/server/config/check-setting.js';
import {SETTING_PATHS, SETTINGS} from '../../../../src/server/config/settings-table.js';

it('docs/config.md lists every setting with its default, and whether it changes while a server runs', async () => {
	const text = await readFile(fileURLToPath(new URL('../../../../docs/config.md', import.meta.url)), 'utf8');
	const rows = text
		.split('\n')
		.filter(line => line.startsWith('| `'))
		.map(line => line.split('|').map(cell => cell.trim()))
		// Those of the other table have two cells.
		.filter(cells => cells.length === 6);
	expect(rows.map(([, path, standard, live, about]) => [path, standard, live, about])).toEqual(
		SETTING_PATHS.map(path => [
			`\`${path}\``,
			`\`${defaultOf(path) === undefined ? 'none' : JSON.stringify(defaultOf(path))}\``,
			SETTINGS[path].isLive ? 'yes' : '',
			SETTINGS[path].about,
		]),
	);
});
