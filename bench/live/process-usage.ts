import {readdir, readFile} from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second. */
const MS_PER_TICK = 10;

export interface ProcessUsage {
	readonly cpuMs: number;
	readonly residentBytes: number;
}

/** Of this process, and of its first thread alone. */
export async function readOwnUsage(): Promise<ProcessUsage & {readonly firstThreadCpuMs: number}> {
	const [usage, thread] = await Promise.all([
		readUsage(String(process.pid)),
		readStatus(`/proc/self/task/${process.pid}`),
	]);
	return {...usage, firstThreadCpuMs: thread.cpuMs};
}

/** Of all processes that this one started, and that those started, summed. Ended ones count no more. */
export async function readChildrenUsage(): Promise<ProcessUsage> {
	const all = await Promise.all(
		(await readdir('/proc'))
			.filter(name => /^\d+$/.test(name))
			.map(async pid => ({pid, status: await readStatus(`/proc/${pid}`).catch(() => undefined)})),
	);
	const descendants: string[] = [];
	const open = [String(process.pid)];
	for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
		for (const {pid, status} of all) {
			// The compiler that runs this benchmark is no part of what it measures.
			if (status?.parent !== parent || status.name === 'esbuild') continue;
			descendants.push(pid);
			open.push(pid);
		}
	}
	const usages = await Promise.all(descendants.map(pid => readUsage(pid).catch(() => undefined)));
	return {
		cpuMs: usages.reduce((sum, usage) => sum + (usage?.cpuMs ?? 0), 0),
		residentBytes: usages.reduce((sum, usage) => sum + (usage?.residentBytes ?? 0), 0),
	};
}

async function readUsage(pid: string): Promise<ProcessUsage> {
	const [{cpuMs}, status] = await Promise.all([
		readStatus(`/proc/${pid}`),
		readFile(`/proc/${pid}/status`, 'utf8'),
	]);
	const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? [];
	return {cpuMs, residentBytes: Number(kibibytes) * 1024};
}

/** Reads the `stat` of a process or thread, see `man 5 proc`. */
async function readStatus(folder: string): Promise<{name: string; parent: string; cpuMs: number}> {
	const stat = await readFile(`${folder}/stat`, 'utf8');
	// The name is in brackets and may hold any character.
	const nameEnd = stat.lastIndexOf(')');
	const fields = stat.slice(nameEnd + 2).split(' ');
	return {
		name: stat.slice(stat.indexOf('(') + 1, nameEnd),
		parent: fields[1]!,
		cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
	};
}
