import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {request} from 'node:http';
import {fileURLToPath} from 'node:url';

const program = fileURLToPath(new URL('../../bin/infinisst.js', import.meta.url));

/** How often the memory of a process that ends by itself is looked at. */
const SAMPLE_MS = 50;

/** The session of the storages that `synth.py` makes. */
export const SESSION = '/c/default/raycluster-dev/session_2026-11-23_04-47-01_378364_2154';

export interface Memory {
	readonly nowMegabytes: number;
	readonly highestMegabytes: number;
}

/** Undefined once the process has ended. */
export async function readMemory(pid: number): Promise<Memory | undefined> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	const read = (name: string): number | undefined => {
		const kibibytes = new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1];
		return kibibytes === undefined ? undefined : Math.round(Number(kibibytes) / 1024);
	};
	const [nowMegabytes, highestMegabytes] = [read('VmRSS'), read('VmHWM')];
	return nowMegabytes === undefined || highestMegabytes === undefined
		? undefined
		: {nowMegabytes, highestMegabytes};
}

/** Imports a storage into a new file. */
export async function importStorage(
	storage: string,
	file: string,
): Promise<{readonly ms: number; readonly highestMegabytes: number}> {
	const startMs = performance.now();
	const child = spawn(process.execPath, [program, 'history', 'import', storage, '--db', file, '--quiet'], {
		stdio: ['ignore', 'ignore', 'inherit'],
	});
	let highestMegabytes = 0;
	const timer = setInterval(() => {
		void readMemory(child.pid!).then(memory => {
			highestMegabytes = Math.max(highestMegabytes, memory?.highestMegabytes ?? 0);
		});
	}, SAMPLE_MS);
	const [exitCode] = (await once(child, 'exit')) as [number];
	clearInterval(timer);
	if (exitCode !== 0) throw new Error(`The import ended with exit code ${exitCode}.`);
	return {ms: performance.now() - startMs, highestMegabytes};
}

export interface HistoryServer {
	readonly url: string;
	readonly pid: number;
	/** Until it said where it listens. */
	readonly startMs: number;
	close(): Promise<void>;
}

export async function startServer(file: string): Promise<HistoryServer> {
	const startMs = performance.now();
	const child = spawn(process.execPath, [program, 'history', 'serve', '--db', file, '--port', '0'], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
	const url = await readUrl(child);
	return {
		url,
		pid: child.pid!,
		startMs: performance.now() - startMs,
		async close() {
			child.kill();
			await once(child, 'exit');
		},
	};
}

async function readUrl(child: ChildProcess): Promise<string> {
	let text = '';
	return new Promise((resolve, reject) => {
		child.stderr!.on('data', (chunk: Buffer) => {
			text += chunk.toString();
			const url = /http:\S+/.exec(text)?.[0];
			if (url !== undefined) resolve(url);
		});
		child.once('exit', () => reject(new Error(`The server did not start: ${text}`)));
	});
}

let salt = 0;

/**
 * Milliseconds until the last byte. Each has a query nobody asked before, so that no answer comes out of a
 * cache.
 */
export function get(
	url: string,
	path: string,
	encoding?: string,
): Promise<{readonly ms: number; readonly bytes: number}> {
	const startMs = performance.now();
	const {hostname, port} = new URL(url);
	const address = `${SESSION}${path}${path.includes('?') ? '&' : '?'}salt=${salt++}`;
	const headers = encoding === undefined ? {} : {'accept-encoding': encoding};
	return new Promise((resolve, reject) => {
		request({hostname, port, path: address, headers}, response => {
			if (response.statusCode !== 200) reject(new Error(`${path} was answered with ${response.statusCode}.`));
			let bytes = 0;
			response.on('data', (chunk: Buffer) => (bytes += chunk.length));
			response.on('end', () => resolve({ms: performance.now() - startMs, bytes}));
		})
			.on('error', reject)
			.end();
	});
}
