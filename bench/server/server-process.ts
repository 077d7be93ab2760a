import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir, readFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

/** Of Linux, on all its machines: what the times of a process are counted in. */
const TICKS_PER_SECOND = 100;

/** Processor time since the start. */
export interface CpuSeconds {
	/** The server's process with its threads. */
	readonly server: number;
	/** With the processes it has started. */
	readonly program: number;
}

/** Of a process, from Linux. */
export interface ProcessMemory {
	readonly residentBytes: number;
	/** The most it ever had. */
	readonly peakBytes: number;
}

export interface ServerProcess {
	/** `ws://127.0.0.1:port` */
	readonly socketUrl: string;
	/** `http://127.0.0.1:port` */
	readonly url: string;
	readMemory(): Promise<ProcessMemory>;
	readCpuSeconds(): Promise<CpuSeconds>;
	/** Resolves when the process has ended. */
	stop(): Promise<void>;
}

/** Starts one of the servers of this folder. `NODE_OPTIONS` reaches it, for a profile of it. */
export function startBenchServer(name: 'idle-server' | 'echo-server'): Promise<ServerProcess> {
	return startServerProcess([fileURLToPath(new URL(`${name}.js`, import.meta.url))]);
}

/** Starts the program as it was built. @param parameters - behind `serve`. */
export function startProgram(...parameters: readonly string[]): Promise<ServerProcess> {
	const path = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));
	return startServerProcess([path, 'serve', '--port', '0', '--json', ...parameters]);
}

async function startServerProcess(parameters: readonly string[]): Promise<ServerProcess> {
	const child = spawn(process.execPath, parameters, {stdio: ['ignore', 'pipe', 'inherit']});
	const exited = once(child, 'exit');
	const [line] = (await Promise.race([
		once(createInterface({input: child.stdout}), 'line'),
		exited.then(([code]) => {
			throw new Error(`${parameters.join(' ')} ended with ${String(code)} before it listened.`);
		}),
	])) as [string];
	const {url} = JSON.parse(line) as {url: string};
	return {
		url,
		socketUrl: url.replace('http', 'ws'),
		async readMemory() {
			const status = await readFile(`/proc/${child.pid!}/status`, 'utf8');
			return {residentBytes: readKibibytes(status, 'VmRSS'), peakBytes: readKibibytes(status, 'VmHWM')};
		},
		readCpuSeconds: () => readCpuSeconds(child.pid!),
		async stop() {
			child.kill('SIGTERM');
			const cancel = setTimeout(() => child.kill('SIGKILL'), 10_000);
			await exited;
			clearTimeout(cancel);
		},
	};
}

async function readCpuSeconds(pid: number): Promise<CpuSeconds> {
	const tasks = await readdir(`/proc/${pid}/task`);
	const children = await Promise.all(
		tasks.map(async task => (await readFile(`/proc/${pid}/task/${task}/children`, 'utf8')).trim().split(' ')),
	);
	const server = await readOwnCpuSeconds(String(pid));
	const others = await Promise.all(children.flat().filter(Boolean).map(readOwnCpuSeconds));
	return {server, program: others.reduce((sum, seconds) => sum + seconds, server)};
}

/** utime and stime, the 12th and 13th field after the name (proc(5)). */
async function readOwnCpuSeconds(pid: string): Promise<number> {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function readKibibytes(status: string, name: string): number {
	return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}
