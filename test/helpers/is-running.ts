import {readFileSync} from 'node:fs';

/** Whether a process runs; one that has ended and is still listed counts as one only if `countsZombies`. */
export function isRunning(processId: number, {countsZombies = false} = {}): boolean {
	try {
		process.kill(processId, 0);
	} catch {
		return false;
	}

	if (process.platform !== 'linux' || countsZombies) return true;
	try {
		// Its state follows its name, which is in parentheses.
		return !readFileSync(`/proc/${processId}/stat`, 'utf8').includes(') Z ');
	} catch {
		return false;
	}
}

export async function untilEnded(processId: number): Promise<void> {
	while (isRunning(processId)) await new Promise(resolve => setTimeout(resolve, 10));
}
