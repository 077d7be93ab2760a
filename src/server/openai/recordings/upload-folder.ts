import {mkdtemp, readdir, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Of a server that is still there but unseen from here, as in another container, the folder is written to more often. */
const ABANDONED_MS = 3_600_000;

/** A private folder for uploads: only this user may read it. Made when it is first needed. */
export class UploadFolder {
	readonly #parent: string;
	#made: Promise<string> | undefined;

	/** @param parent - @default the system's folder for temporary files */
	constructor(parent: string = tmpdir()) {
		this.#parent = parent;
	}

	/** @returns its path, absolute. */
	open(): Promise<string> {
		this.#made ??= this.#make().catch((error: unknown) => {
			// The next upload tries again.
			this.#made = undefined;
			throw error;
		});
		return this.#made;
	}

	/** With all that is in it. */
	async remove(): Promise<void> {
		const path = await this.#made?.catch(() => undefined);
		if (path !== undefined) await rm(path, {recursive: true, force: true});
	}

	async #make(): Promise<string> {
		await removeAbandoned(this.#parent);
		return mkdtemp(join(this.#parent, `infinisst-uploads-${process.pid}-`));
	}
}

/** A server that was killed could put nothing away. */
async function removeAbandoned(parent: string): Promise<void> {
	for (const name of await readdir(parent)) {
		const processId = /^infinisst-uploads-(\d+)-/.exec(name)?.[1];
		if (processId === undefined || isRunning(Number(processId))) continue;
		const path = join(parent, name);
		const changedMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now();
		// What belongs to another user cannot be removed, and need not be.
		if (Date.now() - changedMs > ABANDONED_MS)
			await rm(path, {recursive: true, force: true}).catch(() => undefined);
	}
}

function isRunning(processId: number): boolean {
	try {
		process.kill(processId, 0);
		return true;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EPERM';
	}
}
