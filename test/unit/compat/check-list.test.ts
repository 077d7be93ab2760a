import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {format, resolveConfig} from 'prettier';
import {expect, it} from 'vitest';

import {CHECK_GROUPS} from '../../../src/compat/checks.js';
import {formatCheckList} from '../../../src/compat/format-check-list.js';

const PAGE = fileURLToPath(new URL('../../../docs/compat.md', import.meta.url));
const BEGIN = /<!-- checks: .* -->\n/;

it('has every check in docs/compat.md; "vitest -u" writes it anew', async () => {
	const page = await readFile(PAGE, 'utf8');
	const begin = BEGIN.exec(page)!;
	const before = page.slice(0, begin.index + begin[0].length);
	const options = {...(await resolveConfig(PAGE)), parser: 'markdown'};
	const wanted = await format(`${before}\n${formatCheckList(CHECK_GROUPS)}`, options);
	await expect(wanted).toMatchFileSnapshot(PAGE);
});
