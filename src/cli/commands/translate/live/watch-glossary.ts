import {stat} from 'node:fs/promises';
import {resolve} from 'node:path';

import type {GlossaryEntry} from '../../../../core/engine/engine.js';
import type {Clock} from '../../../../core/util/clock.js';
import {readGlossary} from '../read-glossary.js';

/** Between two looks at the file. Asking is cheap, works on every file system, and nobody edits faster. */
const LOOK_MS = 1000;

export interface GlossaryFile {
	readonly entries: readonly GlossaryEntry[];
	/**
	 * Reads the file again whenever it has changed and has been left alone for a second, so that nobody sees half of it.
	 *
	 * @returns ends that.
	 */
	readonly watch: (listeners: GlossaryListeners) => () => void;
}

export interface GlossaryListeners {
	readonly onChange: (entries: readonly GlossaryEntry[]) => void;
	/** Told once for each state of the file in which it cannot be read. */
	readonly onFault: (error: unknown) => void;
}

/**
 * Reads a glossary that may be edited while somebody speaks.
 *
 * @param file - as given.
 * @throws {InfinisstError} as `readGlossary()`.
 */
export async function openGlossary(
	file: string,
	{cwd, clock}: {readonly cwd: string; readonly clock: Clock},
): Promise<GlossaryFile> {
	const path = resolve(cwd, file);
	// Asked before it is read: what is written meanwhile is a change.
	let known = await stateOf(path);
	const entries = await readGlossary(file, cwd);

	function watch({onChange, onFault}: GlossaryListeners): () => void {
		let seen = known;
		let isOver = false;
		let cancel = clock.after(LOOK_MS, look);
		return () => {
			isOver = true;
			cancel();
		};

		function look(): void {
			// It cannot reject: what is wrong with the file is told.
			void lookAtFile().then(() => {
				if (!isOver) cancel = clock.after(LOOK_MS, look);
			});
		}

		async function lookAtFile(): Promise<void> {
			const state = await stateOf(path);
			const isSettled = state === seen;
			seen = state;
			if (!isSettled || state === known) return;
			known = state;
			try {
				const changed = await readGlossary(file, cwd);
				if (!isOver) onChange(changed);
			} catch (error) {
				if (!isOver) onFault(error);
			}
		}
	}

	return {entries, watch};
}

/** Differs whenever the content does. */
async function stateOf(path: string): Promise<string> {
	try {
		const {mtimeMs, size, ino} = await stat(path);
		return `${mtimeMs} ${size} ${ino}`;
	} catch {
		return 'unreadable';
	}
}
