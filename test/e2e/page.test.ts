import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {execa} from 'execa';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright-core';
import {beforeAll, expect, it, onTestFinished} from 'vitest';

import {ensureDefaultModel, testHome} from '../helpers/default-model.js';
import {describeWithChromium, describeWithFfmpeg} from '../helpers/programs.js';
import {programPath} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';
import {temporaryDirectory} from '../helpers/temporary-directory.js';
import {describeWithWhisperBase} from '../helpers/whisper-base.js';

const CLIP = sharedPath('audio/dev/en_jfk.flac');
const SAID = /what your country can do for you\W+ask what you can do for your country/i;
/** A busy machine translates more slowly than people speak. */
const WAIT = {timeout: 90_000};

interface OpenedPage {
	readonly page: Page;
	/** What the browser complained about. */
	readonly complaints: readonly string[];
	/** Hosts that anything was asked of. */
	readonly hosts: ReadonlySet<string>;
}

describeWithShared('the built-in page', () => {
	describeWithWhisperBase('with whisper-base', () => {
		describeWithFfmpeg('and ffmpeg', ffmpegPath => {
			describeWithChromium('in Chromium', chromiumPath => {
				beforeAll(ensureDefaultModel);

				it('shows captions of what the microphone hears, and asks nothing of other hosts', async () => {
					const url = await startServer();
					const browser = await launch(chromiumPath, await makeMicrophone(ffmpegPath));
					const {page, complaints, hosts} = await openPage(browser, url);
					await chooseCaptions(page);
					await page.getByRole('button', {name: 'Start'}).click();
					const captions = page.getByRole('log', {name: 'Captions'});
					await expect.poll(() => captions.textContent(), WAIT).toMatch(/fellow Americans/i);
					await expect.poll(() => captions.textContent(), WAIT).toMatch(/country/i);
					await expect.poll(() => page.locator('#lag').textContent(), WAIT).toMatch(/^\d+\.\d s behind$/);
					await expect.poll(() => captions.textContent(), WAIT).toMatch(SAID);
					await page.getByRole('button', {name: 'Stop'}).click();
					await expect.poll(() => page.getByRole('status').textContent(), WAIT).toBe('Done');
					expect(await page.locator('.tail').count()).toBe(0);
					expect(complaints).toEqual([]);
					expect([...hosts]).toEqual([new URL(url).host]);
				});

				it('shows captions of a file, with nothing lost when the connection is cut', async () => {
					const {url, cut, connections} = await openCuttable(await startServer());
					const {page, hosts} = await openPage(await launch(chromiumPath), url);
					await chooseCaptions(page);
					await page.getByRole('radio', {name: 'File'}).check();
					await page.getByLabel('Recording').setInputFiles(CLIP);
					// By the keyboard alone.
					await page.getByRole('button', {name: 'Start'}).focus();
					await page.keyboard.press('Enter');
					const captions = page.getByRole('log', {name: 'Captions'});
					await expect.poll(() => captions.textContent(), WAIT).toMatch(/\w/);
					const before = connections();
					cut();
					await expect.poll(() => page.getByRole('status').textContent(), WAIT).toBe('Done');
					expect(connections()).toBeGreaterThan(before);
					const text = (await captions.textContent()) ?? '';
					expect(text).toMatch(SAID);
					expect(text.match(/fellow Americans/gi)).toHaveLength(1);
					expect([...hosts]).toEqual([new URL(url).host]);
				});

				it('asks for a key, keeps it for the tab, and says what went wrong', async () => {
					const key = 'a-key-of-some-length-0123456789';
					const url = await startServer(['--api-key', key]);
					const browser = await launch(chromiumPath);
					expect((await fetch(url)).status).toBe(401);
					const {page} = await openPage(browser, url, {httpCredentials: {username: 'me', password: key}});
					// As for browsers that do not give a page's requests what people typed to see the page.
					await page.route('**/languages', route =>
						route.request().headers()['authorization'] === `Bearer ${key}`
							? route.continue()
							: route.fulfill({status: 401}),
					);
					await page.reload();
					const dialog = page.getByRole('dialog', {name: 'This server wants a key'});
					await dialog.waitFor();
					await dialog.getByLabel('Key').fill('wrong');
					await dialog.getByRole('button', {name: 'Use it'}).click();
					await expect
						.poll(() => page.getByRole('alert').textContent())
						.toBe('The server does not know this key.');
					await dialog.getByLabel('Key').fill(key);
					await page.keyboard.press('Enter');
					await expect.poll(() => page.getByRole('button', {name: 'Start'}).isEnabled()).toBe(true);
					expect(await page.evaluate('Object.values({...sessionStorage})')).toEqual([key]);
					await page.getByRole('radio', {name: 'File'}).check();
					await page.getByRole('button', {name: 'Start'}).click();
					await expect.poll(() => page.getByRole('alert').textContent()).toBe('Choose a file first.');
					await page.getByLabel('Recording').setInputFiles(CLIP);
					await chooseCaptions(page);
					await page.getByRole('button', {name: 'Start'}).click();
					await expect.poll(() => page.getByRole('status').textContent(), WAIT).toBe('Done');
				});

				it('says what must be fetched first, fits a screen of 320 pixels, and becomes all captions on demand', async () => {
					const {page, complaints} = await openPage(await launch(chromiumPath), await startServer(), {
						viewport: {width: 320, height: 480},
						colorScheme: 'dark',
					});
					await chooseCaptions(page);
					const languages = await page.getByRole('combobox', {name: 'Write', exact: true}).allInnerTexts();
					for (const language of ['Chinese', 'German', 'Italian', 'Spanish']) {
						expect(languages.join('\n')).toContain(`${language} (fetches 113 MB first)`);
					}
					expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
					expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
						'rgb(20, 22, 26)',
					);
					await page.getByRole('button', {name: 'Full screen'}).click();
					await expect.poll(() => page.getByRole('button', {name: 'Start'}).isVisible()).toBe(false);
					expect(await page.getByRole('log', {name: 'Captions'}).isVisible()).toBe(true);
					await page.getByRole('button', {name: 'Close'}).click();
					await expect.poll(() => page.getByRole('button', {name: 'Start'}).isVisible()).toBe(true);
					expect(complaints).toEqual([]);
				});
			});
		});
	});
});

/** `infinisst serve` as it was built, once its model is loaded. @returns where it is. */
async function startServer(parameters: readonly string[] = []): Promise<string> {
	const child = spawn(
		process.execPath,
		[programPath, 'serve', '--port', '0', '--json', '--workers', '1', '--no-history', ...parameters],
		{
			cwd: await temporaryDirectory(),
			env: {...process.env, INFINISST_HOME: testHome},
			stdio: ['ignore', 'pipe', 'ignore'],
		},
	);
	onTestFinished(() => void child.kill('SIGKILL'));
	const [line] = (await once(createInterface({input: child.stdout}), 'line')) as [string];
	return (JSON.parse(line) as {url: string}).url;
}

/** The recording as a microphone has it, after a second of silence; then nothing. */
async function makeMicrophone(ffmpegPath: string): Promise<string> {
	const path = join(await temporaryDirectory(), 'microphone.wav');
	const filter = 'adelay=1000:all=1,apad=pad_dur=120';
	await execa(ffmpegPath, [
		'-loglevel',
		'error',
		'-i',
		CLIP,
		'-af',
		filter,
		'-ar',
		'48000',
		'-ac',
		'1',
		path,
	]);
	return path;
}

async function launch(executablePath: string, microphone?: string): Promise<Browser> {
	const browser = await chromium.launch({
		executablePath,
		args: [
			'--use-fake-ui-for-media-stream',
			'--use-fake-device-for-media-stream',
			...(microphone === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphone}%noloop`]),
			// A machine for tests runs it as root.
			...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
		],
	});
	onTestFinished(() => browser.close());
	return browser;
}

async function openPage(
	browser: Browser,
	url: string,
	options: BrowserContextOptions = {},
): Promise<OpenedPage> {
	const context = await browser.newContext({permissions: ['microphone'], ...options});
	const page = await context.newPage();
	const complaints: string[] = [];
	const hosts = new Set<string>();
	page.on('console', message => {
		if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
	});
	page.on('pageerror', error => complaints.push(error.message));
	page.on('request', request => {
		if (/^(https?|wss?):/.test(request.url())) hosts.add(new URL(request.url()).host);
	});
	page.on('websocket', socket => hosts.add(new URL(socket.url()).host));
	await page.goto(url);
	return {page, complaints, hosts};
}

async function chooseCaptions(page: Page): Promise<void> {
	await expect.poll(() => page.getByRole('button', {name: 'Start'}).isEnabled()).toBe(true);
	await page.getByRole('combobox', {name: 'Spoken', exact: true}).selectOption('en');
	await page.getByRole('combobox', {name: 'Write', exact: true}).selectOption('same');
}

interface Cuttable {
	readonly url: string;
	/** Ends all connections there are. */
	readonly cut: () => void;
	/** How many there have been. */
	readonly connections: () => number;
}

async function openCuttable(serverUrl: string): Promise<Cuttable> {
	const {hostname, port} = new URL(serverUrl);
	const sockets = new Set<Socket>();
	let count = 0;
	const server = createServer(client => {
		count++;
		const upstream = connect(Number(port), hostname);
		for (const socket of [client, upstream]) {
			sockets.add(socket);
			socket.on('error', () => undefined);
			socket.on('close', () => {
				client.destroy();
				upstream.destroy();
				sockets.delete(socket);
			});
		}
		client.pipe(upstream).pipe(client);
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	const cut = (): void => {
		for (const socket of sockets) socket.destroy();
	};
	onTestFinished(() => {
		server.close();
		cut();
	});
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, cut, connections: () => count};
}
