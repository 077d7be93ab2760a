import {readFileSync, readlinkSync} from 'node:fs';
import {hostname} from 'node:os';

/** What a run says of its process, so that others can tell later whether that still lives. */
export interface RunProcess {
	readonly hostname: string;
	readonly pid: number;
	/** Tells it from others that had or will have the same id; empty where the system does not say. */
	readonly identity: string;
}

/**
 * Tells a process from all others with its id: when the machine was started, whose ids these are (a container has its
 * own), and when the process began, in ticks since then.
 *
 * @returns undefined where there is no such process; empty where the system tells none of this.
 */
export function identifyProcess(pid: number): string | undefined {
	let machine: string;
	try {
		machine = `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
	} catch {
		return isThere(pid) ? '' : undefined;
	}
	try {
		// The name, in brackets, may hold anything; the beginning is the 20th field after it (proc(5)).
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		// Whoever started it has not asked for its end yet.
		return state === 'Z' || state === 'X' ? undefined : `${machine} ${fields[18]}`;
	} catch {
		return undefined;
	}
}

/** Whether a process is surely gone. One of another machine, or of another container, may live. */
export function isGone({hostname: host, pid, identity}: RunProcess): boolean {
	if (host !== hostname()) return false;
	const now = identifyProcess(pid);
	if (identity === '' || now === '') return now === undefined;
	const [boot, namespace] = identity.split(' ');
	const [ownBoot, ownNamespace] = (identifyProcess(process.pid) ?? '').split(' ');
	if (boot !== ownBoot) return true;
	return namespace === ownNamespace && now !== identity;
}

/** Whether a process of this machine surely lives. One of another container may, too. */
export function isAlive({hostname: host, pid, identity}: RunProcess): boolean {
	return host === hostname() && identifyProcess(pid) === identity;
}

function isThere(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		// Somebody else's is there, too.
		return (error as {code?: unknown}).code === 'EPERM';
	}
}
