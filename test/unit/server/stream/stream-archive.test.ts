import {join} from 'node:path';
import {describe, expect, it} from 'vitest';

import {openStreamArchive} from '../../../../src/history/record/stream-archive.js';
import {openDatabase} from '../../../../src/history/store/open-database.js';
import {MemoryStreamArchive} from '../../../../src/server/stream/memory-stream-archive.js';
import type {
	ArchivedFacts,
	ArchivedUpdate,
	StreamArchive,
} from '../../../../src/server/stream/stream-archive.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';

/** What every archive does. */
function testStreamArchive(name: string, open: () => StreamArchive | Promise<StreamArchive>): void {
	describe(name, () => {
		it('gives back what was saved', async () => {
			const archive = await open();
			await archive.open(facts('a'));
			expect(archive.find('hash of a')).toEqual({...facts('a'), ...NOTHING});
			await archive.save('a', update(0, ['one', 'two']));
			await archive.save('a', update(2, ['three']));
			expect(archive.find('hash of a')).toMatchObject({
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
			expect(archive.find('hash of a')!.finals.map(({seq}) => seq)).toEqual([0, 4]);
			await archive.close();
		});

		it('knows nothing of what it never had, and of what it forgot', async () => {
			const archive = await open();
			await archive.open(facts('a'));
			await archive.open(facts('b'));
			await archive.save('nobody', update(0, ['one']));
			archive.forget('a');
			await archive.save('a', update(0, ['one']));
			expect(archive.find('hash of a')).toBeUndefined();
			expect(archive.find('hash of nobody')).toBeUndefined();
			expect(archive.find('hash of b')).toBeDefined();
			await archive.close();
		});
	});
}

testStreamArchive('MemoryStreamArchive', () => new MemoryStreamArchive());
testStreamArchive('SqliteStreamArchive', () => openStreamArchive({path: ':memory:'}));

describe('SqliteStreamArchive', () => {
	it('keeps streams in the file, and those of yesterday no longer', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		let nowMs = 1_700_000_000_000;
		const first = await openStreamArchive({path}, {nowMs: () => nowMs});
		await first.open(facts('a'));
		await first.save('a', update(0, ['one']));
		await first.close();
		const second = await openStreamArchive({path}, {nowMs: () => nowMs});
		expect(second.find('hash of a')!.finals).toHaveLength(1);
		await second.close();
		nowMs += 86_400_001;
		const third = await openStreamArchive({path}, {nowMs: () => nowMs});
		expect(third.find('hash of a')).toBeUndefined();
		await third.close();
	});

	it('waits without blocking while another process writes', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const archive = await openStreamArchive({path});
		const other = await openDatabase({path});
		other.exec('BEGIN IMMEDIATE');
		void archive.open(facts('a'));
		const saved = archive.save('a', update(0, ['one']));
		let isSaved = false;
		void saved.then(() => (isSaved = true));
		// Longer than a batch waits.
		await new Promise(resolve => setTimeout(resolve, 30));
		expect(isSaved).toBe(false);
		other.exec('COMMIT');
		await saved;
		expect(archive.find('hash of a')!.finals).toHaveLength(1);
		other.close();
		await archive.close();
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
