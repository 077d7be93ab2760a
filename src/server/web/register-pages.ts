import {mkdirSync} from 'node:fs';
import {join} from 'node:path';

import fastifyStatic from '@fastify/static';
import type {FastifyInstance, FastifyReply} from 'fastify';

import {findServedFile} from '../media/served-file.js';
import type {ServerParts} from '../server-parts.js';
import {BUILT_IN_PAGE, findPage, PAGE_FOLDERS} from './find-page.js';
import {listEndpoints, type DescribedPaths} from './list-endpoints.js';

export interface PageOptions {
	/** @default that of the program */
	readonly builtInPage?: string;
}

/** `GET /` and `GET /static/*`: the first page there is. Which one is asked each time, so that a page may come later. */
export async function registerPages(
	app: FastifyInstance,
	{settings, workingDirectory}: Pick<ServerParts, 'settings' | 'workingDirectory'>,
	{builtInPage = BUILT_IN_PAGE}: PageOptions = {},
): Promise<void> {
	const usual = workingDirectory === undefined ? [] : PAGE_FOLDERS.map(name => join(workingDirectory, name));
	const ownFolders = (): readonly string[] =>
		[settings().staticDirectory, ...usual].filter(name => name !== undefined);
	for (const folder of ownFolders()) makeFolder(folder);
	// Types and conditions of files are its business; which files, is ours.
	await app.register(fastifyStatic, {root: process.cwd(), serve: false});

	app.route({
		method: 'GET',
		url: '/',
		exposeHeadRoute: true,
		schema: {hide: true},
		async handler(_request, reply) {
			if (await sendPageFile(reply, 'index.html')) return reply;
			return reply.type('text/html; charset=utf-8').send(listEndpoints(app.swagger() as DescribedPaths));
		},
	});
	app.route({
		method: 'GET',
		url: '/static/*',
		exposeHeadRoute: true,
		schema: {hide: true},
		async handler(request, reply) {
			const {'*': path} = request.params as {readonly '*': string};
			if (!(await sendPageFile(reply, path))) reply.callNotFound();
			return reply;
		},
	});

	/** @returns false if there is no such file. */
	async function sendPageFile(reply: FastifyReply, path: string): Promise<boolean> {
		const folder = findPage([...ownFolders(), builtInPage]);
		const file = folder === undefined ? undefined : await findServedFile(folder, path);
		if (file === undefined) return false;
		// Rules for our page, which pages of other people need not follow.
		if (folder !== builtInPage) reply.raw.removeHeader('content-security-policy');
		void reply.header('cache-control', 'no-cache').sendFile(file.name, file.folder, {cacheControl: false});
		return true;
	}
}

/** A place to put a page, where the server may write. */
function makeFolder(folder: string): void {
	try {
		mkdirSync(folder, {recursive: true});
	} catch {
		// It can do without.
	}
}
