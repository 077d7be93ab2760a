import {afterEach, beforeEach, describe, expect, it} from 'vitest';

import type {ModelStore} from '../../../src/core/models/model-store.js';
import {DEFAULT_SERVER_SETTINGS} from '../../../src/server/default-server-settings.js';
import type {HostedModel, ModelHost} from '../../../src/server/models/model-host.js';
import {openModelHost} from '../../../src/server/models/open-model-host.js';
import type {ServerSettings} from '../../../src/server/server-settings.js';
import {catchRejection} from '../../helpers/catch-rejection.js';
import {startFakeHub, type FakeHub} from '../../helpers/fake-hub.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';
import {openTestStore} from '../../helpers/test-store.js';
import {makeRepositoryFiles} from '../../helpers/weights.js';

describe('openModelHost()', () => {
	let hub: FakeHub;
	let store: ModelStore;
	let host: ModelHost | undefined;

	beforeEach(async () => {
		hub = await startFakeHub({'owner/first': {files: makeRepositoryFiles(), lfs: ['model.bin']}});
		store = openTestStore(await temporaryDirectory(), hub);
	});

	afterEach(async () => {
		await host?.destroy();
		host = undefined;
		await hub.close();
	});

	const open = async (settings: Partial<ServerSettings> = {}): Promise<ModelHost> => {
		const all: ServerSettings = {...DEFAULT_SERVER_SETTINGS, models: [], workers: 1, ...settings};
		host = await openModelHost({store, settings: () => all});
		return host;
	};

	it('fetches a model that is asked for, tells how far it is, and keeps it on the list', async () => {
		const models = await open();
		expect(models.pairs()[0]).toMatchObject({source: 'en', target: 'same', state: 'needs_download'});
		expect(models.pairs()[0]!.downloadBytes).toBe(300_000);
		const told: HostedModel[] = [];
		models.watch(model => told.push(model));
		expect(await models.graphs('tiny-test')).toContain('int8');
		expect(told[0]).toMatchObject({state: 'loading', fraction: 0});
		expect(told.map(({activity}) => activity)).toContainEqual(
			expect.stringMatching(/^Fetching tiny-test: \d+ %$/),
		);
		expect(told.at(-1)).toMatchObject({state: 'available', activity: undefined, fraction: undefined});
		expect(models.pairs()[0]).toMatchObject({state: 'available', downloadBytes: 0});
	});

	it('says what to run where it may not fetch', async () => {
		const models = await open({download: false, models: ['tiny-test']});
		const error = await catchRejection(models.load('tiny-test'));
		expect(error).toMatchObject({
			code: 'MODEL_UNAVAILABLE',
			hint: expect.stringContaining('infinisst models pull tiny-test') as string,
		});
		expect(models.models()[0]).toMatchObject({state: 'failed', failure: error});
		// Somebody does, while the server runs.
		await store.pull('tiny-test');
		expect(await models.graphs('tiny-test')).toContain('int8');
		expect(models.choose({sourceLanguage: 'de', targets: ['en']}).name).toBe('tiny-test');
	});

	it('fails with what keeps a model from starting, and can be asked again', async () => {
		const models = await open({models: ['tiny-test']});
		// Its graphs are no graphs.
		const first = await catchRejection(models.load('tiny-test'));
		expect(models.models()[0]).toMatchObject({state: 'failed', failure: first});
		expect(models.routers().size).toBe(0);
		const second = await catchRejection(models.load('tiny-test'));
		expect(second.code).toBe(first.code);
		expect(second).not.toBe(first);
	});

	it('knows a repository by its name in the store, once it was fetched', async () => {
		const models = await open();
		expect((await catchRejection(models.graphs('tiny-tset'))).code).toBe('MODEL_UNKNOWN');
		await models.graphs('owner/first');
		expect(models.models().map(({name, state}) => [name, state])).toEqual([
			['tiny-test', 'needs_download'],
			['owner--first', 'available'],
		]);
	});

	it('refuses a precision that there is not', async () => {
		const models = await open({precision: 'int3'});
		expect((await catchRejection(models.graphs('tiny-test'))).code).toBe('OPTION_INVALID');
	});
});
