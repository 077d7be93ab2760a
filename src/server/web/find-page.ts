import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The page that belongs to the program: made by the build, for which the sources have no stand-in. */
export const BUILT_IN_PAGE = fileURLToPath(
	new URL('page/', import.meta.url.replace(/\/src\/(?=server\/)/, '/dist/')),
);

/** Where pages are looked for, besides the folder that is set; below the folder that the server was started in. */
export const PAGE_FOLDERS = ['static', join('serve', 'static')] as const;

/** The first of some folders that has a page. */
export function findPage(folders: readonly string[]): string | undefined {
	return folders.find(folder => existsSync(join(folder, 'index.html')));
}
