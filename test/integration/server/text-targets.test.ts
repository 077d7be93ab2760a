import {join} from 'node:path';
import {describe, expect, it} from 'vitest';

import type {GlossaryEntry} from '../../../src/core/engine/engine.js';
import type {Replica, StartReplica} from '../../../src/core/engine/router/replica-source.js';
import {hearScriptedWord} from '../../../src/core/engine/testing/scripted-words.js';
import {openScriptedChain} from '../../../src/core/engine/testing/open-scripted-chain.js';
import {openChildReplica} from '../../../src/core/engine/transport/child-replica.js';
import {systemClock} from '../../../src/core/util/clock.js';
import type {ServerMessage} from '../../../src/core/session/stream-protocol.js';
import {openStreamArchive} from '../../../src/history/record/stream-archive.js';
import {ask, init, PageSocket, post} from '../../helpers/compatible-client.js';
import {startCuttingProxy, UNCUT} from '../../helpers/cutting-proxy.js';
import {openTestServer} from '../../helpers/open-test-server.js';
import {scriptedAudio} from '../../helpers/scripted-audio.js';
import {scriptedChainReplica} from '../../helpers/scripted-replica.js';
import {
	openRawSocket,
	openRecordedStream,
	startStreamServer,
	textOfStream,
} from '../../helpers/stream-server.js';
import {createStreamThread} from '../../helpers/stream-thread.js';
import {temporaryDirectory} from '../../helpers/temporary-directory.js';

const PAIRS = {en: ['it', 'fr', 'es']};

const MODELS = {
	models: [{name: 'ear+text', sourceLanguages: ['en', 'de'], targets: ['same', 'en', 'it', 'fr', 'es']}],
	startReplica: ({id}: {readonly id: string}) =>
		Promise.resolve<Replica>(openScriptedChain({id: `ear+text/${id}`, pairs: PAIRS})),
};

const SECONDS = 20;

/** The words that are heard in the audio of these tests. */
function heardWords(): string[] {
	const audio = scriptedAudio(SECONDS);
	return Array.from({length: SECONDS * 2}, (_, index) =>
		hearScriptedWord(audio.subarray(index * 8000, (index + 1) * 8000)),
	).filter(word => word !== undefined);
}

/** A text of them, with the translations of a glossary. */
function write(words: readonly string[], target: string, glossary: readonly GlossaryEntry[] = []): string {
	return words
		.map(word => glossary.find(({source}) => source === word)?.target ?? `${word}-${target}`)
		.join(' ');
}

type Final = Extract<ServerMessage, {type: 'final'}>;

function finalsOf(events: readonly ServerMessage[], target: string): Final[] {
	return events.filter((event): event is Final => event.type === 'final' && event.target === target);
}

describe('several targets', () => {
	it('come over /wss as one frame each, with the language before the text', async () => {
		const {url} = await openTestServer({models: MODELS});
		const id = await init(url, {language_pair: 'English -> Italian, French'});
		const page = await new PageSocket(url, id).open();
		await page.play(scriptedAudio(SECONDS));
		await page.finish();
		const texts = page.frames.filter(frame => frame.startsWith('['));
		expect(page.frames.length).toBe(texts.length + 2);
		for (const target of ['it', 'fr']) {
			const own = texts.filter(text => text.startsWith(`[${target}] `));
			expect(own.length).toBeGreaterThan(3);
			for (const [index, text] of own.entries()) expect(text.startsWith(own[index - 1] ?? '')).toBe(true);
			expect(own.at(-1)).toBe(`[${target}] ${write(heardWords(), target)}`);
		}
	});

	it('change nothing for whoever asks for one', async () => {
		const {url} = await openTestServer({models: MODELS});
		const page = await new PageSocket(url, await init(url, {language_pair: 'English -> Italian'})).open();
		await page.play(scriptedAudio(SECONDS));
		expect(await page.finish()).toBe(write(heardWords(), 'it'));
	});

	it('are told again to a socket that takes over', async () => {
		const {url} = await openTestServer({models: MODELS});
		const id = await init(url, {language_pair: 'English -> English, Spanish'});
		const first = await new PageSocket(url, id).open();
		await first.play(scriptedAudio(SECONDS));
		await first.waitFor('[es] ');
		await first.finish();
		await first.leave();
		const second = await new PageSocket(url, id).open();
		await second.play(scriptedAudio(2));
		second.send('EOF');
		await second.waitFor('PROCESSING_COMPLETE:');
		const words = heardWords().slice(0, 4);
		expect(second.frames).toEqual(
			expect.arrayContaining([`[en] ${words.join(' ')}`, `[es] ${write(words, 'es')}`]),
		);
	});

	it('come as a list in JSON, too', async () => {
		const {url, models} = await openTestServer({models: MODELS});
		const list = ['English -> Italian', 'English -> French', 'English -> Italian'];
		const answer = await ask(url, '/init', {json: {language_pair: list}});
		expect(answer['session_id']).toMatch(/^InfiniSST_English -> Italian, English -> French, /);
		const loaded = await ask(url, '/load_model', {json: {language_pair: 'English -> Italian, French'}});
		expect(loaded).toMatchObject({success: true, message: 'ear+text is loaded'});
		expect(models.models().length).toBe(1);
	});

	it.each([
		['English -> Italian, Klingon', 'Klingon'],
		['English -> Italian,', 'language'],
		['English -> Italian, German -> French', 'contradict'],
		[`English -> ${'Italian, '.repeat(20)}French`, '20 languages at most'],
		['English -> Italian, Japanese', 'Japanese'],
	])('are refused as %s', async (languagePair, words) => {
		const {url} = await openTestServer({models: MODELS});
		const answer = await ask(url, '/init', {json: {language_pair: languagePair}});
		expect(answer).toMatchObject({success: false, error: expect.stringContaining(words) as string});
	});

	it('are no list of numbers', async () => {
		const {url} = await openTestServer({models: MODELS});
		for (const language_pair of [[5], [], 5]) {
			expect((await post(url, '/init', {json: {language_pair}})).status).toBe(422);
		}
	});

	it('have no delays: those are of one text', async () => {
		const {url} = await openTestServer({models: MODELS});
		const query = {language_pair: 'English -> Italian, French'};
		expect(await ask(url, '/init', {query: {...query, evaluation_mode: true}})).toMatchObject({
			success: false,
			error: expect.stringContaining('one target') as string,
		});
		const session_id = await init(url, query);
		expect(await ask(url, '/enable_evaluation_mode', {query: {session_id}})).toMatchObject({
			success: false,
			error: expect.stringContaining('one target') as string,
		});
	});

	it('have finals and segments of their own on a stream, whose words have their place in the audio', async () => {
		const {url} = await startStreamServer(MODELS);
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it,fr,same', words: 'true'});
		await client.write(scriptedAudio(SECONDS));
		client.end();
		await client.done;
		const heard = heardWords();
		const spoken = finalsOf(events, 'same').flatMap(({words = []}) => words);
		expect(spoken.map(({text}) => text.trim())).toEqual(heard);
		for (const target of ['it', 'fr']) {
			const finals = finalsOf(events, target);
			expect(textOfStream(events, target).trim()).toBe(write(heard, target));
			expect(new Set(finals.map(({segment}) => segment)).size).toBeGreaterThan(1);
			const words = finals.flatMap(final => final.words ?? []);
			expect(words.map(({text}) => text.trim())).toEqual(heard.map(word => `${word}-${target}`));
			expect(words.map(({start_ms, end_ms}) => [start_ms, end_ms])).toEqual(
				spoken.map(({start_ms, end_ms}) => [start_ms, end_ms]),
			);
			const sources = finals.map(({source_text = ''}) => source_text.trim()).filter(text => text !== '');
			expect(sources.join(' ')).toBe(heard.join(' '));
		}
	});
});

describe('a glossary', () => {
	const [first = '', second = ''] = heardWords().slice(-4);
	const GLOSSARY = [
		{source: first, target: 'prima'},
		{source: second, target: 'seconda'},
	];
	const middle = (SECONDS / 2) * 16_000;
	const expected = write(heardWords(), 'it', GLOSSARY);

	it('holds for what is said after it, is answered, and can be taken back', async () => {
		const {url} = await startStreamServer(MODELS);
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it'});
		const audio = scriptedAudio(SECONDS);
		await client.write(audio.slice(0, middle));
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(middle));
		client.flush();
		client.changeGlossary([]);
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		const updated = events.filter(({type}) => type === 'session.updated');
		expect(updated).toMatchObject([
			{latency_multiplier: 2, glossary_terms: 2},
			{latency_multiplier: 2, glossary_terms: 0},
		]);
		const again = heardWords().slice(heardWords().length / 2);
		expect(textOfStream(events, 'it').trim()).toBe(`${expected} ${write(again, 'it')}`);
		expect(expected).toContain('prima seconda');
	});

	it('may come right behind session.created, with a latency', async () => {
		const {url} = await startStreamServer(MODELS);
		const raw = openRawSocket(`${url}?source=en&target=it`);
		await raw.until('session.created');
		raw.socket.send(JSON.stringify({type: 'session.update', glossary: GLOSSARY, latency_multiplier: 1}));
		expect(await raw.until('session.updated')).toMatchObject({latency_multiplier: 1, glossary_terms: 2});
		raw.socket.send(Buffer.from(scriptedAudio(SECONDS).buffer));
		raw.socket.send(JSON.stringify({type: 'end'}));
		await raw.until('done');
		expect(textOfStream(raw.messages, 'it').trim()).toBe(expected);
	});

	it('is refused without effect when it is wrong, or one too many', async () => {
		const {url} = await startStreamServer(MODELS);
		const raw = openRawSocket(`${url}?source=en&target=it`);
		await raw.until('session.created');
		const send = (glossary: unknown): void =>
			raw.socket.send(JSON.stringify({type: 'session.update', glossary}));
		send([{source: first}]);
		send(GLOSSARY);
		// 800 KB of 4 MiB each.
		const large = Array.from({length: 8000}, (_, index) => ({
			source: `${index}`.padEnd(99, '-'),
			target: 't',
		}));
		for (let count = 0; count < 6; count++) send(large);
		raw.socket.send(JSON.stringify({type: 'end'}));
		await raw.until('done');
		const told = raw.messages.filter(({type}) => type === 'session.updated' || type === 'error');
		expect(told).toMatchObject([
			{type: 'error', fatal: false, code: 'OPTION_INVALID'},
			{type: 'session.updated', glossary_terms: 2},
			...Array.from({length: 5}, () => ({type: 'session.updated', glossary_terms: 8000})),
			{type: 'error', fatal: false, code: 'LIMIT_EXCEEDED'},
		]);
	});

	it('goes with the session when its process is killed', async () => {
		const processes: number[] = [];
		const startReplica: StartReplica = ({id, signal}) =>
			openChildReplica(scriptedChainReplica({id, pairs: PAIRS}), {
				id,
				signal,
				clock: systemClock,
				onStart: processId => processes.push(processId),
			});
		const {url} = await startStreamServer({...MODELS, startReplica});
		const {client, events} = openRecordedStream(url, {source: 'en', target: 'it', latency_multiplier: '4'});
		const audio = scriptedAudio(SECONDS);
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(0, middle));
		// Whoever goes on is not told of it again: it lies before the checkpoint.
		client.flush();
		await untilEvent(events, 'flushed');
		process.kill(processes[0]!, 'SIGKILL');
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		expect(processes.length).toBe(2);
		expect(textOfStream(events, 'it').trim()).toBe(expected);
	});

	it('is there again after the server was killed, and is counted once', async () => {
		const path = join(await temporaryDirectory(), 'history.db');
		const before = await startKept(path);
		const proxy = await startCuttingProxy(before.port, () => UNCUT);
		const {client, events} = openRecordedStream(
			`ws://127.0.0.1:${proxy.port}/v1/stream`,
			{source: 'en', target: 'it'},
			{retryDelayMs: () => 0, maxAttempts: Infinity},
		);
		const audio = scriptedAudio(SECONDS);
		client.changeLatency(1);
		client.changeGlossary(GLOSSARY);
		await client.write(audio.slice(0, middle));
		client.flush();
		await untilEvent(events, 'flushed');
		proxy.aim(1);
		before.kill();
		const after = await startKept(path);
		proxy.aim(after.port);
		await client.write(audio.slice(middle));
		client.end();
		await client.done;
		expect(textOfStream(events, 'it').trim()).toBe(expected);
		expect(events.filter(({type}) => type === 'session.updated').length).toBe(2);
	});
});

/** A server whose archive nothing is written to any more once it was killed. */
async function startKept(path: string) {
	const thread = createStreamThread();
	const archive = await openStreamArchive({path, openThread: thread.openThread});
	const server = await startStreamServer({...MODELS, archive});
	return {...server, kill: () => thread.kill()};
}

async function untilEvent(events: readonly ServerMessage[], wanted: ServerMessage['type']): Promise<void> {
	while (!events.some(({type}) => type === wanted)) await new Promise(resolve => setImmediate(resolve));
}
