import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';

import {openStreamArchive, type StreamArchiveOptions} from '../../../../src/history/record/stream-archive.js';
import {StreamRows, type StreamChange} from '../../../../src/history/record/stream-rows.js';
import {openDatabase} from '../../../../src/history/store/open-database.js';
import {MemoryStreamArchive} from '../../../../src/server/stream/memory-stream-archive.js';
import type {
	ArchivedFacts,
	ArchivedUpdate,
	StreamArchive,
} from '../../../../src/server/stream/stream-archive.js';
import {FakeClock} from '../../../helpers/fake-context.js';
import {createStreamThread} from '../../../helpers/stream-thread.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

/** What every archive does. */
function testStreamArchive(name: string, open: () => StreamArchive | Promise<StreamArchive>): void {
	describe(name, () => {
		it('gives back what was saved', async () => {
			const archive = await open();
			await archive.open(facts('a'));
			expect(await archive.find('hash of a')).toEqual({...facts('a'), ...NOTHING});
			await archive.save('a', update(0, ['one', 'two']));
			await archive.save('a', update(2, ['three']));
			expect(await archive.find('hash of a')).toMatchObject({
				id: 'a',
				finals: [
					{ordinal: 0, seq: 0, json: '"one"'},
					{ordinal: 1, seq: 10, json: '"two"'},
					{ordinal: 2, seq: 20, json: '"three"'},
				],
				segments: 2,
				sourceLanguage: 'de',
				checkpoint: {firstSample: 200, commands: 0, state: {window: Float32Array.of(2), hint: undefined}},
			});
			await archive.close();
		});

		it('changes the number of a final, and nothing else of it', async () => {
			const archive = await open();
			await archive.open(facts('a'));
			await archive.save('a', update(0, ['one', 'two']));
			await archive.save('a', {...update(1, ['two']), finals: [{ordinal: 1, seq: 4, json: '"two"'}]});
			expect((await archive.find('hash of a'))!.finals.map(({seq}) => seq)).toEqual([0, 4]);
			await archive.close();
		});

		it('knows nothing of what it never had, and of what it forgot', async () => {
			const archive = await open();
			await archive.open(facts('a'));
			await archive.open(facts('b'));
			await archive.save('nobody', update(0, ['one']));
			archive.forget('a');
			await archive.save('a', update(0, ['one']));
			expect(await archive.find('hash of a')).toBeUndefined();
			expect(await archive.find('hash of nobody')).toBeUndefined();
			expect(await archive.find('hash of b')).toBeDefined();
			await archive.close();
		});
	});
}

testStreamArchive('MemoryStreamArchive', () => new MemoryStreamArchive());
testStreamArchive('an archive in the history', () => open(':memory:'));

function open(path: string, more: Partial<StreamArchiveOptions> = {}): Promise<StreamArchive> {
	return openStreamArchive({path, openThread: createStreamThread().openThread, ...more});
}

describe('an archive in the history', () => {
	it('keeps streams in the file, and those of yesterday no longer', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		let nowMs = 1_700_000_000_000;
		const first = await open(path, {nowMs: () => nowMs});
		await first.open(facts('a'));
		await first.save('a', update(0, ['one']));
		await first.close();
		const second = await open(path, {nowMs: () => nowMs});
		expect((await second.find('hash of a'))!.finals).toHaveLength(1);
		await second.close();
		nowMs += 86_400_001;
		const third = await open(path, {nowMs: () => nowMs});
		expect(await third.find('hash of a')).toBeUndefined();
		await third.close();
	});

	it('tells what waits for another process that it is not kept yet, keeps it, and writes it when the file is free', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const clock = new FakeClock();
		const archive = await open(path, {clock});
		const other = await openDatabase({path});
		other.exec('BEGIN IMMEDIATE');
		await expect(archive.open(facts('a'))).rejects.toMatchObject({code: 'HISTORY_LOCKED'});
		other.exec('COMMIT');
		clock.advance(50);
		expect(await archive.find('hash of a')).toMatchObject({id: 'a'});
		other.close();
		await archive.close();
	});

	it('writes together what comes while something is written, in its order', async () => {
		const writes: (readonly StreamChange[])[] = [];
		const release: (() => void)[] = [];
		const archive = await open(':memory:', {
			openThread: () => ({
				call(method, argument) {
					if (method !== 'write') return Promise.resolve(undefined);
					writes.push(argument as readonly StreamChange[]);
					return new Promise(resolve => release.push(() => resolve(undefined)));
				},
				close: () => Promise.resolve(),
			}),
		});
		const first = archive.open(facts('a'));
		void archive.save('a', update(0, ['one']));
		const last = archive.save('a', update(1, ['two']));
		expect(writes).toHaveLength(1);
		release[0]!();
		await first;
		await vi.waitFor(() => expect(writes).toHaveLength(2));
		expect(writes.map(changes => changes.map(({type}) => type))).toEqual([['open'], ['save', 'save']]);
		release[1]!();
		await last;
		await archive.close();
		await expect(archive.open(facts('b'))).rejects.toMatchObject({code: 'RESOURCE_CLOSED'});
	});

	it('keeps in a thread of its own what it is told, and says why it cannot', async () => {
		const folder = await temporaryDirectory();
		const path = join(folder, 'history.db');
		const archive = await openStreamArchive({path});
		await archive.open(facts('a'));
		await archive.save('a', update(0, ['one']));
		// Another process sees what was told.
		const other = new StreamRows(await openDatabase({path}), 0);
		expect(other.find('hash of a')).toMatchObject({checkpoint: update(0, ['one']).checkpoint});
		other.close();
		void archive.save('a', update(1, ['two']));
		expect((await archive.find('hash of a'))!.finals).toHaveLength(2);
		await archive.close();
		await expect(openStreamArchive({path: folder})).rejects.toMatchObject({code: 'INPUT_UNREADABLE'});
	});
});

const NOTHING = {finals: [], segments: 0, sourceLanguage: null, checkpoint: undefined};

function facts(id: string): ArchivedFacts {
	return {
		id,
		tokenHash: `hash of ${id}`,
		owner: 'somebody',
		createdAtMs: 5,
		model: 'whisper-base',
		options: {sourceLanguage: 'auto', targets: ['same', 'en'], latencyMultiplier: 1},
		format: 's16le',
		sampleRateHz: 48_000,
	};
}

function update(firstOrdinal: number, texts: readonly string[]): ArchivedUpdate {
	return {
		finals: texts.map((text, index) => ({
			ordinal: firstOrdinal + index,
			seq: (firstOrdinal + index) * 10,
			json: JSON.stringify(text),
		})),
		segments: firstOrdinal,
		sourceLanguage: 'de',
		checkpoint: {
			firstSample: firstOrdinal * 100,
			commands: 0,
			state: {window: Float32Array.of(firstOrdinal), hint: undefined},
		},
	};
}
