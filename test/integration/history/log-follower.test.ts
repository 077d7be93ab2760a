import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync} from 'node:fs';
import {
	appendFile,
	copyFile,
	mkdir,
	readFile,
	rename,
	rm,
	symlink,
	truncate,
	writeFile,
} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import {createRandom} from '../../../src/core/util/random.js';
import {LogFollower} from '../../../src/history/collect/log-follower.js';
import type {HistoryStore} from '../../../src/history/store/history-store.js';
import {openHistory} from '../../../src/history/store/sqlite-history-store.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {testCluster} from '../../helpers/history.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const NODE_ID = '1b'.repeat(28);
const RAYLET = `[2026-11-23 04:47:04,846 I 2507 2507] (raylet) main.cc:711: Setting node ID node_id=${NODE_ID}\n`;

let store: HistoryStore;
let root: string;
let logs: string;
let notices: string[];
let follower: LogFollower;

beforeEach(async () => {
	store = await openHistory({path: ':memory:'});
	root = await temporaryDirectory();
	notices = [];
	logs = await makeSession('session_a');
	follower = createFollower();
});

afterEach(() => store.close());

/** A session's folder as Ray makes it, which is the latest from then on. @returns its log folder. */
async function makeSession(name: string): Promise<string> {
	const folder = join(root, name, 'logs');
	await mkdir(join(folder, 'events'), {recursive: true});
	await writeFile(join(folder, 'raylet.out'), RAYLET);
	await rm(join(root, 'session_latest'), {force: true});
	await symlink(join(root, name), join(root, 'session_latest'));
	return folder;
}

function createFollower(directory = root, nodeId?: string): LogFollower {
	return new LogFollower({
		...{store, cluster: testCluster, directory, nodeId, intervalMs: 1000, clock: new FakeClock()},
		onNotice: text => void notices.push(text),
	});
}

function readSession(session = 'session_a') {
	return store.read(store.openSession(testCluster, session));
}

/** All files but the raylet's own, as they are in the history. */
function stored(session?: string, nodeId = NODE_ID): Record<string, string> {
	const reader = readSession(session);
	const files = reader.logFiles(nodeId).filter(({path}) => path !== 'raylet.out');
	return Object.fromEntries(
		files.map(({id, path, sizeBytes}) => [
			path,
			Buffer.concat([...reader.readLog(id, 0, sizeBytes)]).toString('latin1'),
		]),
	);
}

async function write(path: string, text: string | Buffer): Promise<void> {
	await mkdir(dirname(join(logs, path)), {recursive: true});
	await appendFile(join(logs, path), text);
}

describe('following logs', () => {
	it('takes what is there, what is added and what comes later, and nothing twice', async () => {
		await write('gcs_server.out', 'one\n');
		await write('empty.err', '');
		expect(await follower.scan()).toEqual({bytes: RAYLET.length + 4, hasMore: false});
		expect(await follower.scan()).toEqual({bytes: 0, hasMore: false});
		await write('gcs_server.out', 'two\nthree\n');
		await write('serve/deep/replica.log', 'new\n');
		await follower.scan();
		expect(stored()).toEqual({
			'gcs_server.out': 'one\ntwo\nthree\n',
			'empty.err': '',
			'serve/deep/replica.log': 'new\n',
		});
		expect(notices).toEqual([]);
	});

	it.each([
		['the temporary folder', () => root],
		['its latest session', () => join(root, 'session_latest')],
		['a session', () => join(root, 'session_a')],
		['the logs of one', () => join(root, 'session_latest', 'logs')],
	])('finds the logs in %s', async (_title, directory) => {
		await write('a.log', 'a\n');
		await createFollower(directory()).scan();
		expect(stored()).toEqual({'a.log': 'a\n'});
	});

	it('waits for a folder, and for a raylet that says whose logs they are', async () => {
		const later = createFollower(join(root, 'later'));
		await later.scan();
		await later.scan();
		expect(notices).toEqual([`${join(root, 'later')} holds no logs of a session of Ray; looking on`]);
		await mkdir(join(root, 'later', 'session_x', 'logs'), {recursive: true});
		await symlink('session_x', join(root, 'later', 'session_latest'));
		await later.scan();
		expect(notices.at(-1)).toMatch(/^no raylet has written yet .*session_x\/logs; looking on/);
		expect(store.sessions()).toEqual([]);
		await writeFile(join(root, 'later/session_x/logs/raylet.out'), RAYLET);
		await later.scan();
		expect(readSession('session_x').logFiles(NODE_ID)).toHaveLength(1);
	});

	it('keeps logs under the node that was named', async () => {
		await write('a.log', 'a\n');
		await createFollower(root, 'ff'.repeat(28)).scan();
		expect(stored('session_a', 'ff'.repeat(28))).toEqual({'a.log': 'a\n'});
	});

	it('waits for the end of a line, and takes half a one when nobody writes it on', async () => {
		await write('a.log', 'whole\nhal');
		await follower.scan();
		expect(stored()['a.log']).toBe('whole\n');
		await write('a.log', 'f\nan');
		await follower.scan();
		expect(stored()['a.log']).toBe('whole\nhalf\n');
		await follower.scan();
		expect(stored()['a.log']).toBe('whole\nhalf\nan');
		await write('a.log', 'other\n');
		await follower.scan();
		expect(stored()['a.log']).toBe('whole\nhalf\nanother\n');
	});

	it('takes what shows progress and never ends its line', async () => {
		for (const step of ['10 %\r', '20 %\r', '30']) {
			await write('a.log', step);
			await follower.scan();
		}

		expect(stored()['a.log']).toBe('10 %\r20 %\r');
	});

	it('takes half lines at its end, and goes on behind them', async () => {
		await write('a.log', 'hal');
		await follower.scan({isLast: true});
		expect(stored()['a.log']).toBe('hal');
		await write('a.log', 'f\n');
		await createFollower().scan();
		expect(stored()['a.log']).toBe('half\n');
	});

	it('keeps any bytes as they are, and lines without an end', async () => {
		const random = createRandom(3);
		const garbage = Buffer.from(Array.from({length: 300_000}, () => Math.floor(random() * 256)));
		const line = Buffer.alloc(2_500_000, 'x');
		await write('garbage.out', garbage);
		await write('line.out', line);
		await write('nul.out', '\0\0\n\xff\xfe\n');
		const results = [];
		do results.push(await follower.scan());
		while (results.at(-1)!.hasMore);
		await follower.scan({isLast: true});
		expect(results.length).toBeGreaterThan(1);
		const files = stored();
		expect(Buffer.from(files['garbage.out']!, 'latin1').equals(garbage)).toBe(true);
		expect(Buffer.from(files['line.out']!, 'latin1').equals(line)).toBe(true);
		expect(Buffer.from(files['nul.out']!, 'latin1').equals(await readFile(join(logs, 'nul.out')))).toBe(true);
	});

	it('finds in a search what was added line by line, in pieces that have grown together', async () => {
		for (let line = 0; line < 600; line += 1) {
			await write('a.log', `line number ${line}, the word is w${line}w\n`);
			await follower.scan();
		}

		const reader = readSession();
		const {id, sizeBytes} = reader.logFile(NODE_ID, 'a.log')!;
		expect([...reader.readLog(id, 0, sizeBytes)].length).toBeLessThan(15);
		const options = {sessionId: reader.session.id, limit: 10};
		for (const word of ['w0w', 'w299w', 'w599w']) {
			const hits = store.search(word, options);
			expect(hits.map(({text}) => text)).toEqual([expect.stringContaining(word)]);
		}
	}, 60_000);

	it('takes events from the files of the event page, line by line, and counts what is none', async () => {
		const event = (id: string) => JSON.stringify({event_id: id, timestamp: '1795409320', message: id});
		const ids = () =>
			readSession()
				.logEvents()
				.map(({eventId}) => eventId)
				.sort();
		await write('events/event_GCS.log', `${event('a')}\n${event('b').slice(0, 20)}`);
		await follower.scan();
		await follower.scan();
		expect(ids()).toEqual(['a']);
		await write('events/event_GCS.log', `${event('b').slice(20)}\nno event\n\n${event('c')}`);
		await follower.scan();
		await follower.scan();
		expect(ids()).toEqual(['a', 'b', 'c']);
		// In the middle of a line the next follower has only the history to go by.
		await write('events/event_GCS.log', `\n${event('d').slice(0, 20)}`);
		await follower.scan({isLast: true});
		await write('events/event_GCS.log', `${event('d').slice(20)}\n`);
		await createFollower().scan();
		expect(ids()).toEqual(['a', 'b', 'c', 'd']);
		const {count, first} = store.damages(readSession().session.id, 10);
		const byte = Buffer.byteLength(`${event('a')}\n${event('b')}\n`);
		expect([count, first]).toEqual([
			1,
			[{source: 'events/event_GCS.log', place: `byte ${byte}`, reason: 'no event'}],
		]);
		expect(stored()['events/event_GCS.log']).toBe(
			await readFile(join(logs, 'events/event_GCS.log'), 'latin1'),
		);
	});

	it('takes the last of a session before it follows the next', async () => {
		await write('a.log', 'one\n');
		await follower.scan();
		await write('a.log', 'two\nhal');
		logs = await makeSession('session_b');
		await write('a.log', 'other\n');
		await follower.scan();
		expect(stored('session_a')).toEqual({'a.log': 'one\ntwo\nhal'});
		expect(stored('session_b')).toEqual({'a.log': 'other\n'});
	});

	it('follows no link, and waits at no pipe', async () => {
		await writeFile(join(root, 'secret'), 'secret\n');
		await symlink(join(root, 'secret'), join(logs, 'link.log'));
		await symlink(root, join(logs, 'folder'));
		await execa('mkfifo', [join(logs, 'pipe.log')]);
		await write('a.log', 'a\n');
		await follower.scan();
		expect(stored()).toEqual({'a.log': 'a\n'});
	});

	it('has few files open, however many there are', async () => {
		for (let file = 0; file < 700; file += 1) await write(`worker-${file}.out`, `${file}\n`);
		const before = readdirSync('/proc/self/fd').length;
		let most = 0;
		const counting = Object.create(store, {
			write: {
				value(...what: Parameters<HistoryStore['write']>) {
					most = Math.max(most, readdirSync('/proc/self/fd').length);
					store.write(...what);
				},
			},
		}) as HistoryStore;
		Object.assign(counting, {
			openSession: store.openSession.bind(store),
			read: store.read.bind(store),
		});
		const counted = new LogFollower({
			...{store: counting, cluster: testCluster, directory: root, intervalMs: 1, clock: new FakeClock()},
			onNotice: () => undefined,
		});
		await counted.scan();
		expect(Object.keys(stored())).toHaveLength(700);
		expect(most).toBeGreaterThan(0);
		expect(most - before).toBeLessThan(8);
	});

	it.each([
		['deleted', () => undefined],
		['deleted and made anew', () => readSession()],
		['deleted, and another has its number', () => readSession('session_other')],
	])('goes on when the session was %s meanwhile', async (_title, then) => {
		await write('a.log', 'one\n');
		await follower.scan();
		store.discardSession(readSession().session.id);
		for (let isLeft = true; isLeft;) isLeft = store.sweep(1000);
		then();
		await write('a.log', 'two\n');
		await follower.scan();
		await follower.scan();
		expect(stored()).toEqual({'a.log': 'one\ntwo\n'});
		expect(stored('session_other')).toEqual({});
	});
});

describe('a file that changes its name or is cut', () => {
	it('is kept under the name it has after rotations, each byte once', async () => {
		await write('a.log', 'first\n');
		await follower.scan();
		await write('a.log', 'end of first\n');
		await rename(join(logs, 'a.log'), join(logs, 'a.log.1'));
		await write('a.log', 'second\n');
		await follower.scan();
		expect(stored()).toEqual({'a.log': 'second\n', 'a.log.1': 'first\nend of first\n'});
		await rename(join(logs, 'a.log.1'), join(logs, 'a.log.2'));
		await rename(join(logs, 'a.log'), join(logs, 'a.log.1'));
		await write('a.log', 'third\n');
		await follower.scan();
		expect(stored()).toEqual({
			'a.log': 'third\n',
			'a.log.1': 'second\n',
			'a.log.2': 'first\nend of first\n',
		});
	});

	it('is kept when a rotation deletes it', async () => {
		await write('a.log', 'first\n');
		await follower.scan();
		await rm(join(logs, 'a.log'));
		await write('b.log', 'another, perhaps with the number of the first\n');
		await write('a.log', 'second\n');
		await follower.scan();
		expect(stored()).toEqual({
			'a.log': 'second\n',
			'a.log.1': 'first\n',
			'b.log': 'another, perhaps with the number of the first\n',
		});
	});

	it.each([
		['shorter than before', 'new\n'],
		['longer than before', 'new and longer than what was there\n'],
		['as long as before', 'secnd\n'],
	])('is kept when it is cut and written anew, %s', async (_title, text) => {
		await write('a.log', 'first\n');
		await follower.scan();
		await truncate(join(logs, 'a.log'));
		await write('a.log', text);
		await follower.scan();
		await follower.scan();
		expect(stored()).toEqual({'a.log': text, 'a.log.1': 'first\n'});
	});

	it('is kept when it is copied and cut', async () => {
		await write('a.log', 'first\n');
		await follower.scan();
		await copyFile(join(logs, 'a.log'), join(logs, 'a.log.1'));
		await truncate(join(logs, 'a.log'));
		await follower.scan();
		await write('a.log', 'second\n');
		await follower.scan();
		const files = stored();
		expect(files).toMatchObject({'a.log': 'second\n', 'a.log.1': 'first\n'});
	});

	it('is known again by one that begins later', async () => {
		await write('a.log', 'first\n');
		await follower.scan();
		await write('a.log', 'end of first\n');
		await rename(join(logs, 'a.log'), join(logs, 'a.log.1'));
		await write('a.log', 'second\n');
		await createFollower().scan();
		expect(stored()).toEqual({'a.log': 'second\n', 'a.log.1': 'first\nend of first\n'});
	});

	it('is taken once by two who follow it together', async () => {
		const other = createFollower();
		await write('a.log', 'first\n');
		await Promise.all([follower.scan(), other.scan()]);
		await write('a.log', 'second\n');
		await Promise.all([follower.scan(), other.scan()]);
		await rename(join(logs, 'a.log'), join(logs, 'a.log.1'));
		await write('a.log', 'third\n');
		for (let look = 0; look < 3; look += 1) await Promise.all([follower.scan(), other.scan()]);
		expect(stored()).toEqual({'a.log': 'third\n', 'a.log.1': 'first\nsecond\n'});
	});
});

describe('a follower that is killed', () => {
	const program = fileURLToPath(new URL('../../helpers/log-follower-process.ts', import.meta.url));

	it('has stored each byte once when another goes on after it', async () => {
		const path = join(root, 'history.db');
		const random = createRandom(11);
		let count = 0;
		for (let kill = 0; kill < 3; kill += 1) {
			const child = spawn(process.execPath, ['--import', 'tsx', program, path, root], {
				stdio: ['ignore', 'pipe', 'inherit'],
			});
			const exited = once(child, 'exit');
			let looks = 0;
			const last = 5 + Math.floor(random() * 25);
			for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
				looks += chunk.length;
				for (let line = 0; line < 40; line += 1) {
					count += 1;
					const text = `${count} ${'x'.repeat(Math.floor(random() * 3000))}${random() < 0.2 ? '' : '\n'}`;
					await write(`worker-${count % 7}.out`, text);
				}

				if (looks % 5 === 0) {
					await rename(join(logs, 'worker-0.out'), join(logs, `worker-0.out.${looks + kill * 1000}`));
				}

				if (looks >= last && !child.killed) child.kill('SIGKILL');
			}

			expect(await exited).toEqual([null, 'SIGKILL']);
		}

		store.close();
		store = await openHistory({path});
		const before = Object.values(stored()).join('').length;
		expect(before).toBeGreaterThan(0);
		const next = createFollower();
		for (let more = true; more;) more = (await next.scan({isLast: true})).hasMore;
		expect(store.verify()).toEqual([]);
		const onDisk: Record<string, string> = {};
		for (const name of readdirSync(logs).filter(name => name.startsWith('worker'))) {
			onDisk[name] = await readFile(join(logs, name), 'latin1');
		}

		expect(Object.keys(onDisk).length).toBeGreaterThan(7);
		expect(stored()).toEqual(onDisk);
	});
});
