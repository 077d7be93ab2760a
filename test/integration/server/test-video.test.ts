import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';

import {openMediaServer, type MediaServer} from '../../helpers/media-server.js';
import {requestRaw} from '../../helpers/raw-request.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const VIDEO = Buffer.from(Array.from({length: 1000}, (_, index) => index % 256));

describe('GET /test_video/{filename}', () => {
	it('serves a recording of the second folder, whole', async () => {
		const server = await open();
		const {status, headers, body} = await requestRaw(server, '/test_video/talk.mp4');
		expect(status).toBe(200);
		expect(headers).toMatchObject({
			'content-type': 'video/mp4',
			'content-length': '1000',
			'accept-ranges': 'bytes',
		});
		expect(body.equals(VIDEO)).toBe(true);
	});

	it.each([
		['bytes=0-99', 0, 100],
		['bytes=990-', 990, 1000],
		['bytes=-10', 990, 1000],
		['bytes=900-5000', 900, 1000],
	])('serves the range %s', async (range, start, end) => {
		const server = await open();
		const {status, headers, body} = await requestRaw(server, '/test_video/talk.mp4', {headers: {range}});
		expect(status).toBe(206);
		expect(headers['content-range']).toBe(`bytes ${start}-${end - 1}/1000`);
		expect(body.equals(VIDEO.subarray(start, end))).toBe(true);
	});

	it('refuses a range behind the end', async () => {
		const server = await open();
		const answer = await requestRaw(server, '/test_video/talk.mp4', {headers: {range: 'bytes=1000-'}});
		expect(answer.status).toBe(416);
		expect(answer.headers['content-range']).toBe('bytes */1000');
	});

	it('answers HEAD with the headers alone', async () => {
		const server = await open();
		const {status, headers, body} = await requestRaw(server, '/test_video/talk.mp4', {method: 'HEAD'});
		expect(status).toBe(200);
		expect(headers['content-length']).toBe('1000');
		expect(body).toHaveLength(0);
	});

	it('takes names in any language', async () => {
		const server = await open();
		const path = `/test_video/${encodeURIComponent('Vortrag Zürich (1) 講演.webm')}`;
		expect((await requestRaw(server, path)).status).toBe(200);
	});

	it.each([
		...[
			'../secret.mp4',
			'..%2Fsecret.mp4',
			'..%252Fsecret.mp4',
			'%2e%2e%2fsecret.mp4',
			'%252e%252e%252fsecret.mp4',
		],
		...['..\\secret.mp4', '..%5Csecret.mp4', '..%255Csecret.mp4', 'C:%5Csecret.mp4', '%2Fetc%2Fpasswd'],
		...[
			'talk.mp4%00',
			'talk.mp4%00.png',
			'%00',
			'.hidden.mp4',
			'talk.txt',
			'folder',
			'folder.mp4%2Ftalk.mp4',
		],
		...['outside.mp4', 'missing.mp4', 'talk.mp4%0d%0ax', '%c0%ae%c0%ae%c0%afsecret.mp4', '', 'folder.mp4'],
	])('refuses %j', async name => {
		const server = await open();
		const {status, body} = await requestRaw(server, `/test_video/${name}`);
		expect([400, 404]).toContain(status);
		expect(body.toString()).not.toMatch(/secret of/);
	});

	it('says what a name must be', async () => {
		const server = await open();
		const refused = await requestRaw(server, '/test_video/notes.txt');
		expect(JSON.parse(refused.body.toString())).toEqual({
			success: false,
			error: 'That is no plain name of a recording. Name a file such as talk.mp4, without folders.',
		});
		expect(await server.refused('path')).toBe(1);
		const missing = await requestRaw(server, '/test_video/missing.mp4');
		expect(JSON.parse(missing.body.toString())).toMatchObject({success: false});
	});
});

async function open(): Promise<MediaServer> {
	const root = await temporaryDirectory();
	const folder = join(root, 'videos');
	await mkdir(join(folder, 'folder.mp4'), {recursive: true});
	await writeFile(join(root, 'secret.mp4'), 'the secret of all');
	await writeFile(join(folder, 'talk.mp4'), VIDEO);
	await writeFile(join(folder, 'talk.txt'), 'notes');
	await writeFile(join(folder, '.hidden.mp4'), 'the secret of all');
	await writeFile(join(folder, 'folder.mp4', 'talk.mp4'), 'the secret of all');
	await writeFile(join(folder, 'Vortrag Zürich (1) 講演.webm'), VIDEO);
	await symlink(join(root, 'secret.mp4'), join(folder, 'outside.mp4'));
	return openMediaServer({settings: {videoDirectories: [join(root, 'nowhere'), folder]}});
}
