import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';

import type {Check} from '../check.js';
import {describeAnswer, type CheckContext} from '../check-context.js';
import {isObject} from '../expect-fields.js';
import {expectThat, NotApplicable} from '../mismatch.js';

const YOUTUBE =
	'Only http(s) addresses of allowed hosts (configurable; never loopback, private or link-local addresses, also after redirects)';
const VIDEO =
	'`GET /test_video/{filename}` → allow-listed plain file names looked up in the configured folders; ranges supported.';

/** Ways out of a folder, each as it is sent. */
const WAYS_OUT = [
	'../../../../../../etc/passwd',
	'..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd',
	'%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
	'..%252f..%252f..%252f..%252f..%252fetc%252fpasswd',
	'..%5c..%5c..%5c..%5c..%5cetc%5cpasswd',
	'%2fetc%2fpasswd',
	'//etc/passwd',
];

/** Videos and the page. */
export const mediaChecks: readonly Check[] = [
	{
		id: 'youtube.inside',
		title: 'fetches nothing from addresses inside',
		rule: YOUTUBE,
		async run(context) {
			let visits = 0;
			const server = createServer((_request, response) => {
				visits++;
				response.end('inside');
			});
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			try {
				const {port} = server.address() as AddressInfo;
				for (const url of [
					`http://127.0.0.1:${port}/video.mp4`,
					`http://localhost:${port}/video.mp4`,
					`http://[::ffff:127.0.0.1]:${port}/video.mp4`,
					`http://2130706433:${port}/video.mp4`,
					'http://169.254.169.254/latest/meta-data/',
					'http://10.0.0.1/video.mp4',
				]) {
					await expectNotFetched(context, url);
				}

				expectThat(visits === 0, 'no request to an address inside', `${visits} requests came`);
			} finally {
				server.closeAllConnections();
				server.close();
			}
		},
	},
	{
		id: 'youtube.no-address',
		title: 'takes nothing for an address that is none, such as an option or a file',
		rule: YOUTUBE,
		async run(context) {
			for (const url of [
				'',
				'file:///etc/passwd',
				'ftp://example.com/a.mp4',
				'--version',
				'-o/tmp/x',
				'a b',
			]) {
				await expectNotFetched(context, url);
			}
		},
	},
	{
		id: 'youtube.video',
		title: 'fetches a video and sends it on as video/mp4',
		rule: '`POST /download_youtube {url, session_id?}` → the video as `video/mp4`, streamed',
		async run(context) {
			const {videoUrl} = context.settings;
			if (videoUrl === undefined) throw new NotApplicable('no video to fetch was named with --video-url');
			const answer = await context.post('/download_youtube', {url: videoUrl});
			const {status, contentType} = answer;
			expectThat(
				status === 200 && contentType.startsWith('video/mp4') && answer.text !== '',
				'200 with a video/mp4',
				contentType.startsWith('video/') ? `${status} ${contentType}` : describeAnswer(answer),
			);
		},
	},
	{
		id: 'test-video.ranges',
		title: 'sends parts of a test video',
		rule: VIDEO,
		async run(context) {
			const {testVideo} = context.settings;
			if (testVideo === undefined) throw new NotApplicable('no file there was named with --test-video');
			const answer = await context.request('GET', `/test_video/${encodeURIComponent(testVideo)}`, {
				headers: {range: 'bytes=0-3'},
			});
			expectThat(answer.status === 206, 'bytes=0-3 to answer 206', `${answer.status} ${answer.contentType}`);
		},
	},
	{
		id: 'test-video.confined',
		title: 'gives no files but those in its folders of videos',
		rule: VIDEO,
		run: context => expectConfined(context, '/test_video/'),
	},
	{
		id: 'page.root',
		title: 'has a page',
		rule: '`GET /` and `/static/*` → the first folder that has a page […], and without any page a basic HTML page lists the endpoints.',
		async run(context) {
			const answer = await context.get('/');
			expectThat(
				answer.status === 200 && answer.contentType.startsWith('text/html') && answer.text.includes('<'),
				'GET / to answer 200 with text/html',
				`${answer.status} ${answer.contentType}`,
			);
		},
	},
	{
		id: 'page.confined',
		title: 'gives no files but those of its page',
		rule: '`GET /` and `/static/*` → the first folder that has a page, of: `--static-dir`, `./static`, `./serve/static`, the built-in page',
		run: context => expectConfined(context, '/static/'),
	},
];

async function expectNotFetched(context: CheckContext, url: string): Promise<void> {
	const answer = await context.post('/download_youtube', {url});
	const {status, body} = answer;
	expectThat(
		(status === 200 || status === 422) && isObject(body) && ('error' in body || status === 422),
		`POST /download_youtube to refuse ${JSON.stringify(url)} with an error`,
		answer.contentType.startsWith('video/') ? `${status} ${answer.contentType}` : describeAnswer(answer),
	);
}

async function expectConfined(context: CheckContext, folder: string): Promise<void> {
	for (const way of WAYS_OUT) {
		const answer = await context.get(`${folder}${way}`);
		expectThat(answer.status < 500, `GET ${folder}${way} to be refused`, describeAnswer(answer));
		expectThat(
			!/^root:.*:0:0:/m.test(answer.text),
			`GET ${folder}${way} to give no file of the system`,
			`${answer.status} with the file`,
		);
	}
}
