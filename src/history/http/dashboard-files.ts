import {existsSync, readdirSync, readFileSync, realpathSync} from 'node:fs';
import {extname, join, relative, sep} from 'node:path';

import {InfinisstError} from '../../core/errors.js';
import type {HistoryAnswer} from './answer.js';

/** Address of each file of the dashboard's page, and where it lies. */
export interface DashboardFiles {
	readonly files: ReadonlyMap<string, string>;
}

const TYPES: Readonly<Record<string, string>> = {
	'.css': 'text/css; charset=utf-8',
	'.html': 'text/html; charset=utf-8',
	'.ico': 'image/x-icon',
	'.js': 'text/javascript; charset=utf-8',
	'.json': 'application/json; charset=utf-8',
	'.png': 'image/png',
	'.svg': 'image/svg+xml',
	'.txt': 'text/plain; charset=utf-8',
	'.woff': 'font/woff',
	'.woff2': 'font/woff2',
};

/**
 * Lists the files of a dashboard's page once, so that no request ever names a path of the disk. Files
 * whose name begins with a dot, and links that lead out of the folder, are not among them.
 *
 * @param directory - with `index.html` and `static/`.
 * @throws {InfinisstError} `INPUT_UNREADABLE` when it holds no page.
 */
export function openDashboardFiles(directory: string): DashboardFiles {
	if (!existsSync(join(directory, 'index.html'))) {
		throw new InfinisstError('INPUT_UNREADABLE', `${directory} holds no page of Ray's dashboard`, {
			hint: 'Name the folder ray/dashboard/client/build of an installed Ray, or leave --dashboard-dir out.',
		});
	}

	const root = realpathSync(directory);
	const files = new Map<string, string>();
	for (const entry of readdirSync(root, {recursive: true, withFileTypes: true})) {
		if (entry.isDirectory()) continue;
		const path = join(entry.parentPath, entry.name);
		const parts = relative(root, path).split(sep);
		if (parts.some(part => part.startsWith('.')) || relative(root, realpathSync(path)).startsWith('..'))
			continue;
		files.set(`/${parts.join('/')}`, path);
	}

	return {files};
}

/** Undefined for an address that is no file of the page. */
export function answerDashboardFile({files}: DashboardFiles, path: string): HistoryAnswer | undefined {
	const address = path === '/' ? '/index.html' : path;
	const file = files.get(address);
	if (file === undefined) return undefined;
	return {
		status: 200,
		contentType: TYPES[extname(file)] ?? 'application/octet-stream',
		// Names of static files hold a hash of what is in them.
		headers: {
			'cache-control': address.startsWith('/static/') ? 'public, max-age=31536000, immutable' : 'no-cache',
		},
		body: readFileSync(file),
	};
}
