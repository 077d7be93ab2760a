import {describe, expect, it} from 'vitest';
import {DEFAULT_BATCH_SETTINGS} from '../../../../src/core/engine/batch-settings.js';
import {InfinisstError} from '../../../../src/core/errors.js';
import type {HostedModel} from '../../../../src/server/models/model-host.js';
import {openScriptedModelHost} from '../../../../src/server/testing/scripted-model-host.js';
import {catchRejection} from '../../../helpers/catch-rejection.js';
import {FakeClock} from '../../../helpers/fake-clock.js';
import {settle} from '../../../helpers/hosted.js';

const slow = {name: 'slow', isLoaded: false, isInstalled: false};

describe('ModelShelf', () => {
	it('loads a model once for all who ask, and tells how that goes on', async () => {
		const host = await openScriptedModelHost({models: [slow], clock: new FakeClock()});
		const told: Partial<HostedModel>[] = [];
		host.watch(({state, activity, fraction}) => told.push({state, activity, fraction}));
		const loads = [host.load('slow'), host.load('slow')];
		await host.showProgress('slow', 'Fetching slow: 1 %', 0.01);
		await host.showProgress('slow', 'Fetching slow: 1 %', 0.012);
		loads.push(host.load('slow'));
		await host.finishLoading('slow');
		const [first, ...others] = await Promise.all(loads);
		expect(others).toEqual([first, first]);
		expect(host.routers().get('slow')).toBe(first);
		expect(await host.load('slow')).toBe(first);
		expect(told).toEqual([
			{state: 'loading', activity: 'Fetching slow: 1 %', fraction: 0.01},
			{state: 'loaded', activity: undefined, fraction: undefined},
		]);
		expect(host.models()[0]).toMatchObject({state: 'loaded', failure: undefined});
		expect(host.pairs()).toContainEqual({
			source: 'de',
			target: 'en',
			state: 'loaded',
			model: 'slow',
			downloadBytes: 0,
		});
		await host.destroy();
	});

	it('tells all who ask why a load failed, and may be asked again', async () => {
		const host = await openScriptedModelHost({models: [slow]});
		const reason = new InfinisstError('DOWNLOAD_FAILED', 'The line is cut');
		const loads = [catchRejection(host.load('slow')), catchRejection(host.load('slow'))];
		await host.failLoading('slow', reason);
		expect(await Promise.all(loads)).toEqual([reason, reason]);
		expect(host.models()[0]).toMatchObject({state: 'failed', failure: reason});
		const again = host.load('slow');
		await host.finishLoading('slow');
		expect((await again).id).toBe('slow');
		await host.destroy();
	});

	it('stops waiting when the signal fires, and loads on for the others', async () => {
		const host = await openScriptedModelHost({models: [slow]});
		const impatient = new AbortController();
		const reason = new InfinisstError('RESOURCE_CLOSED', 'gone');
		const left = catchRejection(host.load('slow', impatient.signal));
		const patient = host.load('slow');
		await settle();
		impatient.abort(reason);
		expect(await left).toBe(reason);
		expect(host.models()[0]!.state).toBe('loading');
		await host.finishLoading('slow');
		expect(await patient).toBe(host.routers().get('slow'));
		await host.destroy();
	});

	it('prepares graphs without starting the model, together with a load', async () => {
		const host = await openScriptedModelHost({models: [slow]});
		const graphs = [host.graphs('slow'), host.graphs('slow')];
		await host.finishLoading('slow');
		expect(new Set(await Promise.all(graphs)).size).toBe(1);
		expect(host.models()[0]!.state).toBe('available');
		const failing = catchRejection(host.graphs('slow'));
		await host.failLoading('slow', new InfinisstError('DISK_FULL', 'full'));
		expect((await failing).code).toBe('DISK_FULL');
		expect(host.models()[0]!.state).toBe('failed');
		const both = [host.graphs('slow'), host.load('slow')];
		await host.finishLoading('slow');
		await Promise.all(both);
		expect(host.models()[0]!.state).toBe('loaded');
		await host.destroy();
	});

	it('names the closest model where there is none', async () => {
		const host = await openScriptedModelHost();
		expect((await catchRejection(host.load('skripted'))).message).toContain('scripted');
		await host.destroy();
	});

	it('configures what is loaded at once and what is loaded later, or nothing', async () => {
		const host = await openScriptedModelHost({models: [{name: 'here'}, slow], replicas: 2});
		const change = {
			batching: {maxBatchSize: 3, batchTimeoutMs: 7},
			loadBalanceStrategy: 'round_robin',
		} as const;
		const expected = {...DEFAULT_BATCH_SETTINGS, maxBatchSize: 3, minBatchSize: 2, batchTimeoutMs: 7};
		expect(await host.configure(change)).toEqual({batching: expected, loadBalanceStrategy: 'round_robin'});
		const loading = host.load('slow');
		await host.finishLoading('slow');
		await loading;
		const wrong = catchRejection(
			host.configure({batching: {maxBatchSize: 0}, loadBalanceStrategy: 'least_loaded'}),
		);
		expect((await wrong).code).toBe('OPTION_INVALID');
		const unknown = catchRejection(host.configure({loadBalanceStrategy: 'fastest' as 'round_robin'}));
		expect((await unknown).code).toBe('OPTION_INVALID');
		for (const router of host.routers().values()) {
			expect(router.routerStatistics().settings.loadBalanceStrategy).toBe('round_robin');
			const replicas = await router.statistics();
			expect(replicas.map(({settings}) => settings)).toEqual([expected, expected]);
		}
		expect(host.engineSettings.batching).toEqual(expected);
		await host.destroy();
	});

	it('gives up what is being loaded when it is closed, and waits for sessions that run', async () => {
		const host = await openScriptedModelHost({models: [{name: 'here'}, slow]});
		const loading = catchRejection(host.load('slow'));
		await settle();
		const session = await host
			.routers()
			.get('here')!
			.openSession({sourceLanguage: 'en', targets: ['same']});
		let isClosed = false;
		const closing = host.close().then(() => (isClosed = true));
		expect((await loading).code).toBe('RESOURCE_CLOSED');
		await settle();
		expect(isClosed).toBe(false);
		session.end();
		await closing;
		expect(host.routers().size).toBe(0);
		expect((await catchRejection(host.load('here'))).code).toBe('RESOURCE_CLOSED');
		await host.close();
		await host.destroy();
	});
});
