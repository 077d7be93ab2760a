import {existsSync} from 'node:fs';
import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {beforeAll, describe, expect, it} from 'vitest';

import {BUILT_IN_PAGE} from '../../../src/server/web/find-page.js';
import {listEndpoints} from '../../../src/server/web/list-endpoints.js';
import {registerPages} from '../../../src/server/web/register-pages.js';
import {openTestServer, type TestServer} from '../../helpers/open-test-server.js';
import {requestRaw} from '../../helpers/raw-request.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

describe('the page', () => {
	// As the threads' modules, it is there once the program was built.
	beforeAll(() => expect(existsSync(join(BUILT_IN_PAGE, 'main.js'))).toBe(true));

	it('is the built-in one where there is no other, and folders for others are made', async () => {
		const place = await temporaryDirectory();
		const server = await open(place);
		const page = await requestRaw(server, '/');
		expect(page.status).toBe(200);
		expect(page.headers['content-type']).toMatch(/^text\/html/);
		expect(page.headers['content-security-policy']).toMatch(/script-src 'self'/);
		expect(page.body.toString()).toMatch(/Live captions/);
		for (const name of ['main.js', 'page.css', 'capture-worklet.js']) {
			expect((await requestRaw(server, `/static/${name}`)).status).toBe(200);
		}
		expect(existsSync(join(place, 'static'))).toBe(true);
		expect(existsSync(join(place, 'serve', 'static'))).toBe(true);
	});

	it('is the first of --static-dir, ./static and ./serve/static that has one, without our rules for scripts', async () => {
		const place = await temporaryDirectory();
		const chosen = join(place, 'chosen');
		const server = await open(place, {staticDirectory: chosen});
		for (const folder of [join(place, 'serve', 'static'), join(place, 'static'), chosen]) {
			await writeFile(join(folder, 'index.html'), `page of ${folder}`);
			await writeFile(join(folder, 'own.js'), `script of ${folder}`);
			const page = await requestRaw(server, '/');
			expect(page.body.toString()).toBe(`page of ${folder}`);
			expect(page.headers['content-security-policy']).toBeUndefined();
			const script = await requestRaw(server, '/static/own.js');
			expect(script.body.toString()).toBe(`script of ${folder}`);
		}
		// Another page's files are not mixed into it.
		expect((await requestRaw(server, '/static/main.js')).status).toBe(404);
	});

	it('is a list of the endpoints where there is none at all', async () => {
		const server = await openTestServer({
			routes: [(app, parts) => registerPages(app, parts, {builtInPage: '/nowhere'})],
		});
		const page = await requestRaw(server, '/');
		expect(page.status).toBe(200);
		expect(page.headers['content-type']).toMatch(/^text\/html/);
		expect(page.body.toString()).toMatch(/\/livez/);
	});

	it('works where the folders cannot be made', async () => {
		const server = await open('/dev/null');
		expect((await requestRaw(server, '/')).status).toBe(200);
	});

	it.each([
		...[
			'../secret',
			'..%2Fsecret',
			'..%252Fsecret',
			'%2e%2e%2fsecret',
			'..%5Csecret',
			'..\\secret',
			'%2e%2e/secret',
		],
		...[
			'.env',
			'images/.env',
			'',
			'images',
			'images/',
			'link.txt',
			'index.html%00',
			'%2Fetc%2Fpasswd',
			'//etc/passwd',
		],
	])('has nothing at /static/%s', async path => {
		const place = await temporaryDirectory();
		const folder = join(place, 'static');
		await mkdir(join(folder, 'images'), {recursive: true});
		await writeFile(join(place, 'secret'), 'secret of all');
		for (const name of ['.env', 'images/.env']) await writeFile(join(folder, name), 'secret of all');
		await symlink(join(place, 'secret'), join(folder, 'link.txt'));
		await writeFile(join(folder, 'index.html'), 'page');
		const server = await open(place);
		const {status, body} = await requestRaw(server, `/static/${path}`);
		expect([400, 404]).toContain(status);
		expect(body.toString()).not.toMatch(/secret of all|images/);
	});

	function open(place: string, settings = {}): Promise<TestServer> {
		return openTestServer({settings, parts: parts => ({...parts, workingDirectory: place})});
	}
});

describe('listEndpoints', () => {
	it('writes a row for each method, and no markup of what it is told', () => {
		const page = listEndpoints({paths: {'/a<b': {get: {summary: 'x & y'}, post: {}}}});
		expect(page).toMatch(/<td>GET<\/td><td><code>\/a&lt;b<\/code><\/td><td>x &amp; y<\/td>/);
		expect(page).toMatch(/<td>POST<\/td>/);
	});
});
