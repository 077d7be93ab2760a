import {once} from 'node:events';
import {expect, it} from 'vitest';

import {ask, init, PageSocket} from '../../helpers/compatible-client.js';
import {FakeClock} from '../../helpers/fake-clock.js';
import {settle} from '../../helpers/hosted.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';

/** What a session says to audio that nothing disturbs. */
async function undisturbed(url: string, samples: Float32Array): Promise<string> {
	const page = await new PageSocket(url, await init(url)).open();
	await page.play(samples);
	const text = await page.finish();
	await page.leave();
	return text;
}

it('is closed with 4000 for an unknown session', async () => {
	const {url} = await openTestServer();
	const page = new PageSocket(url, 'no -> body_17');
	expect(await page.closed.promise).toEqual({code: 4000, reason: 'Invalid session ID'});
	expect(page.frames).toEqual([]);
});

it('says READY, then the whole text after each update, each beginning with the one before', async () => {
	const {url} = await openTestServer();
	const page = await new PageSocket(url, await init(url)).open();
	await page.waitFor('READY:');
	await page.play(scriptedAudio(20));
	const text = await page.finish();
	const texts = page.frames.slice(1, -1);
	expect(page.frames[0]).toMatch(/^READY: /);
	expect(page.frames.at(-1)).toMatch(/^PROCESSING_COMPLETE: /);
	expect(texts.length).toBeGreaterThan(3);
	for (const [index, frame] of texts.entries()) expect(frame.startsWith(texts[index - 1] ?? '')).toBe(true);
	expect(texts.at(-1)).toBe(text);
	expect(text.split(' ').length).toBe(32);
});

it('says PROCESSING_COMPLETE only when everything was translated, however long that takes', async () => {
	const clock = new FakeClock();
	const {url} = await openTestServer({clock, models: {engine: {stepCostMs: 1000}}});
	const page = await new PageSocket(url, await init(url)).open();
	await page.play(scriptedAudio(4));
	page.send('EOF');
	await page.waitFor('READY:');
	await settle();
	expect(page.frames.length).toBe(1);
	for (let step = 0; step < 20 && !page.frames.at(-1)!.startsWith('PROCESSING'); step++) {
		await settle();
		clock.advance(1000);
		await new Promise(resolve => setImmediate(resolve));
	}
	await page.waitFor('PROCESSING_COMPLETE:');
	expect(page.text.split(' ').length).toBe(8);
});

it('begins a new text after an end of file, and answers one that nothing was said before', async () => {
	const {url} = await openTestServer();
	const page = await new PageSocket(url, await init(url)).open();
	page.send('EOF');
	await page.waitFor('PROCESSING_COMPLETE:');
	expect(page.text).toBe('');
	await page.play(scriptedAudio(3));
	const first = await page.finish();
	await page.play(scriptedAudio(3, 2));
	const second = await page.finish();
	expect(first.split(' ').length).toBe(6);
	expect(second.split(' ').length).toBe(6);
	expect(second).not.toContain(first.split(' ')[0]);
});

it('says INITIALIZING while the model is loaded, keeps the audio, then READY', async () => {
	const {url, models} = await openTestServer({models: {models: [{name: 'scripted', isLoaded: false}]}});
	const page = await new PageSocket(url, await init(url)).open();
	await page.play(scriptedAudio(4));
	await page.waitFor('INITIALIZING: ');
	await models.showProgress('scripted', 'Fetching scripted: 45 %', 0.45);
	await page.waitFor('INITIALIZING: Fetching scripted: 45 %');
	await models.finishLoading('scripted');
	await page.waitFor('READY: ');
	expect((await page.finish()).split(' ').length).toBe(8);
});

it('says how it stands in line', async () => {
	const {url} = await openTestServer({settings: {limits: {maxSessions: 1}}});
	const first = await init(url);
	const page = await new PageSocket(url, await init(url)).open();
	await page.waitFor('INITIALIZING: Waiting for a place, position 1');
	await ask(url, '/delete_session', {query: {session_id: first}});
	await page.waitFor('READY: ');
});

it('answers what it cannot take with ERROR, counts it, and goes on as if it had not come', async () => {
	const server = await openTestServer();
	const {url} = server;
	const samples = scriptedAudio(6);
	const expected = await undisturbed(url, samples);
	const page = await new PageSocket(url, await init(url)).open();
	await page.waitFor('READY:');
	await page.play(samples.subarray(0, 40_000));
	page.send(new Uint8Array(4097));
	await page.sendSamples(Float32Array.from([0, NaN]));
	await page.sendSamples(Float32Array.from([Infinity]));
	await page.sendSamples(Float32Array.from([20_000]));
	page.send('hello');
	page.send('LATENCY:9');
	await page.play(samples.subarray(40_000));
	expect(await page.finish()).toBe(expected);
	const errors = page.frames.filter(frame => frame.startsWith('ERROR: '));
	expect(errors).toEqual([
		expect.stringContaining('4097'),
		expect.stringContaining('no number'),
		expect.stringContaining('no number'),
		expect.stringContaining('32768'),
		expect.stringContaining('no command'),
		expect.stringContaining('1 to 4'),
	]);
	expect(await server.figure('infinisst_refused_total{reason="audio"}')).toBe(4);
	expect(await server.figure('infinisst_refused_total{reason="frame"}')).toBe(2);
});

it('changes the latency', async () => {
	const {url, parts} = await openTestServer();
	const id = await init(url);
	const page = await new PageSocket(url, id).open();
	page.send('LATENCY:4');
	await page.waitFor('LATENCY_UPDATED: Set to 4');
	expect(parts.sessions.find(id)!.options.latencyMultiplier).toBe(4);
});

it('gives the session to the newest socket', async () => {
	const {url} = await openTestServer();
	const samples = scriptedAudio(8);
	const expected = await undisturbed(url, samples);
	const id = await init(url);
	const first = await new PageSocket(url, id).open();
	await first.play(samples.subarray(0, 64_000));
	await first.waitFor('READY:');
	const second = await new PageSocket(url, id).open();
	expect(await first.closed.promise).toEqual({code: 4001, reason: 'Replaced'});
	await second.waitFor('READY:');
	await second.play(samples.subarray(64_000));
	expect(await second.finish()).toBe(expected);
});

it('tells who comes back the text so far, and a completion that nobody heard', async () => {
	const {url, parts} = await openTestServer();
	const id = await init(url);
	const page = await new PageSocket(url, id).open();
	await page.play(scriptedAudio(4));
	page.send('EOF');
	page.socket.terminate();
	await expect.poll(() => parts.sessions.find(id)!.text('de').final.split(' ').length).toBe(9);
	const second = await new PageSocket(url, id).open();
	await second.waitFor('PROCESSING_COMPLETE:');
	expect(second.frames.map(frame => frame.split(' ')[0])).toEqual([
		'READY:',
		second.text.split(' ')[0],
		'PROCESSING_COMPLETE:',
	]);
	expect(second.text.split(' ').length).toBe(8);
	await second.leave();
	// Now it was heard: only the text is told.
	const third = await new PageSocket(url, id).open();
	await third.waitFor(second.text);
	expect(third.frames.length).toBe(2);
});

it('forgets text and audio with a reset, and begins anew', async () => {
	const {url, parts} = await openTestServer();
	const samples = scriptedAudio(4, 7);
	const expected = await undisturbed(url, samples);
	const id = await init(url);
	const page = await new PageSocket(url, id).open();
	await page.play(scriptedAudio(6));
	await expect.poll(() => parts.sessions.find(id)!.audioMs).toBe(6000);
	const answer = await ask(url, '/reset_translation', {query: {session_id: id}});
	expect(answer).toMatchObject({success: true, status: 'success', session_type: 'InfiniSST'});
	await page.play(samples);
	expect(await page.finish()).toBe(expected);
});

it('lets the sender wait instead of keeping what comes faster than it is translated', async () => {
	const clock = new FakeClock();
	const {url, parts} = await openTestServer({clock, models: {engine: {stepCostMs: 1_000_000}}});
	const id = await init(url);
	const page = await new PageSocket(url, id).open();
	const second = new Float32Array(16_000).fill(0.1);
	// Half an hour, 115 MB.
	for (let index = 0; index < 1800; index++) void page.sendSamples(second).catch(() => undefined);
	let before = -1;
	await expect
		.poll(
			() => {
				const now = page.socket.bufferedAmount;
				const isStill = now === before;
				before = now;
				return isStill;
			},
			{interval: 300},
		)
		.toBe(true);
	expect(page.socket.bufferedAmount).toBeGreaterThan(90_000_000);
	expect(parts.sessions.find(id)!.audioMs).toBeLessThan(60_000);
});

it('does not fill its memory with answers that nobody reads', async () => {
	const server = await openTestServer();
	const {url} = server;
	const page = await new PageSocket(url, await init(url)).open();
	await page.waitFor('READY:');
	page.socket.pause();
	const count = 200_000;
	for (let index = 0; index < count; index++) page.socket.send('?');
	const refusedSoFar = async (): Promise<number> =>
		(await server.figure('infinisst_refused_total{reason="frame"}')) ?? 0;
	let before = -1;
	await expect
		.poll(
			async () => {
				const now = await refusedSoFar();
				const isStill = now > 0 && now === before;
				before = now;
				return isStill;
			},
			{interval: 300},
		)
		.toBe(true);
	expect(before).toBeLessThan(count);
	page.socket.resume();
	await expect.poll(() => page.frames.length - 1, {timeout: 20_000}).toBe(count);
}, 40_000);

it('translates what was buffered when the server is shut down, then closes with 1001', async () => {
	const server = await openTestServer();
	const samples = scriptedAudio(8);
	const expected = await undisturbed(server.url, samples);
	const id = await init(server.url);
	const page = await new PageSocket(server.url, id).open();
	await page.play(samples);
	await expect.poll(() => server.parts.sessions.find(id)!.audioMs).toBe(8000);
	await server.close();
	expect((await page.closed.promise).code).toBe(1001);
	expect(page.text).toBe(expected);
});

it('closes a socket over which nothing comes', async () => {
	const clock = new FakeClock();
	const {url} = await openTestServer({clock, settings: {limits: {idleSocketMs: 60_000}}});
	const id = await init(url);
	const [silent, speaking] = [
		await new PageSocket(url, id).open(),
		await new PageSocket(url, await init(url)).open(),
	];
	await Promise.all([silent.waitFor('READY:'), speaking.waitFor('READY:')]);
	speaking.send('LATENCY:1');
	await speaking.waitFor('LATENCY_UPDATED:');
	clock.advance(60_000);
	expect((await silent.closed.promise).code).toBe(1008);
	speaking.socket.ping();
	await once(speaking.socket, 'pong');
});
