import {afterAll, beforeAll, describe, expect, it} from 'vitest';

import {openModelStore} from '../../../src/cli/open-model-store.js';
import type {RouterEvent} from '../../../src/core/engine/router/router-event.js';
import {openChildReplica} from '../../../src/core/engine/transport/child-replica.js';
import {findBrokenRules} from '../../../src/core/engine/testing/event-rules.js';
import {systemClock} from '../../../src/core/util/clock.js';
import {createDeferred} from '../../../src/core/util/deferred.js';
import {DEFAULT_SERVER_SETTINGS} from '../../../src/server/default-server-settings.js';
import type {ModelHost} from '../../../src/server/models/model-host.js';
import {openModelHost} from '../../../src/server/models/open-model-host.js';
import {createSessionHost} from '../../../src/server/sessions/create-session-host.js';
import type {HostedEvent, SessionHost} from '../../../src/server/sessions/session-host.js';
import {openScriptedModelHost} from '../../../src/server/testing/scripted-model-host.js';
import {ensureDefaultModel, testHome} from '../../helpers/default-model.js';
import {follow, isOfEngine, sessionsOfReplicas, textOf} from '../../helpers/hosted.js';
import {readClip} from '../../helpers/read-clip.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {scriptedReplica} from '../../helpers/scripted-replica.js';
import {describeWithShared} from '../../helpers/shared.js';
import {describeWithWhisperBase} from '../../helpers/whisper-base.js';

const BLOCK_SAMPLES = 1600;

/** Writes audio in tenths of a second. */
async function play(
	session: {write(samples: Float32Array): Promise<void>},
	audio: Float32Array,
	beforeBlock: (sample: number) => void = () => undefined,
): Promise<void> {
	for (let sample = 0; sample < audio.length; sample += BLOCK_SAMPLES) {
		beforeBlock(sample);
		await session.write(audio.slice(sample, sample + BLOCK_SAMPLES));
	}
}

describeWithShared('hosted sessions', () =>
	describeWithWhisperBase('whisper-base in a process', () => {
		const settings = {...DEFAULT_SERVER_SETTINGS, workers: 1};
		const events: RouterEvent[] = [];
		let models: ModelHost;
		let host: SessionHost;
		let audio: Float32Array;

		beforeAll(async () => {
			await ensureDefaultModel();
			audio = await readClip('audio/dev/en_jfk.flac');
			models = await openModelHost({
				store: openModelStore({env: {...process.env, INFINISST_HOME: testHome}, cwd: process.cwd()}),
				settings: () => settings,
				onEvent: event => events.push(event),
			});
			host = createSessionHost({models, settings: () => settings, clock: systemClock});
		}, 300_000);

		afterAll(() => host.destroy());

		it('is loaded in the background, while sessions wait for it already', async () => {
			expect(models.models().find(({name}) => name === 'whisper-base')!.state).toBe('loading');
			const opened = follow(
				host.open({id: 'first', door: 'stream', options: {sourceLanguage: 'en', targets: ['same']}}),
			);
			expect(opened.session.progress.status).toBe('initializing');
			expect(models.choose({sourceLanguage: 'en', targets: ['same']}).name).toBe('whisper-base');
			await play(opened.session, audio);
			opened.session.flush();
			await opened.until('stretch-ended');
			expect(opened.session.text('same').final.toLowerCase()).toContain('what you can do for your country');
			expect(opened.events.flatMap(event => (event.type === 'progress' ? [event.status] : [])).at(-1)).toBe(
				'active',
			);

			const said = opened.session.text('same').final;
			opened.session.reset();
			expect(opened.session.text('same').final).toBe('');
			await play(opened.session, audio);
			opened.session.flush();
			const again = createDeferred<HostedEvent>();
			opened.session.subscribe(event => {
				if (event.type === 'stretch-ended') again.resolve(event);
			});
			await again.promise;
			expect(opened.session.text('same').final.toLowerCase()).toContain('what you can do for your country');
			expect(said).not.toBe('');
			const reset = opened.events.findIndex(({type}) => type === 'session-reset');
			const ofEngine = opened.events.slice(reset + 1).filter(isOfEngine);
			expect(findBrokenRules(ofEngine, {isCut: true})).toEqual([]);

			expect(await sessionsOfReplicas(models)).toEqual(['first #2']);
			opened.session.destroy();
			// The next question is answered after the session was destroyed.
			expect(await sessionsOfReplicas(models)).toEqual([]);
			expect(opened.events.at(-1)!.type).toBe('session-closed');
			expect(events).toEqual([{type: 'replica-started', id: 'replica-1'}]);
		});

		it('can do what its card says, and the catalogue more', () => {
			const pairs = models.pairs();
			const find = (source: string, target: string) =>
				pairs.find(pair => pair.source === source && pair.target === target);
			expect(find('de', 'en')).toEqual({
				source: 'de',
				target: 'en',
				state: 'loaded',
				model: 'whisper-base',
				downloadBytes: 0,
			});
			expect(find('it', 'same')).toMatchObject({state: 'loaded'});
			expect(find('yue', 'same')).toMatchObject({state: 'needs_download', model: 'whisper-large-v3'});
			expect(find('yue', 'same')!.downloadBytes).toBeGreaterThan(1e9);
			expect(find('en', 'zh')).toMatchObject({
				state: 'needs_download',
				model: 'whisper-base+opus-mt-en-zh',
				downloadBytes: 113_000_000,
			});
			expect(() => models.choose({sourceLanguage: 'en', targets: ['la']})).toThrow(
				'No model here translates English into Latin',
			);
		});

		it('prepares graphs for others', async () => {
			expect(await models.graphs('whisper-base')).toContain('int8');
		});

		it('is unloaded with the host', async () => {
			await host.close(new AbortController().signal);
			expect(models.routers().size).toBe(0);
			expect(events.filter(({type}) => type === 'replica-lost')).toEqual([]);
		});
	}),
);

describe('hosted sessions over processes', () => {
	it('say what they would have said when a process is killed under them', async () => {
		const audio = scriptedAudio(60);
		const say = async (killAtSample: number): Promise<{text: string; failovers: number}> => {
			const processIds = new Map<string, number>();
			const models = await openScriptedModelHost({
				replicas: 2,
				startReplica: ({id, signal}) =>
					openChildReplica(scriptedReplica({id, stepCostMs: 5}), {
						id,
						signal,
						onStart: processId => processIds.set(id, processId),
					}),
			});
			const host = createSessionHost({
				models,
				settings: () => DEFAULT_SERVER_SETTINGS,
				clock: systemClock,
			});
			const opened = ['one', 'two'].map(id =>
				follow(host.open({id, door: 'stream', options: {sourceLanguage: 'en', targets: ['same', 'de']}})),
			);
			await Promise.all(
				opened.map(({session}, index) =>
					play(session, audio, sample => {
						if (index === 0 && sample === killAtSample) process.kill(processIds.get('replica-1')!, 'SIGKILL');
					}),
				),
			);
			for (const {session} of opened) session.end();
			await Promise.all(opened.map(({until}) => until('session-closed')));
			const {failovers} = models.routers().get('scripted')!.routerStatistics();
			await host.close(new AbortController().signal);
			const texts = opened.map(({events}) => {
				expect(events.at(-1)).toEqual({type: 'session-closed', cause: undefined});
				return textOf(events, 'de');
			});
			return {text: texts.join('|'), failovers};
		};
		const undisturbed = await say(-1);
		const disturbed = await say(BLOCK_SAMPLES * 150);
		expect(disturbed.text).toBe(undisturbed.text);
		expect([undisturbed.failovers, disturbed.failovers]).toEqual([0, 1]);
		expect(undisturbed.text.length).toBeGreaterThan(1000);
	});
});
