import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {mkdir, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {chromium, type Browser, type BrowserContext} from 'playwright-core';
import {beforeAll, describe, expect, it, onTestFinished} from 'vitest';

import {openMountedHistory} from '../../src/history/mount/open-mounted-history.js';
import {HISTORY_PATH} from '../../src/server/history/mounted-history.js';
import {testHome} from '../helpers/default-model.js';
import {openTestServer} from '../helpers/open-test-server.js';
import {describeWithChromium} from '../helpers/programs.js';
import {describeWithDashboard, ensureDashboard} from '../helpers/ray-dashboard.js';
import {programPath} from '../helpers/run-program.js';
import {describeWithShared, sharedPath} from '../helpers/shared.js';

const SESSION = '/c/default/raycluster-dev/session_2026-11-23_04-47-01_378364_2154';

/** Not in version control; what a person wants to look at after a run. */
const ARTEFACTS = fileURLToPath(new URL('../../coverage/dashboard/', import.meta.url));

/** A busy machine draws slowly. */
const WAIT = {timeout: 30_000};

/** One page of the dashboard as it was recorded while the head lived. */
interface RecordedPage {
	/** "#/jobs" */
	readonly url: string;
	/** "GET 200 /api/version" and how often. */
	readonly requests: Readonly<Record<string, number>>;
	/** What was on the screen: its beginning, and how long all of it was. */
	readonly text: string;
	readonly text_len: number;
}

describeWithShared("Ray's dashboard on an imported session", () => {
	describeWithDashboard('with the page of its wheel', () => {
		describeWithChromium('in Chromium', chromiumPath => {
			const recorded = JSON.parse(readFileSync(sharedPath('history/ui-requests.json'), 'utf8')) as Record<
				string,
				RecordedPage
			>;
			let url: string;
			let db: string;
			let dashboardDirectory: string;
			let context: BrowserContext;

			beforeAll(async () => {
				({directory: dashboardDirectory} = await ensureDashboard());
				await mkdir(ARTEFACTS, {recursive: true});
				const folder = await mkdtemp(join(tmpdir(), 'infinisst-test-'));
				db = join(folder, 'history.db');
				const env = {...process.env, INFINISST_HOME: testHome};
				const history = [programPath, 'history'];
				await execa(process.execPath, [...history, 'import', sharedPath('history/storage'), '--db', db], {
					env,
				});
				const server = spawn(process.execPath, [...history, 'serve', '--db', db, '--port', '0'], {
					env,
					stdio: ['ignore', 'ignore', 'pipe'],
				});
				const [line] = (await once(createInterface({input: server.stderr}), 'line')) as [string];
				url = /http:\S+/.exec(line)![0];
				const browser = await launch(chromiumPath);
				context = await browser.newContext({viewport: {width: 1400, height: 1000}, timezoneId: 'UTC'});
				return async () => {
					await browser.close();
					server.kill('SIGKILL');
					await rm(folder, {recursive: true, force: true});
				};
			});

			it('was recorded with 18 pages', () => {
				expect(Object.keys(recorded)).toHaveLength(18);
			});

			describe.each(Object.entries(recorded))('%s', (name, was) => {
				it('loads as it did from the live head', async () => {
					const {faults, failed} = await visit(`${url}${SESSION}/`, name, was);
					expect(faults).toEqual([]);
					expect(failed.filter(request => !(request in was.requests))).toEqual([]);
				});
			});

			it('shows a task of an actor, which other servers leave white', async () => {
				const {text} = await visit(`${url}${SESSION}/`, 'task_detail', recorded['task_detail']!);
				expect(splitText(text)).toEqual(
					expect.arrayContaining(['ACTOR_TASK', 'Counter(k=1).inc', 'FINISHED']),
				);
			});

			it('works by cookies alone, after a cluster was chosen', async () => {
				const chosen = await context.request.get(`${url}/enter_cluster${SESSION.slice(2)}?redirect=true`);
				expect(chosen.headers()['content-type']).toContain('text/html');
				const {faults, text} = await visit(`${url}/`, 'jobs', recorded['jobs']!);
				expect(faults).toEqual([]);
				expect(text).toContain('raysubmit_fail');
			});

			it('works below /history/ of a translation server', async () => {
				const mountedHistory = await openMountedHistory({
					path: db,
					basePath: HISTORY_PATH,
					dashboardDirectory,
				});
				onTestFinished(() => mountedHistory.close());
				const server = await openTestServer({parts: parts => ({...parts, mountedHistory})});
				const was = recorded['jobs']!;
				const {faults, failed, text} = await visit(`${server.url}${HISTORY_PATH}${SESSION}/`, 'jobs', was);
				expect(faults).toEqual([]);
				expect(failed.filter(request => !(request in was.requests))).toEqual([]);
				expect(text).toContain('raysubmit_fail');
			});

			interface Visit {
				/** Errors that no code of the page caught. */
				readonly faults: readonly string[];
				/** Requests that were answered with 400 or more, or not at all. */
				readonly failed: readonly string[];
				readonly text: string;
			}

			/** Opens a page, waits until it has asked and shown all that was recorded, and keeps a picture of it. */
			async function visit(base: string, name: string, was: RecordedPage): Promise<Visit> {
				const page = await context.newPage();
				onTestFinished(() => page.close());
				const faults: string[] = [];
				const answered = new Set<string>();
				const failed: string[] = [];
				page.on('pageerror', error => faults.push(error.message));
				page.on('response', response => {
					const request = `${response.request().method()} ${response.status()} /${response.url().slice(base.length)}`;
					answered.add(request);
					if (response.status() >= 400) failed.push(request);
				});
				page.on('requestfailed', request => {
					failed.push(`${request.method()} ${request.failure()?.errorText} ${request.url()}`);
				});
				await page.goto(base + was.url);
				const read = (): Promise<string> => page.evaluate('document.body.innerText');
				const unasked = () => Object.keys(was.requests).filter(request => !answered.has(request));
				await expect.poll(unasked, WAIT).toEqual([]);
				await expect.poll(async () => missingTexts(name, was, await read()), WAIT).toEqual([]);
				await page.screenshot({path: join(ARTEFACTS, `${name}.png`), fullPage: true});
				return {faults, failed, text: await read()};
			}
		});
	});
});

/** What the live head showed and nobody can show of a dead one, by the page it stood on. */
const GONE: Readonly<Record<string, readonly RegExp[]>> = {
	// How much was in use at that moment, what waited for it, and that no node had died yet.
	overview: [/^[\d./]+ CPU |object_store_memory$|pending tasks\/actors$/, /^\(no failures\)$/, /^sleep 5$/],
	// The command of a job that never began is in no event.
	jobs: [/^sleep 5$/],
	// The order of a map's members.
	job_detail: [/^\{ "owner": "alice", "exp": "7" \}$/],
	job_detail_submission: [/^\{ "owner": "alice", "exp": "7" \}$/],
	// Processor and memory of a process, and which worker it was.
	actors: [/^[\d.]+$|^[\d.A-Z]*\/[\d.]+GB|^[\da-f]{56}$/],
	cluster: [/^[\d.]+[KMG]?B\/|^\d+%$|B\/s$|^[\d./]+ CPU /],
	node_detail: [
		/^[\d.]+[KMG]?B\/|^\d+%$|^[\d./ ]+$|^Disk \(\/srv|^2026\/11\/23 04:28:35$|^(WORKER|ACTOR) \(/,
	],
	// Empty folders, which no collector keeps.
	logs_node: [/^(nsight|old|profiles)\/$/],
};

/** How long something took or is old. */
const DURATION = /^(\d+(d|h|m|s|ms) ?)+$/;

/** Cells and lines of the recorded page that are not on ours. */
function missingTexts(
	name: string,
	{text, text_len: length}: RecordedPage,
	shown: string,
): readonly string[] {
	const present = new Set(splitText(shown));
	// The last of a text that was cut is half a line.
	return splitText(text.length < length ? text.replace(/\n.*$/, '') : text).filter(
		part =>
			!present.has(part) &&
			!DURATION.test(part) &&
			!part.startsWith('Updated ') &&
			!(GONE[name] ?? []).some(pattern => pattern.test(part)),
	);
}

function splitText(text: string): readonly string[] {
	return text
		.split(/[\n\t]/)
		.map(part => part.trim())
		.filter(part => part !== '');
}

async function launch(executablePath: string): Promise<Browser> {
	return chromium.launch({
		executablePath,
		// A machine for tests runs it as root.
		args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
	});
}
