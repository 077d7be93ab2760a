import {rename, rm, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished, vi} from 'vitest';

import {openGlossary} from '../../../../../../src/cli/commands/translate/live/watch-glossary.js';
import {FakeClock} from '../../../../../helpers/fake-context.js';
import {temporaryDirectory} from '../../../../../helpers/temporary-directory.js';

/** A glossary, and what became of it: lists of terms, and codes of faults. */
async function openWatched() {
	const cwd = await temporaryDirectory();
	const path = join(cwd, 'terms.tsv');
	await writeFile(path, 'chair\tVorsitz\n');
	const clock = new FakeClock();
	let looks = 0;
	let pending = 0;
	const after = clock.after.bind(clock);
	clock.after = (delayMs, task) => {
		looks++;
		pending++;
		const cancel = after(delayMs, () => {
			pending--;
			task();
		});
		return () => {
			pending--;
			cancel();
		};
	};
	const glossary = await openGlossary('terms.tsv', {cwd, clock});
	const heard: unknown[] = [];
	const stop = glossary.watch({
		onChange: entries => heard.push(entries),
		onFault: error => heard.push((error as {code: string}).code),
	});
	onTestFinished(stop);
	let edits = 0;
	return {
		path,
		heard,
		stop,
		pending: () => pending,
		entries: glossary.entries,
		async write(text: string): Promise<void> {
			await writeFile(path, text);
			// File systems may tell two changes within a tick apart by nothing.
			await utimes(path, 1000 + ++edits, 1000 + edits);
		},
		/** A second passes, and the file has been looked at. */
		async look(): Promise<void> {
			const before = looks;
			clock.advance(1000);
			await vi.waitFor(() => expect(looks).toBe(before + 1), {timeout: 10_000});
		},
	};
}

describe('a glossary that is edited while somebody speaks', () => {
	it('is read again when it has been left alone for a second', async () => {
		const watched = await openWatched();
		const {heard} = watched;
		expect(watched.entries).toEqual([{source: 'chair', target: 'Vorsitz'}]);
		await watched.look();
		await watched.look();
		expect(heard).toEqual([]);
		await watched.write('chair\tStuhl\n');
		await watched.look();
		await watched.write('chair\tSessel\ndesk\tPult\n');
		await watched.look();
		expect(heard).toEqual([]);
		await watched.look();
		await watched.look();
		expect(heard).toEqual([
			[
				{source: 'chair', target: 'Sessel'},
				{source: 'desk', target: 'Pult'},
			],
		]);
	});

	it('tells once what is wrong with it, and is read when it is right again', async () => {
		const watched = await openWatched();
		const {path, heard} = watched;
		await watched.write('chair Vorsitz\n');
		for (let second = 0; second < 4; second++) await watched.look();
		expect(heard).toEqual(['OPTION_INVALID']);
		await rm(path);
		for (let second = 0; second < 4; second++) await watched.look();
		expect(heard).toEqual(['OPTION_INVALID', 'INPUT_UNREADABLE']);
		await watched.write('desk\tPult\n');
		await watched.look();
		await watched.look();
		expect(heard.at(-1)).toEqual([{source: 'desk', target: 'Pult'}]);
	});

	it('is followed where an editor puts another file in its place, until that is ended', async () => {
		const watched = await openWatched();
		const {path, heard} = watched;
		await writeFile(`${path}~`, 'chair\tLeitung\n');
		await rename(`${path}~`, path);
		await watched.look();
		await watched.look();
		expect(heard).toEqual([[{source: 'chair', target: 'Leitung'}]]);
		watched.stop();
		await watched.write('chair\tStuhl\n');
		expect(watched.pending()).toBe(0);
		expect(heard).toHaveLength(1);
	});
});
