import {createWriteStream, existsSync} from 'node:fs';
import {mkdir, readFile, readdir, stat, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {extract, pack} from 'tar-stream';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {InstalledModel, ModelStore} from '../../../../../src/core/models/model-store.js';
import {catchRejection} from '../../../../helpers/catch-rejection.js';
import {startFakeHub, type FakeHub} from '../../../../helpers/fake-hub.js';
import {temporaryDirectory} from '../../../../helpers/temporary-directory.js';
import {openTestStore} from '../../../../helpers/test-store.js';
import {makeRepositoryFiles} from '../../../../helpers/weights.js';

interface BundleEntry {
	name: string;
	bytes: Buffer;
	type?: 'file' | 'symlink';
}

describe('exporting and importing', () => {
	let hub: FakeHub;
	let folder: string;
	let store: ModelStore;
	let model: InstalledModel;
	let bundle: string;

	beforeEach(async () => {
		hub = await startFakeHub({'owner/first': {files: makeRepositoryFiles(), lfs: ['model.bin']}});
		folder = await temporaryDirectory();
		store = openTestStore(join(folder, 'here'), hub);
		model = await store.pull('tiny-test');
		bundle = join(folder, 'model.tar');
	});

	afterEach(() => hub.close());

	/** The store of a machine without a network. */
	const openElsewhere = () => openTestStore(join(folder, 'elsewhere'), undefined);

	it('carries a model to a machine without a network, bit for bit', async () => {
		const {sizeBytes} = await store.exportTo('tiny-test', bundle);
		expect(sizeBytes).toBe((await stat(bundle)).size);
		expect((await readdir(folder)).sort()).toEqual(['here', 'model.tar']);

		const imported = await openElsewhere().importFrom(bundle);
		expect(imported.contentHash).toBe(model.contentHash);
		expect(imported).toMatchObject({name: 'tiny-test', licence: 'MIT', languages: ['en', 'de']});
		expect(imported.origin).toMatchObject({
			kind: 'bundle',
			exportedFrom: expect.stringContaining('owner/first') as string,
		});
		expect((await openElsewhere().verify('tiny-test')).isIntact).toBe(true);
		// The name is that of the catalogue, so nothing has to be fetched any more.
		expect((await openElsewhere().pull('tiny-test')).contentHash).toBe(model.contentHash);
	});

	it('reads a bundle that was unpacked into a folder', async () => {
		await store.exportTo('tiny-test', bundle);
		const unpacked = join(folder, 'unpacked');
		for (const {name, bytes} of await readEntries(bundle)) {
			await mkdir(join(unpacked, name, '..'), {recursive: true});
			await writeFile(join(unpacked, name), bytes);
		}
		expect((await openElsewhere().importFrom(unpacked)).contentHash).toBe(model.contentHash);

		await writeFile(join(unpacked, 'source', 'vocabulary.txt'), 'other');
		const error = await catchRejection(openTestStore(join(folder, 'third'), undefined).importFrom(unpacked));
		expect(error.code).toBe('MODEL_CORRUPT');
	});

	it('gives another name on request, and refuses one that another model has', async () => {
		await store.exportTo('tiny-test', bundle);
		const elsewhere = openElsewhere();
		expect((await elsewhere.importFrom(bundle, {name: 'mine'})).name).toBe('mine');
		const other = await makeFolder('other', {'vocabulary.txt': Buffer.from('c\n')});
		const error = await catchRejection(elsewhere.importFrom(other, {name: 'mine'}));
		expect(error.code).toBe('OPTION_INVALID');
		expect(error.hint).toContain('--name');
		expect((await elsewhere.verify('mine')).isIntact).toBe(true);
	});

	it('does nothing when the same model is imported again', async () => {
		await store.exportTo('tiny-test', bundle);
		expect(await store.importFrom(bundle)).toEqual(model);
	});

	it.each([['../escape'], ['a/b'], ['.hidden'], ['']])('refuses the name %j', async name => {
		await store.exportTo('tiny-test', bundle);
		const error = await catchRejection(openElsewhere().importFrom(bundle, {name}));
		expect(error.code).toBe('OPTION_INVALID');
	});

	const manifestWith = (
		entries: BundleEntry[],
		change: (manifest: Record<string, unknown>) => void,
	): BundleEntry[] =>
		entries.map(entry => {
			if (entry.name !== 'infinisst-model.json') return entry;
			const manifest = JSON.parse(entry.bytes.toString()) as Record<string, unknown>;
			change(manifest);
			return {...entry, bytes: Buffer.from(JSON.stringify(manifest))};
		});

	it.each<[string, (entries: BundleEntry[]) => BundleEntry[]]>([
		[
			'an entry outside the folder',
			entries => [...entries, {name: '../../outside', bytes: Buffer.from('evil')}],
		],
		[
			'an entry its manifest does not name',
			entries => [...entries, {name: 'source/extra.json', bytes: Buffer.from('{}')}],
		],
		[
			'a manifest that names a file outside, and that file',
			entries =>
				manifestWith(
					entries.map(entry =>
						entry.name === 'source/config.json' ? {...entry, name: 'source/../../outside'} : entry,
					),
					manifest => {
						(manifest['files'] as {path: string}[])[0]!.path = '../../outside';
					},
				),
		],
		[
			'a manifest that names an absolute file',
			entries =>
				manifestWith(entries, manifest => {
					(manifest['files'] as {path: string}[])[0]!.path = '/tmp/outside';
				}),
		],
		[
			'a link instead of a file',
			entries =>
				entries.map(entry => (entry.name === 'source/model.bin' ? {...entry, type: 'symlink'} : entry)),
		],
		[
			'other bytes than it says',
			entries =>
				entries.map(entry =>
					entry.name === 'source/model.bin'
						? {...entry, bytes: Buffer.from(entry.bytes).fill(0, 0, 9)}
						: entry,
				),
		],
		[
			'a file of another size than it says',
			entries =>
				entries.map(entry =>
					entry.name === 'source/model.bin' ? {...entry, bytes: entry.bytes.subarray(1)} : entry,
				),
		],
		['a file less than it says', entries => entries.filter(entry => entry.name !== 'source/vocabulary.txt')],
		['a file twice', entries => [...entries, entries.at(-1)!]],
		['no manifest', entries => entries.slice(1)],
		[
			'a manifest of a later version',
			entries => manifestWith(entries, manifest => (manifest['formatVersion'] = 2)),
		],
		[
			'a manifest that lacks the licence',
			entries => manifestWith(entries, manifest => delete manifest['licence']),
		],
		['a manifest that is no JSON', ([first, ...rest]) => [{...first!, bytes: Buffer.from('{')}, ...rest]],
	])('refuses a bundle with %s, and installs nothing', async (_what, change) => {
		await store.exportTo('tiny-test', bundle);
		await writeEntries(bundle, change(await readEntries(bundle)));
		const elsewhere = openElsewhere();
		const error = await catchRejection(elsewhere.importFrom(bundle));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(await elsewhere.get('tiny-test')).toBeUndefined();
		expect(existsSync(join(folder, 'outside'))).toBe(false);
		expect(existsSync(join(folder, 'elsewhere', 'outside'))).toBe(false);
	});

	it.each([[100], [2048], [100_000]])('refuses a bundle that ends after %i bytes', async length => {
		await store.exportTo('tiny-test', bundle);
		await truncate(bundle, length);
		const error = await catchRejection(openElsewhere().importFrom(bundle));
		expect(error.code).toBe('MODEL_CORRUPT');
		expect(error.message).toContain(bundle);
	});

	it('refuses what is no tar file, and what is not there, in a sentence each', async () => {
		await writeFile(bundle, 'x'.repeat(5000));
		expect((await catchRejection(store.importFrom(bundle))).code).toBe('MODEL_CORRUPT');
		const error = await catchRejection(store.importFrom(join(folder, 'nothing.tar')));
		expect(error.code).toBe('INPUT_UNREADABLE');
		expect(error.message).toContain('nothing.tar');
	});

	it('does not export damaged weights, and leaves no file', async () => {
		const weights = await readFile(join(model.sourceDirectory, 'model.bin'));
		await writeFile(join(model.sourceDirectory, 'model.bin'), weights.fill(0, 500, 600));
		expect((await catchRejection(store.exportTo('tiny-test', bundle))).code).toBe('MODEL_CORRUPT');
		for (const length of [weights.length - 1, weights.length + 1]) {
			await truncate(join(model.sourceDirectory, 'model.bin'), length);
			expect((await catchRejection(store.exportTo('tiny-test', bundle))).code).toBe('MODEL_CORRUPT');
		}
		expect((await readdir(folder)).sort()).toEqual(['here']);
	});

	it('leaves no file when an export is aborted, or the folder is not there, or the disk is full', async () => {
		const controller = new AbortController();
		const reason = new Error('Ctrl-C');
		const exported = store.exportTo('tiny-test', bundle, {
			signal: controller.signal,
			onEvent: () => controller.abort(reason),
		});
		await expect(exported).rejects.toBe(reason);

		const nowhere = join(folder, 'no', 'folder', 'model.tar');
		expect((await catchRejection(store.exportTo('tiny-test', nowhere))).code).toBe('OUTPUT_UNWRITABLE');
		const full = openTestStore(join(folder, 'here'), hub, {freeBytes: () => Promise.resolve(5)});
		expect((await catchRejection(full.exportTo('tiny-test', bundle))).code).toBe('DISK_FULL');
		expect((await readdir(folder)).sort()).toEqual(['here']);
	});

	it('installs a folder of weights, taking what it needs, and leaves the folder alone', async () => {
		const path = await makeFolder('my model', {});
		const before = await readdir(path);
		const imported = await openElsewhere().pull(path);
		expect(imported.name).toMatch(/^my-model-[0-9a-f]{8}$/);
		expect(imported.files.map(file => file.path).sort()).toEqual([
			'config.json',
			'model.bin',
			'tokenizer.json',
			'vocabulary.txt',
		]);
		expect(imported.origin).toEqual({kind: 'folder', path});
		expect(await readdir(path)).toEqual(before);
		expect((await openElsewhere().find(path))!.name).toBe(imported.name);
	});

	it('takes the licence of a folder from the catalogue if it is given a name from there', async () => {
		const path = await makeFolder('weights', {});
		const imported = await openElsewhere().importFrom(path, {name: 'tiny-test'});
		expect(imported.licence).toBe('MIT');
		expect((await openElsewhere().pull('tiny-test')).contentHash).toBe(imported.contentHash);
	});

	it('says what a folder lacks', async () => {
		const empty = join(folder, 'empty');
		await mkdir(empty);
		const error = await catchRejection(store.importFrom(empty));
		expect(error.code).toBe('MODEL_UNSUPPORTED');
		expect(error.message).toContain('model.bin');
	});

	async function makeFolder(name: string, changes: Record<string, Buffer>): Promise<string> {
		const path = join(folder, name);
		await mkdir(path);
		for (const [file, bytes] of Object.entries({...makeRepositoryFiles(), ...changes})) {
			await writeFile(join(path, file), bytes);
		}
		return path;
	}
});

async function readEntries(path: string): Promise<BundleEntry[]> {
	const entries: BundleEntry[] = [];
	const archive = extract();
	archive.end(await readFile(path));
	for await (const entry of archive) {
		const blocks: Buffer[] = [];
		for await (const block of entry) blocks.push(block as Buffer);
		entries.push({name: entry.header.name, bytes: Buffer.concat(blocks)});
	}
	return entries;
}

async function writeEntries(path: string, entries: readonly BundleEntry[]): Promise<void> {
	const archive = pack();
	const written = pipeline(archive, createWriteStream(path));
	for (const {name, bytes, type} of entries) {
		if (type === 'symlink') archive.entry({name, type, linkname: '/etc/passwd'});
		else archive.entry({name}, bytes);
	}
	archive.finalize();
	await written;
}
