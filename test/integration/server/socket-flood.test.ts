import {execFile, spawn, type ChildProcess} from 'node:child_process';
import {on, once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {createInterface, type Interface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {expect, it, onTestFinished} from 'vitest';

/** As many as show a leak or a slow loop in half a minute; with ten thousand it takes a minute and a half. */
const WANTED_SOCKETS = Number(process.env['INFINISST_TEST_SOCKETS'] ?? 4000);
/** Of each process, beside the sockets. */
const OTHER_FILES = 500;
/** What a silent socket may cost the server: its buffers, its timers and what the system's library keeps. */
const MAX_BYTES_PER_SOCKET = 40_000;

interface Told {
	readonly type: string;
	readonly outcomes: Readonly<Record<string, number>>;
}

/** A process that may have as many open files as the system lets anybody here have. */
function start(path: string, ...parameters: readonly string[]): {child: ChildProcess; lines: Interface} {
	const script = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
	const command = ['ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', process.execPath, script, ...parameters];
	const child = spawn('sh', ['-c', ...command], {stdio: ['ignore', 'pipe', 'inherit']});
	onTestFinished(() => void child.kill('SIGKILL'));
	return {child, lines: createInterface({input: child.stdout})};
}

async function readLimit(): Promise<number> {
	const {stdout} = await promisify(execFile)('sh', ['-c', 'ulimit -Hn']);
	const limit = Number(stdout);
	return Number.isFinite(limit) ? limit : Infinity;
}

async function readBytes({pid}: ChildProcess): Promise<number> {
	const status = await readFile(`/proc/${pid!}/status`, 'utf8');
	return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

it(
	'thousands of sockets without audio cost little each, keep nobody else from an answer, and are all closed',
	{timeout: 120_000},
	async () => {
		const flood = Math.min(WANTED_SOCKETS, (await readLimit()) - OTHER_FILES);
		expect(flood).toBeGreaterThanOrEqual(1000);
		const limit = flood - 100;
		const server = start(
			'bench/server/idle-server.js',
			JSON.stringify({sockets: limit, idleSocketMs: 10_000}),
		);
		const [line] = (await once(server.lines, 'line')) as [string];
		const {url} = JSON.parse(line) as {url: string};
		const isWell = async (): Promise<boolean> => (await fetch(`${url}/livez`)).status === 200;
		const readMetric = async (name: string): Promise<number> => {
			const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
			return Number(lines.find(text => text.startsWith(`${name} `))?.slice(name.length + 1));
		};
		expect(await isWell()).toBe(true);
		const beforeBytes = await readBytes(server.child);

		const client = start('test/helpers/open-many-sockets.js', new URL(url).port, String(flood));
		const told = on(client.lines, 'line') as AsyncIterator<[string], [string]>;
		const next = async (): Promise<Told> => JSON.parse((await told.next()).value[0]) as Told;
		const answered = await next();
		expect(answered.type).toBe('answered');
		const {101: opened = 0, 503: refused = 0} = answered.outcomes;
		expect(opened + refused).toBe(flood);
		expect(opened).toBeGreaterThanOrEqual(limit);
		expect((await readBytes(server.child)) - beforeBytes).toBeLessThan(flood * MAX_BYTES_PER_SOCKET);
		expect(await isWell()).toBe(true);

		const closed = await next();
		expect(closed.type).toBe('closed');
		expect((closed.outcomes['close 1008'] ?? 0) + (closed.outcomes['close 4008'] ?? 0)).toBe(opened);
		expect(await isWell()).toBe(true);
		await expect.poll(() => readMetric('infinisst_sockets_open')).toBe(0);
		expect(await readMetric('infinisst_refused_total{reason="idle_socket"}')).toBe(opened);
		expect((await readMetric('infinisst_refused_total{reason="sockets"}')) || 0).toBe(refused);
	},
);
